"""What a site can choose about sampling. Plain data; every time is in microseconds."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
WHOLE_PERMILLE = 1000

SharingRule: TypeAlias = Literal["reserved", "active_blend", "dominant"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How time is cut and shared out. Raises ValueError for a grid that minutes do not fit."""

    node: str
    interval_us: int = 10 * SECOND_US  # a divisor of the minute, so that the grid meets windows
    sharing: SharingRule = "reserved"
    even_permille: int = 500  # of active_blend: the part that all holders share evenly
    longest_gap_us: int = HOUR_US  # of time nobody watched that is still told of
    purchase_option: str | None = None

    def __post_init__(self) -> None:
        if self.interval_us <= 0 or MINUTE_US % self.interval_us:
            raise ValueError(f"expected a divisor of a minute, got {self.interval_us} us")
        if not 0 <= self.even_permille <= WHOLE_PERMILLE:
            raise ValueError(f"expected 0 to 1000 permille, got {self.even_permille}")

    def edge_after(self, at_us: int) -> int:
        """Return the first edge of the grid after an instant.

        >>> Terms(node="a").edge_after(19_999_999), Terms(node="a").edge_after(20_000_000)
        (20000000, 30000000)
        """
        return (at_us // self.interval_us + 1) * self.interval_us

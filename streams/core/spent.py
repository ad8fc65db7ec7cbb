"""What lines of a stretch of time say was used and spent, summed."""

from typing import NamedTuple

from streams.core.lines import Money
from streams.core.meters import CALL_PREFIX
from streams.core.time_lines import HELD, USED

USAGE_KINDS = frozenset({USED, HELD, "unpriced"})
USAGE_PREFIXES = ("tokens.", CALL_PREFIX, "resource.")


class Spent(NamedTuple):
    """Lines of one payer, pool and meter: 1e-12 of the unit, and pico."""

    tenant: str
    pool: str
    kind: str
    meter: str
    unit: str
    quantity: int
    cost: int
    listed: int
    billed: int

    @property
    def money(self) -> Money:
        """What was spent."""
        return Money(self.cost, self.listed, self.billed)

    @property
    def is_usage(self) -> bool:
        """Whether somebody used something, not a share of what others did or nobody."""
        return self.kind in USAGE_KINDS or self.kind.startswith(USAGE_PREFIXES)

"""What is worth an alert: rules by tenant and kind, as a catalog has them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from streams.core.money import PICO
from streams.core.timeline import FOREVER, WEEK_US

ANY: Final = ("*",)
MIN_PER_HOUR: Final = 10 * PICO
MIN_TOTAL: Final = 2 * PICO
CRITICAL_PER_HOUR: Final = 100 * PICO
LINK_NAMES: Final = frozenset(
    {"tenant", "model", "pool", "kind", "alert_id", "since_ms", "until_ms"}
)


@dataclass(frozen=True, slots=True)
class LinkTemplate:
    """An address with names of what an alert is about in braces: some of LINK_NAMES."""

    title: str
    url: str

    def __str__(self) -> str:
        return f"{self.title} {self.url}"


@dataclass(frozen=True, slots=True)
class WeekHours:
    """Stretches of a week, half-open, as microseconds of `timeline`. None: always."""

    stretches: tuple[tuple[int, int], ...] = ()
    said: str = ""

    def __str__(self) -> str:
        return self.said

    def holds(self, at_us: int) -> bool:
        """Whether an instant is in one of them."""
        week_us = at_us % WEEK_US
        return not self.stretches or any(a <= week_us < b for a, b in self.stretches)


ALWAYS: Final = WeekHours()


@dataclass(frozen=True, slots=True)
class AlertRule:
    """From which extra cost on something is said, in pico of whatever currency it costs.

    `tenants` are globs of the tenant or of any above it. The first rule of a catalog that fits an
    alert holds.
    """

    name: str
    tenants: tuple[str, ...] = ANY
    kinds: tuple[str, ...] = ANY
    hours: WeekHours = ALWAYS
    muted: bool = False
    min_per_hour: int = MIN_PER_HOUR
    min_total: int = MIN_TOTAL
    critical_per_hour: int = CRITICAL_PER_HOUR
    links: tuple[LinkTemplate, ...] = ()
    from_us: int = 0
    to_us: int = FOREVER

    def fits(self, tenants: Sequence[str], kind: str) -> bool:
        """Whether it is for alerts of a tenant; `tenants`: that one and those above it."""
        return any(fnmatchcase(name, glob) for name in tenants for glob in self.tenants) and any(
            fnmatchcase(kind, glob) for glob in self.kinds
        )


USUAL: Final = AlertRule("")


def first_rule(rules: Iterable[AlertRule], at_us: int) -> AlertRule:
    """Return the first of the rules that fit which holds at that hour, else the usual one.

    >>> night = AlertRule("night", hours=WeekHours(((0, 3_600_000_000),)), muted=True)
    >>> first_rule([night], 5).muted, first_rule([night], 3_600_000_000) is USUAL
    (True, True)
    """
    return next((each for each in rules if each.hours.holds(at_us)), USUAL)

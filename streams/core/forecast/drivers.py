"""What is known of the future and not in the past: a tenant that comes, one that goes, a price.

Only what is yet to come counts: as much of a driver as is in force already shows in what was spent,
which the forecast has learned from.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from streams.core.money import PICO
from streams.core.timeline import FOREVER
from streams.core.windows import DAY_US, HOUR_US


@dataclass(frozen=True, slots=True)
class Driver:
    """A declared change from an instant until another: so much a day more, or a factor.

    Of a tenant, of a pool, or of everybody; `per_day` is pico. It grows evenly over `ramp_us` from
    nothing to all of it. A factor of zero is a retirement.
    """

    name: str
    tenant: str | None = None
    pool: str | None = None
    per_day: int | None = None
    currency: str | None = None
    factor: Fraction | None = None
    ramp_us: int = 0
    from_us: int = 0
    to_us: int = FOREVER

    def part(self, at_us: int) -> float:
        """Return how much of it is in force at an instant, 0..1."""
        if not self.from_us <= at_us < self.to_us:
            return 0.0
        return min(1.0, (at_us - self.from_us) / self.ramp_us) if self.ramp_us else 1.0

    def times(self, at_us: int, seen_us: int) -> float:
        """Return what a cost at an instant is multiplied by, where another was seen last."""
        if self.factor is None:
            return 1.0
        beyond = float(self.factor) - 1
        known = 1 + beyond * self.part(seen_us)
        return (1 + beyond * self.part(at_us)) / known if known else 1.0

    def more(self, at_us: int, seen_us: int) -> float:
        """Return what an hour at an instant costs more, in currency; as `times`."""
        if self.per_day is None:
            return 0.0
        hourly = self.per_day / PICO * HOUR_US / DAY_US
        return hourly * (self.part(at_us) - self.part(seen_us))


@dataclass(frozen=True, slots=True)
class Driven:
    """What each driver makes of a path, in currency, and what all of it is multiplied by."""

    parts: tuple[tuple[Driver, float], ...]
    times: float


def driven(path: Sequence[float], drivers: Sequence[Driver], hours: range, seen_us: int) -> Driven:
    """Return what drivers make of hours since the epoch: factors first, in their order."""
    instants = [hour * HOUR_US + HOUR_US // 2 for hour in hours]  # the middle stands for the hour
    said, parts = list(path), []
    for each in drivers:
        if each.factor is not None:
            before = sum(said)
            factors = [each.times(at_us, seen_us) for at_us in instants]
            said = [value * factor for value, factor in zip(said, factors, strict=True)]
            parts.append((each, sum(said) - before))
    whole = sum(path)
    times = sum(said) / whole if whole else 1.0
    parts += [
        (each, sum(each.more(at_us, seen_us) for at_us in instants))
        for each in drivers
        if each.per_day is not None
    ]
    return Driven(tuple(parts), times)

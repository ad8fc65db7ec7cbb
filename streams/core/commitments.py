"""Reserved capacity of a provider's API: paid by the hour, whether it is used or not.

Its time is usage like any other: a resource of kind `commitment:<provider>`, whose sku is the name
of the commitment, which is metered into the pool of the usage it is for.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from streams.core.catalog import COMMITMENT_KIND
from streams.core.price import Price
from streams.core.sums import Key, MeterKey
from streams.core.windows import HOUR_US

HOURS = "Hours"
METER_PREFIX = f"resource.{COMMITMENT_KIND}"
PRODUCER = "accrual:"  # and the name
PER_MILLION = 10**6


@dataclass(frozen=True, slots=True)
class Commitment:
    """Capacity bought ahead. `models` are globs.

    `weights`: work of a unit of each meter that draws on it, in thousandths. `per_hour`: work it
    covers an hour, in the same thousandths. `rate`: pico an hour.
    """

    name: str
    provider: str
    models: tuple[str, ...]
    weights: tuple[tuple[str, int], ...]
    per_hour: int
    rate: int
    from_us: int
    to_us: int
    source: str

    @property
    def kind(self) -> str:
        """The kind of resource that its time is."""
        return f"{COMMITMENT_KIND}{self.provider}"

    @property
    def producer(self) -> str:
        """The source of the batches that say its time."""
        return f"{PRODUCER}{self.name}"

    @property
    def unit(self) -> str:
        """What its time is counted in."""
        return HOURS

    @property
    def unit_us(self) -> int:
        """How long that is."""
        return HOUR_US

    def weight_of(self, key: Key, meter: MeterKey) -> int | None:
        """Return what a unit of usage draws; None when it does not serve it."""
        if key.provider != self.provider or key.model is None:
            return None
        if not any(fnmatchcase(key.model, glob) for glob in self.models):
            return None
        return dict(self.weights).get(meter.name)

    def price(self) -> Price:
        """Return what an hour of it costs, as the book looks it up."""
        return Price(
            f"{METER_PREFIX}{self.provider}",
            None,
            self.name,
            None,
            HOURS,
            self.rate * PER_MILLION,
            self.from_us,
            self.to_us,
            self.source,
        )


def in_force(commitments: Iterable[Commitment], name: str | None, at_us: int) -> Commitment | None:
    """Return the terms of a commitment for a window that begins at an instant.

    Those in force then, else the first that begin later, perhaps in the window.
    """
    mine = [each for each in commitments if each.name == name and each.to_us > at_us]
    return min(mine, key=lambda each: each.from_us, default=None)

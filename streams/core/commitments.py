"""Reserved capacity of a provider's API: paid by the hour, whether it is used or not."""

from dataclasses import dataclass


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

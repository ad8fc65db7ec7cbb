"""Time long over as series keep it: by the quarter of an hour, not minute by minute."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from streams.core.anomaly.detector import Quarter
from streams.core.series.keys import SeriesKey


class Past(NamedTuple):
    """Some quarters of an hour, in order.

    `stretches`: how many each has that there is any line of, by its begin. `quarters`: what they
    came to in each series; of costs over all stretches, of others over those that have a value.
    """

    stretches: Mapping[int, int]
    quarters: Mapping[SeriesKey, Sequence[Quarter]]

    def of(self, key: SeriesKey) -> Sequence[Quarter]:
        """Return the quarters of a series; of a cost also those in which nothing was spent."""
        found = self.quarters.get(key, ())
        if not key.is_cost or len(found) == len(self.stretches):
            return found
        known = {each.at_us: each for each in found}
        return [
            known.get(at_us) or Quarter(at_us, 0.0, 0.0, count, 0.0)
            for at_us, count in self.stretches.items()
        ]

    def begins(self, period_us: int) -> Iterator[int]:
        """Yield when its stretches began, as if they were the first of their quarter."""
        for at_us, count in self.stretches.items():
            yield from range(at_us, at_us + count * period_us, period_us)

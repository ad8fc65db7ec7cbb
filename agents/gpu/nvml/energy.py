"""The energy counter of one GPU and its epochs. Pure.

Invariant: within one epoch the counter never falls, so differences within an epoch are energy.
"""


class EnergyCounter:
    """Millijoules since the driver was loaded, which may happen again."""

    def __init__(self) -> None:
        self.epoch = 0
        self._last_mj: int | None = None

    def read(self, counter_mj: int | None) -> int | None:
        """Take what the driver says and return it; a fall begins an epoch.

        >>> counter = EnergyCounter()
        >>> [(counter.read(mj), counter.epoch) for mj in (500, 700, None, 100)]
        [(500, 0), (700, 0), (None, 0), (100, 1)]
        """
        if counter_mj is not None:
            if self._last_mj is not None and counter_mj < self._last_mj:
                self.epoch += 1
            self._last_mj = counter_mj
        return counter_mj

    def renew(self) -> None:
        """Begin an epoch: the driver went away, and its counter may have passed the old value."""
        self.epoch += 1
        self._last_mj = None

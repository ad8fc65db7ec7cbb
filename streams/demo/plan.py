"""What day to make up: the few numbers a load depends on."""

from dataclasses import dataclass

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US

MORNING_US = 1_791_270_000 * SECOND_US  # 2026-10-06 07:00 UTC, a Tuesday


@dataclass(frozen=True, slots=True)
class Plan:
    """A load, fully determined by these fields. Defaults make a day of about 210,000 events."""

    seed: int = 1
    start_us: int = MORNING_US
    for_us: int = 12 * 60 * MINUTE_US
    peak_calls_per_s: float = 6.0  # all gateways together, in event time
    flush_us: int = 30 * SECOND_US  # a gateway closes a batch this often
    late_ratio: float = 0.03  # of batches
    duplicate_ratio: float = 0.05  # of batches
    max_delay_us: int = 9 * MINUTE_US  # below the default lateness of ten minutes: none is too late
    fault_every: int = 2_999  # every so many calls of a gateway, one is wrong in some way

    @property
    def end_us(self) -> int:
        """End of the day, exclusive."""
        return self.start_us + self.for_us

    def part(self, at_us: int) -> float:
        """Return how much of the day has passed at an instant, 0..1."""
        return (at_us - self.start_us) / self.for_us

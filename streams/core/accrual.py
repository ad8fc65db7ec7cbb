"""The time of commitments as usage: the same batches whoever makes them, and however often.

A commitment's time is cut into steps from its begin on. Step n is batch n of its source, in an
epoch of its own; nothing in it depends on when or by whom it is made. So several may accrue at once
and any of them be killed: what is there twice counts once.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from schemas.decimals import ONE, to_bytes
from schemas.records import ResourceUsage
from streams.core.commitments import HOURS, Commitment
from streams.core.money import half_even
from streams.core.windows import HOUR_US, MINUTE_US

STEP_US = 3 * MINUTE_US  # 0.05 hours: exact; and over before a window that it touches closes
SOURCE_PREFIX = "accrual:"


@dataclass(frozen=True, slots=True)
class Step:
    """One stretch of a commitment's time. `number` counts from its begin."""

    commitment: Commitment
    number: int

    @property
    def source(self) -> str:
        """The producer it is from."""
        return f"{SOURCE_PREFIX}{self.commitment.name}"

    @property
    def start_us(self) -> int:
        """Its begin."""
        return self.commitment.from_us + self.number * STEP_US

    @property
    def end_us(self) -> int:
        """Its end: that of the commitment, if that is before."""
        return min(self.start_us + STEP_US, self.commitment.to_us)

    def batch(self) -> dict[str, object]:
        """Return it as a batch of usage."""
        return {
            "source": self.source,
            "epoch": self.commitment.from_us,
            "seq": self.number,
            "sent_at_us": self.end_us,
            "losses": [],
            "events": [self.event()],
        }

    def event(self) -> ResourceUsage:
        """Return the time as usage of nobody."""
        return {
            "start_us": self.start_us,
            "end_us": self.end_us,
            "tenant": None,
            "project": None,
            "kind": self.commitment.kind,
            "sku": self.commitment.name,
            "resource_id": None,
            "quantity": to_bytes(half_even((self.end_us - self.start_us) * ONE, HOUR_US)),
            "unit": HOURS,
        }


def due(commitment: Commitment, since_us: int, now_us: int) -> Iterator[Step]:
    """Yield the steps that ended in (since, now], in order."""
    until_us = min(now_us, commitment.to_us)
    number = max(0, (since_us - commitment.from_us) // STEP_US)
    while True:
        step = Step(commitment, number)
        if step.start_us >= commitment.to_us or step.end_us > until_us:
            return
        if step.end_us > since_us:
            yield step
        number += 1

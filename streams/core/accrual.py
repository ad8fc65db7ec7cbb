"""Time that is paid for, as usage: the same batches whoever makes them, and however often.

The time of a commitment, or of a month of a shared cost, is cut into steps from its begin on. Step
n is batch n of its source, in an epoch of its own; nothing in it depends on when or by whom it is
made. So several may accrue at once and any of them be killed: what is there twice counts once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from schemas.decimals import ONE, to_bytes
from schemas.records import ResourceUsage
from streams.core.money import half_even
from streams.core.windows import MINUTE_US

STEP_US = 3 * MINUTE_US  # 0.05 hours: exact; and over before a window that it touches closes


class Accrued(Protocol):
    """What costs by the time from its begin until its end."""

    @property
    def name(self) -> str: ...  # noqa: D102 - the sku
    @property
    def from_us(self) -> int: ...  # noqa: D102 - see the class
    @property
    def to_us(self) -> int: ...  # noqa: D102 - see the class
    @property
    def producer(self) -> str: ...  # noqa: D102 - the source of its batches, of nothing else
    @property
    def kind(self) -> str: ...  # noqa: D102 - of resource
    @property
    def unit(self) -> str: ...  # noqa: D102 - of its quantity
    @property
    def unit_us(self) -> int: ...  # noqa: D102 - how long a unit is


@dataclass(frozen=True, slots=True)
class Step:
    """One stretch of the time. `number` counts from its begin."""

    of: Accrued
    number: int

    @property
    def source(self) -> str:
        """The producer it is from."""
        return self.of.producer

    @property
    def start_us(self) -> int:
        """Its begin."""
        return self.of.from_us + self.number * STEP_US

    @property
    def end_us(self) -> int:
        """Its end: that of the whole, if that is before."""
        return min(self.start_us + STEP_US, self.of.to_us)

    def batch(self) -> dict[str, object]:
        """Return it as a batch of usage."""
        return {
            "source": self.source,
            "epoch": self.of.from_us,
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
            "kind": self.of.kind,
            "sku": self.of.name,
            "resource_id": None,
            "quantity": to_bytes(half_even((self.end_us - self.start_us) * ONE, self.of.unit_us)),
            "unit": self.of.unit,
        }


def due(of: Accrued, since_us: int, now_us: int) -> Iterator[Step]:
    """Yield the steps that ended in (since, now], in order."""
    until_us = min(now_us, of.to_us)
    number = max(0, (since_us - of.from_us) // STEP_US)
    while True:
        step = Step(of, number)
        if step.start_us >= of.to_us or step.end_us > until_us:
            return
        if step.end_us > since_us:
            yield step
        number += 1

"""What a partial log means, read plainly from its beginning: an oracle for `PartitionLog`.

It knows nothing of workers, restarts, acknowledgements or memory.
"""

from dataclasses import dataclass, field
from typing import cast

from schemas.records import Partial
from streams.core.lines import WindowPool
from streams.core.policies import Policies
from tests.builders.drawing import lines
from tests.builders.terms import NOTHING_AGREED
from tests.simulation.broker import CODEC, Message

Batch = tuple[str, int, int]


@dataclass
class Verdict:
    """Which batches each window counts, which came late, and which closes are valid."""

    counted: dict[WindowPool, dict[Batch, Partial]] = field(default_factory=dict)
    late: set[tuple[WindowPool, Batch]] = field(default_factory=set)
    closes: list[int] = field(default_factory=list)
    closed_through_us: int = 0

    def final_lines(self, policies: Policies = NOTHING_AGREED) -> dict[str, bytes]:
        """Return the encoded final lines of every window, by line."""
        partials = [each for batches in self.counted.values() for each in batches.values()]
        return {
            line["line_id"]: CODEC.encode("CostLine", line) for line in lines(partials, policies)
        }


def judge(log: list[Message], lateness_us: int) -> Verdict:
    """Read a whole log."""
    found = Verdict()
    claimant = None
    for offset, (name, record) in enumerate(log):
        if name == "Claim":
            claimant = record["owner"]
        elif name == "Close" and record["owner"] == claimant:
            if record["through_us"] >= found.closed_through_us:
                found.closed_through_us = record["through_us"]
                found.closes.append(offset)
        elif name == "Partial":
            take(found, cast("Partial", record), lateness_us)
    return found


def take(found: Verdict, partial: Partial, lateness_us: int) -> None:
    """Count a partial, or find it late."""
    where = where_of(partial)
    batch = partial["source"], partial["epoch"], partial["seq"]
    if batch in found.counted.get(where, {}):
        return
    if where.end_us + lateness_us <= found.closed_through_us:
        found.late.add((where, batch))
    else:
        found.counted.setdefault(where, {})[batch] = partial


def where_of(partial: Partial) -> WindowPool:
    """Return the window and pool of a partial."""
    return WindowPool(partial["window_start_us"], partial["window_end_us"], partial["pool"])

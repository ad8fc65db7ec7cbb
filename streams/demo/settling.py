"""Whether everything sent has arrived and been settled, and if not, what is missing. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from streams.demo.figures import Lines, Source, Totals
from streams.demo.sends import Send


@dataclass(slots=True)
class Sent:
    """What was sent, each batch once: seqs and events by source."""

    seqs: dict[str, set[int]] = field(default_factory=dict)
    events: dict[str, int] = field(default_factory=dict)

    def count(self, send: Send) -> None:
        """Count a batch unless it was sent before."""
        seqs = self.seqs.setdefault(send.source, set())
        if send.batch["seq"] not in seqs:
            seqs.add(send.batch["seq"])
            events = self.events.get(send.source, 0)
            self.events[send.source] = events + len(send.batch["events"])


def missing(sent: Sent, totals: Totals, sources: Sequence[Source], lines: Lines) -> str | None:
    """Return the first thing still missing, None when everything is settled.

    Every batch is archived once, every event of it archived or a dead letter, every archived event
    on a line or passed on as late, every window final.
    """
    arrived = {source.name: source for source in sources}
    for name, seqs in sent.seqs.items():
        source = arrived.get(name, Source(name, 0, 0, 0))
        if (source.batches, source.events) != (len(seqs), sent.events[name]):
            return (
                f"{name}: expected {len(seqs)} batches of {sent.events[name]} events in the "
                f"archive, got {source.batches} of {source.events}"
            )
    kept = sum(source.events - source.rejected_events for source in sources)
    if totals.events != kept:
        return f"expected {kept} events in the archive, got {totals.events}"
    if lines.counted_events + lines.late_events != kept:
        return f"expected {kept} events on cost lines, got {lines.counted_events}"
    if totals.final_windows != totals.windows:
        return f"expected {totals.windows} final windows, got {totals.final_windows}"
    return None

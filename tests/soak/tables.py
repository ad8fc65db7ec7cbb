"""A soak as tables for people."""

from collections.abc import Iterator

from tests.soak.faults import Faults
from tests.soak.findings import Found
from tests.soak.samples import Samples


def report(minutes: float, totals: Found, audit: Found, faults: Faults, samples: Samples) -> str:
    """Return everything measured, in Markdown."""
    return "\n".join([*outcome(minutes, totals, audit, faults), *memory(samples), *rest(samples)])


def outcome(minutes: float, totals: Found, audit: Found, faults: Faults) -> Iterator[str]:
    """Yield what came out."""
    kinds = ", ".join(f"{count} {what}" for what, count in sorted(faults.done.items()))
    yield f"{minutes:.0f} minutes of load; {sum(faults.done.values())} faults: {kinds}."
    yield ""
    yield "| what | in the end |"
    yield "|---|---|"
    yield f"| events archived | {int(totals['events']):,} |"
    yield f"| windows, every one final or corrected | {int(totals['windows']):,} |"
    yield f"| cost | {totals['usd']} USD |"
    yield f"| conservation residual | {audit['residual_pico']} pico |"
    yield f"| sources with missing batches | {len(audit['incomplete'])} |"
    yield f"| late batches passed on, all counted by repair | {int(totals['late']):,} |"
    yield f"| dead letters | {int(totals['dead_letters']):,} |"
    yield ""


def memory(samples: Samples) -> Iterator[str]:
    """Yield memory by part: of the process of each kind that lived longest."""
    yield "| part | longest life, s | memory at its end, MB | most of any, MB | slope, MB/h |"
    yield "|---|---|---|---|---|"
    for part, life in sorted(samples.longest().items()):
        most = max(max(each.rss_mb) for each in samples.lives.values() if each.part == part)
        slope = life.slope_mb_h()
        told = "-" if slope is None else f"{slope:+.0f}"
        yield f"| {part} | {life.for_s:.0f} | {life.rss_mb[-1]:.0f} | {most:.0f} | {told} |"
    yield ""


def rest(samples: Samples) -> Iterator[str]:
    """Yield disk and lag."""
    yield "| disk, MB | at first | at half | at the end |"
    yield "|---|---|---|---|"
    for name, sizes in samples.disk_mb.items():
        yield f"| {name} | {sizes[0]:.0f} | {sizes[len(sizes) // 2]:.0f} | {sizes[-1]:.0f} |"
    yield ""
    yield "| usage messages not committed by | median | most | at the end |"
    yield "|---|---|---|---|"
    for group, found in samples.lag.items():
        median = sorted(found)[len(found) // 2]
        yield f"| {group} | {median} | {max(found)} | {found[-1]} |"

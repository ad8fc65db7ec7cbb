"""Says which generations are complete: readers see lines of a higher generation from then on.

Lines of a (window, pool) come by tenant, over several partitions, to several writers. Each line of
a higher generation says how many there are; whoever has inserted some looks whether all are in.
Of writers that insert at the same time the last to look finds them all, so one of them says so,
and it does no harm when several do.
"""

from collections.abc import Iterable, Sequence

from clickhouse import rollups
from clickhouse.query import ask, run
from clickhouse.session import Session


def corrected_hours(window_starts: Sequence[object], numbers: Sequence[object]) -> set[int]:
    """Return the hours of lines of a generation above 0, from two columns of a block. Pure."""
    return {
        rollups.hour_of(at)
        for at, number in zip(window_starts, numbers, strict=True)
        if number and isinstance(at, int)
    }


def complete(session: Session, hours_us: Iterable[int]) -> None:
    """Record which generations of windows in some hours are complete.

    Call it after the insert of their lines. Blocks for tens of milliseconds per hundred hours.
    Safe to repeat. Raises Unavailable.
    """
    for some in rollups.chunks(sorted(set(hours_us))):
        run(
            session,
            "complete_generations",
            {
                "since": some[0],
                "until": some[-1] + rollups.HOUR_US,
                "hours": [at // rollups.SECOND_US for at in some],
            },
        )


def uncompleted_hours(session: Session) -> list[int]:
    """Return hours with generations not recorded as complete. Reads every line's edition: at start.

    A writer that died between insert and record leaves some; one whose publisher died stays.
    """
    return [int(str(row["hour_us"])) for row in ask(session, "uncompleted_hours")]

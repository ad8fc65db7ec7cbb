"""Recomputes the rollups of given hours, and of the days they are in, from the lines in force.

Quarters of an hour, which only what is usual is learned from, follow later: an hour is redrawn when
its rollup is newer than they are.

Any number of processes may recompute the same hour at any time. Each takes the server's clock
before it reads and gives it to its rows as their version, so what was read last wins; and as a
recompute follows every insert of lines, the winner has read them all.
"""

from collections.abc import Iterable, Iterator, Sequence

from clickhouse.query import ask, run
from clickhouse.session import Session

SECOND_US = 1_000_000
HOUR_US = 3600 * SECOND_US
DAY_US = 24 * HOUR_US
AT_ONCE = 96  # hours or days; bounds the memory of one statement
REMEMBERED_US = 60 * DAY_US  # before the newest hour: quarters that somebody may ask for
STALE_MARGIN_NS = 60_000_000_000  # an insert is readable within a minute of its clock


def hour_of(at_us: int) -> int:
    """Return the begin of the UTC hour of an instant, microseconds.

    >>> hour_of(7_300_000_000)
    7200000000
    """
    return at_us - at_us % HOUR_US


def recompute(session: Session, hours_us: Iterable[int]) -> int:
    """Bring the rollups of some hours up to date; return how many hours that were.

    Blocks for tens of milliseconds per hundred hours. Safe to repeat. Raises Unavailable.
    """
    hours = sorted(set(hours_us))
    for some in chunks(hours):
        recompute_hours(session, some)
    for some in chunks(sorted({at - at % DAY_US for at in hours})):
        recompute_days(session, some)
    return len(hours)


def recompute_hours(session: Session, hours_us: Sequence[int]) -> None:
    """Write the hourly rows of some hours."""
    run(
        session,
        "recompute_hours",
        {
            "version": next_version(session),
            "since": hours_us[0],
            "until": hours_us[-1] + HOUR_US,
            "hours": [at // SECOND_US for at in hours_us],
        },
    )


def recompute_days(session: Session, days_us: Sequence[int]) -> None:
    """Write the daily rows of some days, from their hours."""
    run(
        session,
        "recompute_days",
        {
            "version": next_version(session),
            "since": days_us[0],
            "until": days_us[-1] + DAY_US,
            "days": [at // DAY_US for at in days_us],
        },
    )


def redraw_quarters(session: Session, at_most: int) -> int:
    """Draw the quarters of hours that changed, the newest first; return of how many that was.

    Blocks for a second an hour of half a million lines. Safe to repeat, and by several at once.
    Raises Unavailable.
    """
    stale = ask(session, "stale_quarters", {"within": REMEMBERED_US, "limit": at_most})
    for row in stale:
        since_us = int(str(row["hour_us"]))
        drawn = {"since": since_us, "until": since_us + HOUR_US}
        run(session, "recompute_quarters", {**drawn, "version": next_version(session)})
    return len(stale)


def next_version(session: Session) -> int:
    """Return the version of rows about to be computed.

    It must be a statement of its own: within one statement nothing says which comes first, the
    clock or the reading.
    """
    [row] = ask(session, "rollup_version")
    return int(str(row["version"]))


def stale_hours(session: Session) -> list[int]:
    """Return hours whose rollups may be older than their lines. Reads every line's time: at start.

    A writer that died between insert and recompute leaves some; an hour too many does no harm.
    """
    rows = ask(session, "stale_hours", {"margin_ns": STALE_MARGIN_NS})
    return [int(str(row["hour_us"])) for row in rows]


def chunks(items: Sequence[int]) -> Iterator[Sequence[int]]:
    """Yield at most AT_ONCE items at a time."""
    for start in range(0, len(items), AT_ONCE):
        yield items[start : start + AT_ONCE]

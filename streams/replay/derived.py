"""Windows of pools `charge:<what>`, whose lines follow from other lines and not from usage.

They are a function of the lines in force: derived again they are the same, and say nothing new;
after a correction of a line the next generation replaces all of them.
"""

from dataclasses import dataclass
from hashlib import blake2b

from schemas.records import CostLine
from streams.core.lines import Dimensions, Edition, Figures, Lines, WindowPool, to_record
from streams.core.price_book import PriceBook
from streams.replay.ask import Asker
from streams.replay.changes import differing
from streams.replay.drawn import DrawnWindow, drawn_windows
from streams.replay.span import Span

DIGEST_BITS = 32  # a revision has 38


@dataclass(frozen=True, slots=True)
class Terms:
    """Under what lines are derived, and why: versions, and a note kept with every line."""

    book: PriceBook
    catalog: str
    note: str


def revised(
    asker: Asker, where: WindowPool, lines: Lines, terms: Terms
) -> tuple[list[CostLine], int]:
    """Return the lines as a new generation, and its number; none: they are in force. Blocks."""
    one = Span(where.start_us, where.start_us + 1, where.end_us - where.start_us)
    have = drawn_windows(asker, one, where.pool).get(where) or DrawnWindow(where, "", "")
    newest = newest_generation(asker, one, where.pool)
    lines = lines | {what: Figures() for what in have.lines if what not in lines}
    if not any(differing(have.lines, lines)):
        return [], have.generation
    edition = Edition(
        terms.book.currency,
        terms.book.version,
        terms.catalog,
        newest + 1,
        digest(lines),
        "corrected",
        len(lines),
        terms.note,
    )
    drawn = [to_record(where, what, figures, edition) for what, figures in lines.items()]
    return drawn, newest + 1


def newest_generation(asker: Asker, window: Span, pool: str) -> int:
    """Return the number of the newest generation, whether all of its lines are there or not."""
    params = {"since": window.since_us, "until": window.until_us, "window": window.window_us}
    rows = asker.rows("newest_generations", {**params, "pool": pool})
    return max((generation for _, _, generation in rows), default=0)


def digest(lines: dict[Dimensions, Figures]) -> int:
    """Return a revision: no batches are counted here, so it tells contents apart.

    Two that are published under one number, by two who did not know of each other, never mix.
    """
    text = repr(sorted((repr(what), each.money) for what, each in lines.items()))
    return int.from_bytes(blake2b(text.encode(), digest_size=DIGEST_BITS // 8).digest())

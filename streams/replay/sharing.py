"""Handing shared costs on, hour by hour: a second stage over the lines in force.

The lines of an hour are one window of a pool of their own, and sum to zero. Windows belong to the
hour that they begin in, under the catalog that holds at their begin.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from schemas import topics
from schemas.codec import Codec
from schemas.records import CostLine
from streams.core.catalog import Catalog
from streams.core.lines import Figures, Lines, WindowPool
from streams.core.price_book import PriceBook
from streams.core.sharing import POOL, share_out
from streams.core.spent import Spent
from streams.core.windows import HOUR_US, window_start
from streams.kafka.batch import publish_all
from streams.replay.ask import Asker
from streams.replay.derived import Terms, revised
from streams.replay.errors import CurrencyDiffers
from streams.replay.span import Span
from streams.settings import KafkaSettings


@dataclass(frozen=True, slots=True)
class SharedHour:
    """What one hour hands on. No `records`: what is published is that already."""

    start_us: int
    lines: Lines
    open_lines: int  # that are provisional
    records: list[CostLine]
    generation: int  # of the records, or of those in force

    @property
    def is_settled(self) -> bool:
        """Whether all of its lines are final."""
        return not self.open_lines


@dataclass(frozen=True, slots=True)
class Sharing:
    """Under what shared costs are handed on. Blocks where it asks."""

    asker: Asker
    book: PriceBook
    catalog: Catalog
    note: str

    def hours(self, since_us: int, until_us: int) -> Iterator[SharedHour]:
        """Yield every hour that begins in [since, until) and shares something, or did.

        Raises CurrencyDiffers where lines are in another currency than the book.
        """
        for begin_us in range(window_start(since_us, HOUR_US), until_us, HOUR_US):
            hour = self.hour(begin_us)
            if hour.lines or hour.records:
                yield hour

    def hour(self, begin_us: int) -> SharedHour:
        """Return what the hour that begins at an instant hands on."""
        end_us = begin_us + HOUR_US
        lines: Lines = {}
        is_open = 0
        for since_us, until_us in pairwise(
            [begin_us, *self.catalog.edges(begin_us, end_us), end_us]
        ):
            spent, provisional = self._spent(Span(since_us, until_us, HOUR_US))
            is_open += provisional
            for what, figures in self._shared(since_us, spent).items():
                money = figures.money
                if money is not None:
                    lines.setdefault(what, Figures()).add(0, money)
        terms = Terms(self.book, self.catalog.version, self.note)
        records, generation = revised(self.asker, WindowPool(begin_us, end_us, POOL), lines, terms)
        return SharedHour(begin_us, lines, is_open, records, generation)

    def _shared(self, since_us: int, spent: list[Spent]) -> Lines:
        return share_out(spent, self.catalog.at(since_us), self.book.currency)

    def _spent(self, span: Span) -> tuple[list[Spent], int]:
        found, is_open = [], 0
        rows = self.asker.rows("spent", {"since": span.since_us, "until": span.until_us})
        for *line, currency, provisional in rows:
            if currency != self.book.currency:
                raise CurrencyDiffers(currency, self.book.currency)
            is_open += provisional
            found.append(Spent(*line))
        return found, is_open


def settled(hours: Iterable[SharedHour], closed_us: int) -> list[SharedHour]:
    """Return the hours that have something new to say, and whose windows are closed."""
    return [
        hour
        for hour in hours
        if hour.records and hour.is_settled and hour.start_us + HOUR_US <= closed_us
    ]


def hand_on(kafka: KafkaSettings, hours: Iterable[SharedHour]) -> int:
    """Publish the lines of hours; return how many lines those are. Blocks."""
    codec = Codec()
    lines = [
        (line["tenant"], codec.encode("CostLine", line)) for hour in hours for line in hour.records
    ]
    publish_all(kafka, topics.COST_LINE.name, lines)
    return len(lines)

"""A database as live processors leave it: archive, documents and lines, each batch under rules."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import cast

from clickhouse.client import Connection
from clickhouse.rows import configs, cost_lines, late_partials
from clickhouse.usage_rows import (
    Attributed,
    Position,
    UsageBatch,
    UsageRecord,
    Versions,
    usage_rows,
)
from clickhouse.writer import Writer
from schemas.records import Config, CostLine, LatePartial, Partial
from streams.config.catalog import load_catalog
from streams.config.price_book import load_price_book
from streams.core.lines import WindowPool
from streams.core.list_price import list_events
from streams.core.metering import LATEST_US, Rules, meter_batch
from streams.core.policies import Documents
from streams.core.sums import events_in
from streams.core.window import Window
from tests.builders.drawing import record_name
from tests.builders.terms import WINDOW_US
from tests.builders.usage import H100, Event, batch


@dataclass(frozen=True, slots=True)
class Document:
    """A price book or catalog as it was published."""

    text: str
    at_us: int


@dataclass(slots=True)
class Live:
    """Meters batches under the documents of the moment, and writes what store would."""

    database: Connection
    partials: list[Partial] = field(default_factory=list)
    rules: dict[tuple[str, str], Rules] = field(default_factory=dict)
    sent: Counter[str] = field(default_factory=Counter)  # batches by source

    def publish(self, book: Document, catalog: Document) -> Rules:
        """Publish documents, and return the rules they make."""
        prices, names = load_price_book(book.text), load_catalog(catalog.text)
        writer = Writer(self.database.writer)
        writer.add(configs("price-book", [config(prices.version, book)]))
        writer.add(configs("catalog", [config(names.version, catalog)]))
        writer.flush()
        made = Rules(prices, names, WINDOW_US, 0, book.at_us, catalog.at_us)
        self.rules[prices.version, names.version] = made
        return made

    def keep_unreadable(self, at_us: int) -> None:
        """Store a price book that only a later release can read."""
        writer = Writer(self.database.writer)
        writer.add(configs("price-book", [config("of-later", Document("later: 1", at_us))]))
        writer.flush()

    def of(self, price_book: str, catalog: str) -> Documents:
        """Look versions up, as allocate does."""
        book = next(r.book for (b, _), r in self.rules.items() if b == price_book)
        names = next(r.catalog for (_, c), r in self.rules.items() if c == catalog)
        return Documents(book, names)

    def send(self, rules: Rules, *events: Event, source: str = "gw-1") -> None:
        """Meter and archive a batch."""
        usage = batch(*events, source=source, seq=self.sent[source])
        name = record_name(events[0])
        metered = meter_batch(name, usage, "usage:0", rules, LATEST_US)
        self.partials += metered.partials
        listed = list_events(name, usage, metered, rules)
        rows = usage_rows(
            cast("UsageRecord", name),
            cast("UsageBatch", usage),
            [
                None if e is None else Attributed(e.pool, e.tenant, e.cost_pico, e.precedence)
                for e in listed
            ],
            Position("usage", 0, self.sent.total()),
            Versions(rules.book.version, rules.catalog.version, rules.book.currency),
        )
        writer = Writer(self.database.writer)
        writer.add(*rows)
        writer.flush()
        self.sent[source] += 1

    def close(self) -> list[CostLine]:
        """Store the final lines of all windows, and return them."""
        windows: dict[WindowPool, Window] = {}
        for each in self.partials:
            where = WindowPool(each["window_start_us"], each["window_end_us"], each["pool"])
            windows.setdefault(where, Window(where, 0, self)).apply(each)
        lines = [line for window in windows.values() for line in window.final()]
        self.store(lines)
        return lines

    def send_late(self, rules: Rules, *events: Event, source: str) -> None:
        """Meter and archive a batch whose windows are closed: its partials are passed on."""
        before = len(self.partials)
        self.send(rules, *events, source=source)
        late: list[LatePartial] = [
            {
                "window_start_us": each["window_start_us"],
                "window_end_us": each["window_end_us"],
                "pool": each["pool"],
                "source": source,
                "epoch": each["epoch"],
                "seq": each["seq"],
                "events": events_in(each["sums"]),
                "closed_through_us": each["window_end_us"],
                "reason": "window_closed",
            }
            for each in self.partials[before:]
        ]
        del self.partials[before:]
        writer = Writer(self.database.writer)
        writer.add(late_partials(late))
        writer.flush()

    def store(self, lines: Iterable[CostLine]) -> None:
        """Store lines."""
        writer = Writer(self.database.writer)
        writer.add(cost_lines(list(lines)))
        writer.flush()

    def costs(self) -> dict[str, str | None]:
        """Return the cost in force by pool and kind, lines of nothing left out."""
        rows = self.database.reader.rows(
            "SELECT concat(pool, ' ', kind) AS what, toString(sum(cost)) AS cost "
            "FROM cost_current WHERE quantity != 0 GROUP BY what ORDER BY what"
        )
        return {str(row["what"]): cast("str | None", row["cost"]) for row in rows}


def config(version: str, document: Document) -> Config:
    """Return a document as its topic carries it."""
    return {
        "version": version,
        "published_at_us": document.at_us,
        "body": document.text,
        "note": None,
    }


def price_book(prices: Mapping[str, str]) -> str:
    """Return a book with the price of a million tokens, in and out, of models; H100s at 3600."""
    always = "effective_from: 2020-01-01T00:00:00Z, source: test"
    rows = [
        f"  - {{meter: {meter}, provider: openai, model: {model}, price: '{price}', per: 1000000, "
        f"unit: Tokens, {always}}}"
        for model, price in prices.items()
        for meter in ("tokens.input", "tokens.output")
    ]
    gpu = f"  - {{meter: gpu, model: {H100}, price: '3600', unit: GPU-Hours, {always}}}"
    return "\n".join(["currency: USD", "prices:", *rows, gpu])

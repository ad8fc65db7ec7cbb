"""Price books as ClickHouse keeps them: found again, waited for, and the windows they priced."""

from pathlib import Path
from typing import Any, cast

import pytest

from clickhouse.client import connect
from clickhouse.migrate import migrate
from clickhouse.rows import ConfigKind, configs, cost_lines
from clickhouse.writer import Writer
from schemas.records import CostLine
from streams.config_topic import CATALOG, PRICES, Kind
from streams.core.price_book import PriceBook
from streams.prices.difference import difference
from streams.publications import Publication, Publications, book_of
from streams.publishing import past_of, wait_stored
from streams.settings import KafkaSettings, WorkerSettings, load
from tests.builders.cost_lines import line
from tests.builders.terms import book, token_price
from tests.builders.usage import T0

pytestmark = pytest.mark.integration

HOUR_US = 3_600_000_000
ENTRY = (
    '  - {meter: tokens.input, provider: openai, model: gpt-4o, price: "%s", per: 1000000, '
    "unit: Tokens, effective_from: 2026-01-01T00:00:00Z, source: page}\n"
)
OLD, NEW = (f"currency: USD\nprices:\n{ENTRY % price}" for price in ("2.50", "2.00"))


@pytest.fixture
def settings(tmp_path: Path) -> WorkerSettings:
    """Of data at rest, and of a broker that is away."""
    return load(
        {
            "clickhouse": {"url": f"chdb://{tmp_path / 'data'}"},
            "kafka": {"bootstrap": "127.0.0.1:1"},
        }
    )


def stored(settings: WorkerSettings, *documents: tuple[Kind, str, int]) -> None:
    """Write documents as the store does."""
    with connect(settings.clickhouse.dsn, settings.clickhouse.database) as connection:
        migrate(connection)
        writer = Writer(connection.writer)
        for kind, body, at_us in documents:
            record = {
                "version": kind.version(body, ""), "published_at_us": at_us, "body": body,
                "note": "it's kept",
            }  # fmt: skip
            name: ConfigKind = "price-book" if kind is PRICES else "catalog"
            writer.add(configs(name, [cast("Any", record)]))
        writer.flush()


def test_what_a_forgetful_broker_lost_is_found_in_clickhouse(
    kafka: KafkaSettings, settings: WorkerSettings
) -> None:
    stored(settings, (PRICES, OLD, 1000), (PRICES, NEW, 2000), (CATALOG, "tenants: [a]", 3000))
    known = Publications(settings.model_copy(update={"kafka": kafka}), PRICES)
    assert [(each.at_us, each.note) for each in known.every()] == [
        (1000, "it's kept"),
        (2000, "it's kept"),
    ]
    assert known.find(PRICES.version(OLD, "")[:6]).text == OLD
    assert known.in_force().source == "the built-in price book"  # the broker decides
    away = Publications(settings, PRICES)
    assert away.in_force().text == NEW  # nobody else can say
    assert "config.price-book.v1" in away.unread[0]


def test_what_was_published_is_waited_for_until_it_is_stored(settings: WorkerSettings) -> None:
    version = PRICES.version(OLD, "")
    stored(settings, (PRICES, OLD, 1000))
    assert wait_stored(settings, PRICES, Publication(version, 1000, "it's kept")) is None
    again = Publication(version, 2000, None)  # the same version, published anew
    assert wait_stored(settings, PRICES, again) == "no store runs beside it"


def drawn(settings: WorkerSettings, *lines: CostLine) -> None:
    """Write cost lines as the store does."""
    with connect(settings.clickhouse.dsn, settings.clickhouse.database) as connection:
        migrate(connection)
        writer = Writer(connection.writer)
        writer.add(cost_lines(lines))
        writer.flush()


def test_windows_are_counted_from_the_first_price_that_changes(settings: WorkerSettings) -> None:
    spans = [(T0 + hour * HOUR_US, T0 + (hour + 1) * HOUR_US) for hour in range(4)]
    drawn(
        settings,
        *(
            line(2 * hour + other, window_start_us=begin, window_end_us=end, model=model)
            for hour, (begin, end) in enumerate(spans)
            for other, model in enumerate(("gpt-4o", "claude"))
        ),
    )
    since = T0 + 2 * HOUR_US
    then = book(token_price("tokens.input", "2"))
    now = book(*ended_and_begun(since))
    changed = difference(then, now)
    past = past_of(settings, changed, T0 + 9 * HOUR_US)
    assert past is not None
    assert (past.since_us, past.windows) == (since, 2)  # the third and the fourth, of this model
    assert past_of(settings, changed, since) is None  # it begins now
    assert past_of(settings, difference(then, then), T0 + 9 * HOUR_US) is None


def ended_and_begun(at_us: int) -> tuple[Any, Any]:
    return (
        token_price("tokens.input", "2", to_us=at_us),
        token_price("tokens.input", "3", from_us=at_us),
    )


def test_a_version_that_is_only_stored_is_read_as_it_was(settings: WorkerSettings) -> None:
    stored(settings, (PRICES, OLD, 1000))
    found: PriceBook = book_of(Publications(settings, PRICES).find(PRICES.version(OLD, "")[:5]))
    assert found.version == PRICES.version(OLD, "")

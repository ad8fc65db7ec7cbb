"""Growth by the hours of ClickHouse is told once, with whose it is, and ends for whoever leads."""

import asyncio
from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry

from clickhouse.client import Connection
from clickhouse.rollups import recompute
from clickhouse.rows import alerts, cost_lines
from clickhouse.writer import Writer
from schemas import topics
from schemas.records import Alert, CostLine
from streams.config.catalog import load_catalog
from streams.core.growth_alerts import KIND
from streams.core.growths import HISTORY_US, Whose
from streams.core.money import PICO
from streams.core.windows import DAY_US, HOUR_US, MINUTE_US, window_start
from streams.kafka import create_topics
from streams.metrics import Metrics
from streams.processors.anomaly_history import AnomalyHistory
from streams.processors.growing import Growing
from streams.processors.grown_hours import hours_of, hours_since
from streams.processors.inquiry import Inquiry
from streams.replay.ask import Direct
from streams.settings import KafkaSettings
from tests import brokers
from tests.builders.alerts import alert
from tests.builders.cost_lines import line
from tests.builders.usage import T0

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

BEGIN_US = window_start(T0, DAY_US)
DAYS = 34
LEAK = 28  # the day of it
STEADY, LEAKY = 40, 20  # USD of an hour
NOTHING = load_catalog("{}")


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaSettings]:
    with brokers.running(tmp_path_factory.mktemp("growing")) as address:
        settings = KafkaSettings(bootstrap=address)
        create_topics(settings)
        yield settings


@pytest.fixture
def history(kafka: KafkaSettings, database: Connection) -> Iterator[AnomalyHistory]:
    made = AnomalyHistory(kafka, lambda: Direct(database), topics.COST_LINE.partitions)
    yield made
    made.close()


def cost_line(number: int, hour: int, cost: float, **changes: object) -> CostLine:
    start_us = BEGIN_US + hour * HOUR_US
    window = {"window_start_us": start_us, "window_end_us": start_us + MINUTE_US}
    return line(4 * hour + number, f"{cost:.2f}", status="final", **window, **changes)


def lines_of(hour: int) -> Iterator[CostLine]:
    """Yield what acme costs in an hour: a project that grows beside a steady one, and nobody."""
    more = 1.1 ** max(0, hour // 24 - LEAK + 1)
    yield cost_line(0, hour, STEADY, project="steady")
    yield cost_line(1, hour, LEAKY * more, project="leaky", model="m'1")
    yield cost_line(2, hour, 5 * more, tenant="__idle__", kind="idle_share")
    yield cost_line(3, hour, 500 * more, pool="charge:month", kind="adjustment")


def fill(database: Connection) -> None:
    writer = Writer(database.session())
    hours = range(DAYS * 24)
    writer.add(cost_lines([each for hour in hours for each in lines_of(hour)]))
    writer.flush()
    recompute(database.session(), [BEGIN_US + hour * HOUR_US for hour in hours])


def tell(database: Connection, said: Alert) -> None:
    writer = Writer(database.session())
    writer.add(alerts([said]))
    writer.flush()


def said_by(history: AnomalyHistory, until_days: int, catalog: str = "{}") -> list[Alert]:
    """Return what a new leader says that knows costs until some time after a day."""

    async def ask() -> list[Alert]:
        growing = Growing(
            history, Inquiry(Metrics(CollectorRegistry(), "anomalies"), 0.01), max_series=10
        )
        known_us = BEGIN_US + until_days * DAY_US + HOUR_US
        growing.look(known_us, load_catalog(catalog))
        assert growing._asking is not None
        await growing._asking
        growing.look(known_us, load_catalog(catalog))
        found = growing.due()
        growing.told(found)
        assert growing.due() == []
        growing.look(known_us, load_catalog(catalog))
        await growing.stop()
        growing.look(known_us, load_catalog(catalog))
        assert growing.due() == []  # of the same day there is nothing more
        return found

    return asyncio.run(ask())


def test_growth_is_told_once_with_whose_it_is(
    database: Connection, history: AnomalyHistory
) -> None:
    fill(database)
    [opened] = said_by(history, DAYS)
    assert (opened["tenant"], opened["model"], opened["state"]) == ("acme", "m'1", "opened")
    assert opened["at_us"] == BEGIN_US + DAYS * DAY_US
    assert opened["since_us"] == pytest.approx(BEGIN_US + LEAK * DAY_US, abs=DAY_US)
    parts = [(each["dimension"], each["value"], each["share"]) for each in opened["contributors"]]
    assert parts == [("pool", "api:openai", 1.0), ("project", "leaky", 1.0)]
    assert opened["query"] is not None
    rows = database.reader.rows(opened["query"], {})
    assert {row["project"] for row in rows} == {"leaky"}
    grown = 24 * LEAKY * 1.1 ** (DAYS - LEAK)
    assert float(str(rows[-1]["total"])) == pytest.approx(grown, abs=0.2)  # hours to the cent
    assert said_by(history, DAYS) == [opened]  # whoever leads says the same, until it was said
    tell(database, opened)
    assert said_by(history, DAYS) == []


def test_what_is_known_begins_with_the_first_day_of_eight_weeks(
    database: Connection, history: AnomalyHistory
) -> None:
    assert hours_since(history, 0) == 0
    tell(database, alert(alert_id=f"{KIND}/acme::USD/{BEGIN_US}", kind=KIND))
    assert said_by(history, DAYS) == []  # it is not over because nothing is known
    fill(database)
    assert hours_since(history, BEGIN_US - HISTORY_US) == BEGIN_US
    assert hours_since(history, BEGIN_US + HOUR_US) == BEGIN_US + HOUR_US
    hour = BEGIN_US // HOUR_US
    assert hours_of(history, BEGIN_US, BEGIN_US + HOUR_US) == {
        Whose("acme", "", "USD"): {hour: (STEADY + LEAKY) * PICO},
        Whose("acme", "gpt-4o", "USD"): {hour: STEADY * PICO},
        Whose("acme", "m'1", "USD"): {hour: LEAKY * PICO},
    }

"""Handing costs on, on a real engine: exact, once, and again after a correction."""

from collections.abc import Sequence
from decimal import Decimal

import pytest

from clickhouse.client import Connection
from clickhouse.rows import cost_lines
from clickhouse.writer import Writer
from schemas.records import CostLine
from streams.core.catalog import Catalog, Entries
from streams.core.shared_costs import SharedCost
from streams.core.windows import HOUR_US
from streams.replay.ask import Direct
from streams.replay.sharing import SharedHour, Sharing, settled
from tests.builders.cost_lines import MINUTE_US, line
from tests.builders.terms import book
from tests.builders.usage import T0

pytestmark = pytest.mark.integration

HOUR = T0 - T0 % HOUR_US
LATER = HOUR + 5 * HOUR_US
BY_TENANT = """
SELECT tenant, toString(sum(cost)) AS cost, toString(sum(billed_cost)) AS billed
FROM cost_current GROUP BY tenant ORDER BY tenant
"""
PLATFORM = SharedCost("platform", "proportional", tenant="platform", among=("acme", "globex"))


def final(number: int, cost: str, tenant: str, minute: int = 0, **changes: object) -> CostLine:
    start_us = HOUR + minute * MINUTE_US
    fixed = {"tenant": tenant, "status": "final", "window_start_us": start_us,
             "window_end_us": start_us + MINUTE_US}  # fmt: skip
    return line(number, cost, **fixed | changes)


def write(database: Connection, lines: Sequence[CostLine]) -> None:
    writer = Writer(database.session())
    writer.add(cost_lines(lines))
    writer.flush()


def sharing(database: Connection, *shared: SharedCost) -> Sharing:
    return Sharing(Direct(database), book(), Catalog("catalog-1", Entries(shared=shared)), "shared")


def handed_on(database: Connection, *shared: SharedCost) -> list[SharedHour]:
    """Publish what is new; return it."""
    found = settled(sharing(database, *shared).hours(HOUR, HOUR + 3 * HOUR_US), LATER)
    write(database, [record for hour in found for record in hour.records])
    return found


def costs(database: Connection) -> dict[str, Decimal]:
    rows = database.reader.rows(BY_TENANT, {})
    return {str(row["tenant"]): Decimal(str(row["cost"])) for row in rows}


@pytest.fixture
def live(database: Connection) -> Connection:
    """An hour: acme 1 and 2 in two windows, globex 6, platform 3; and an hour later globex 5."""
    write(
        database,
        [
            final(1, "1", "acme"),
            final(2, "2", "acme", minute=59),
            final(3, "6", "globex"),
            final(4, "3", "platform", minute=30),
            final(5, "5", "globex", minute=60),
        ],
    )
    return database


def test_an_hour_is_handed_on_exactly_and_once(live: Connection) -> None:
    """3 over 3:6 is 1 and 2."""
    assert [hour.generation for hour in handed_on(live, PLATFORM)] == [1]
    assert costs(live) == {"acme": 4, "globex": 13, "platform": 0}
    assert handed_on(live, PLATFORM) == []


def test_a_correction_is_handed_on_in_the_next_generation(live: Connection) -> None:
    """acme's 2 become 3: 3 over 4:6 is 1.2 and 1.8."""
    handed_on(live, PLATFORM)
    more = final(2, "3", "acme", minute=59, generation=1, status="corrected", lines=1, note="late")
    write(live, [more])
    assert [hour.generation for hour in handed_on(live, PLATFORM)] == [2]
    assert costs(live) == {"acme": Decimal("5.2"), "globex": Decimal("12.8"), "platform": 0}


def test_what_is_shared_no_more_is_taken_back(live: Connection) -> None:
    handed_on(live, PLATFORM)
    assert [hour.generation for hour in handed_on(live)] == [2]
    assert costs(live) == {"acme": 3, "globex": 11, "platform": 3}


def test_a_window_is_shared_as_the_catalog_says_at_its_begin(live: Connection) -> None:
    """From half past on nobody shares platform's cost, which it has in that window."""
    over = SharedCost(
        "platform", "even", tenant="platform", among=("acme",), to_us=HOUR + 30 * MINUTE_US
    )
    assert handed_on(live, over) == []
    still = SharedCost(
        "platform", "even", tenant="platform", among=("acme",), to_us=HOUR + 31 * MINUTE_US
    )
    assert len(handed_on(live, still)) == 1
    assert costs(live)["platform"] == 0


def test_an_hour_with_open_windows_waits(live: Connection) -> None:
    write(live, [final(9, "1", "acme", minute=3, status="provisional")])
    assert handed_on(live, PLATFORM) == []
    assert sharing(live, PLATFORM).hour(HOUR).open_lines == 1
    assert settled([sharing(live, PLATFORM).hour(HOUR)], HOUR + HOUR_US - 1) == []

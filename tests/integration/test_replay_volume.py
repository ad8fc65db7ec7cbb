"""Settling months on a real engine: published once, again after a correction, exact each time."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import pytest

from clickhouse.client import Connection
from clickhouse.rows import cost_lines
from clickhouse.writer import Writer
from schemas.decimals import to_bytes, to_pico
from schemas.records import CostLine
from streams.core.catalog import Catalog, Entries
from streams.core.price_book import Agreements, PriceBook
from streams.core.tenants import Sla, Tenant
from streams.replay.ask import Direct
from streams.replay.errors import CurrencyDiffers, MonthOpen, UnknownVersion
from streams.replay.month import Month
from streams.replay.plan import plan
from streams.replay.versions import Versions
from streams.replay.volume import Settlement, Settling, refuse_open, settlement
from streams.replay.windows import span_of
from tests.builders.cost_lines import MINUTE_US, line
from tests.builders.terms import book, override
from tests.builders.usage import T0

pytestmark = pytest.mark.integration


def named(version: str, gold: str | None = None) -> Catalog:
    """Return a catalog in which acme, where it is gold, is charged by a multiplier."""
    slas = () if gold is None else (Sla("gold", Fraction(gold)),)
    acme = Tenant("acme", sla=gold and "gold")
    return Catalog(version, Entries(tenants=(acme,), slas=slas))


USD = 10**12
CHARGED = """
SELECT toString(sum(billed_cost)) AS charged FROM cost_current
WHERE tenant = 'acme'
    AND toYYYYMM(window_start) = toYYYYMM(fromUnixTimestamp64Micro({month:Int64}, 'UTC'))
"""

DAY_US = 86_400 * 10**6
JANUARY, FEBRUARY = Month.parse("2026-01"), Month.parse("2026-02")
FEBRUARY_US = T0 + 31 * DAY_US
STEPS = ((0, 4 * USD), (1000, 2 * USD))  # $4 a million, from 1,000 tokens of a month on $2
CATALOGS = {"catalog-1": named("catalog-1"), "catalog-2": named("catalog-2", "1.5")}
AGREED = book(agreements=Agreements(overrides=(override(meter="tokens.input", steps=STEPS),)))


def used(number: int, start_us: int, tokens: int, **changes: object) -> CostLine:
    """Return a final line of some input tokens at $2.50, charged by the first step."""
    fixed = {
        "window_start_us": start_us,
        "window_end_us": start_us + MINUTE_US,
        "quantity": to_bytes(tokens * USD),
        "billed_cost": to_bytes(tokens * 4 * USD // 10**6),
        "status": "final",
    }
    return line(number, str(Decimal("0.0000025") * tokens), **fixed | changes)


def write(database: Connection, lines: Sequence[CostLine]) -> None:
    writer = Writer(database.session())
    writer.add(cost_lines(lines))
    writer.flush()


def settle(database: Connection, month: Month, by: PriceBook = AGREED) -> Settlement:
    return settlement(Direct(database), month, Settling(by, CATALOGS.__getitem__, "volume"))


def billed(database: Connection, month: Month) -> int:
    """Return what acme is charged in a month, by the lines in force."""
    [row] = database.reader.rows(CHARGED, {"month": month.span.since_us})
    return to_pico(Decimal(str(row["charged"])))


@pytest.fixture
def live(database: Connection) -> Connection:
    """January: 1,500 tokens of acme in three windows; February: 1,001 of it in two."""
    write(
        database,
        [
            used(1, T0, 700),
            used(2, T0 + 10 * DAY_US, 300),
            used(3, FEBRUARY_US - MINUTE_US, 500),
            used(4, FEBRUARY_US, 1_000),
            used(5, FEBRUARY_US + DAY_US, 1),
            used(6, T0, 5_000, tenant="globex"),  # nothing was agreed with it
        ],
    )
    return database


def test_a_month_is_charged_exactly_what_was_agreed(live: Connection) -> None:
    """January: 1,000 x 4 + 500 x 2 = 0.005, charged were 1,500 x 4; February: 4,000 + 1 x 2."""
    for month, before, after in ((JANUARY, 6_000, 5_000), (FEBRUARY, 4_004, 4_002)):
        assert billed(live, month) == before * 10**6
        found = settle(live, month)
        assert [one.missing for one in found.settled] == [(after - before) * 10**6]
        write(live, found.lines)
        assert billed(live, month) == after * 10**6


def test_what_is_settled_is_not_settled_again(live: Connection) -> None:
    first = settle(live, JANUARY)
    assert settle(live, JANUARY) == first  # as long as nobody published it
    write(live, first.lines)
    again = settle(live, JANUARY)
    assert (again.lines, again.generation) == ([], 1)
    assert settle(live, FEBRUARY).lines  # another month, another window


def test_a_correction_is_settled_in_the_next_generation(live: Connection) -> None:
    """A window of January gets 100 tokens more: 1,000 x 4 + 600 x 2 = 0.0052."""
    write(live, settle(live, JANUARY).lines)
    more = used(1, T0, 800, generation=1, status="corrected", lines=2, note="late")
    other = used(6, T0, 5_000, tenant="globex", generation=1, status="corrected", lines=2)
    write(live, [more, other])
    found = settle(live, JANUARY)
    assert {each["generation"] for each in found.lines} == {2}
    write(live, found.lines)
    assert billed(live, JANUARY) == 5_200 * 10**6
    assert settle(live, JANUARY).lines == []


def test_an_agreement_that_is_gone_is_settled_with_nothing(live: Connection) -> None:
    write(live, settle(live, JANUARY).lines)
    found = settle(live, JANUARY, book())
    assert [each["billed_cost"] for each in found.lines] == [to_bytes(0)]
    write(live, found.lines)
    assert billed(live, JANUARY) == 6_000 * 10**6


def test_half_a_settlement_is_not_in_force_and_its_number_is_not_used_again(
    live: Connection,
) -> None:
    """Killed between two lines: the next one has a higher number, or says the same."""
    everybody = override(None, meter="tokens.input", steps=STEPS)
    both = book(agreements=Agreements(overrides=(everybody,)))
    found = settle(live, JANUARY, both)
    assert len(found.lines) == 2
    write(live, found.lines[:1])
    assert billed(live, JANUARY) == 6_000 * 10**6
    again = settle(live, JANUARY, both)
    assert {each["generation"] for each in again.lines} == {2}
    write(live, [*again.lines, *found.lines[1:]])  # and the rest of the first came after all
    assert billed(live, JANUARY) == 5_000 * 10**6
    assert settle(live, JANUARY, both).lines == []


def test_costs_and_what_is_replayed_are_not_touched(live: Connection) -> None:
    cost = "SELECT toString(sum(cost)) FROM cost_current"
    before = live.reader.value(cost), span_of(live), plan(Direct(live), 0, 1 << 62)
    write(live, settle(live, JANUARY).lines)
    after = live.reader.value(cost), span_of(live), plan(Direct(live), 0, 1 << 62)
    assert after == before
    assert live.reader.value("SELECT count() FROM cost_current WHERE kind = 'adjustment'") == 1


def test_a_month_that_may_still_change_is_not_published(live: Connection) -> None:
    found = settle(live, JANUARY)
    refuse_open(JANUARY, found, FEBRUARY_US)
    with pytest.raises(MonthOpen, match="it is not over"):
        refuse_open(JANUARY, found, FEBRUARY_US - 1)
    write(live, [used(9, T0 + DAY_US, 1, status="provisional")])
    with pytest.raises(MonthOpen, match="1 lines are provisional"):
        refuse_open(JANUARY, settle(live, JANUARY), FEBRUARY_US)


def test_lines_in_another_currency_are_not_added_up(live: Connection) -> None:
    write(live, [used(9, T0, 1, currency="EUR")])
    with pytest.raises(CurrencyDiffers):
        settle(live, JANUARY)


def test_each_line_is_settled_at_the_tier_of_its_own_catalog(live: Connection) -> None:
    """2,000 tokens by the steps are 6,000, times 1.5 for the 500 of them under catalog-2: 6,750.

    Charged were 6,000 and, as gold, 3,000. What was published last does not matter.
    """
    later = T0 + 20 * DAY_US
    write(live, [used(9, later, 500, catalog="catalog-2", billed_cost=to_bytes(3_000 * 10**6))])
    found = settle(live, JANUARY)
    assert [one.missing for one in found.settled] == [(6_750 - 9_000) * 10**6]
    assert {each["catalog"] for each in found.lines} == {"catalog-1"}  # that of 31 January
    write(live, found.lines)
    assert billed(live, JANUARY) == 6_750 * 10**6
    assert settle(live, JANUARY).lines == []


def test_a_line_whose_catalog_is_not_there_is_not_settled_by_another(live: Connection) -> None:
    write(live, [used(9, T0, 1, catalog="lost")])
    with pytest.raises(UnknownVersion, match="lost"):
        settlement(
            Direct(live), JANUARY, Settling(AGREED, Versions(Direct(live)).catalog, "volume")
        )

"""Explanations on a real engine: the lines in force, the archive that makes them, or why not."""

from decimal import Decimal

import pytest

from clickhouse.client import Connection
from streams.core.lines import NO_MONEY
from streams.core.windows import MINUTE_US, SECOND_US
from streams.explain.explained import Asked, ExplainedWindow, explain
from streams.explain.plain import to_plain
from streams.explain.step import total
from streams.explain.text import to_text
from streams.replay.ask import Direct
from streams.replay.sharing import Sharing
from streams.replay.versions import Versions
from tests.builders.archived import Document, Live, price_book
from tests.builders.usage import T0, call, holder, interval, quantity

pytestmark = pytest.mark.integration

NAMES = """
pools: [{name: main, nodes: ['gpu-*'], idle: {share: weighted}}]
endpoints: [{name: llama, pool: main}]
"""
SHARED = "tenants: [platform, {name: acme, parent: platform}, {name: globex, parent: platform}]\n"
FEW_SPEAK = NAMES + "tenants: [acme, globex]\n"


@pytest.fixture
def live(database: Connection) -> Live:
    return Live(database)


def explained(live: Live, tenant: str, at: int = T0, pool: str = "") -> list[ExplainedWindow]:
    asker = Direct(live.database)
    found = explain(asker, Versions(asker), Asked(tenant, at, pool))
    for window in found:
        for line in window.lines:
            if line.made is not None:
                assert total(line.steps) == (line.made.money or NO_MONEY)
    return found


def text(found: list[ExplainedWindow], tenant: str) -> str:
    return "\n".join(to_text(found, tenant))


def shared_pool(live: Live) -> None:
    """An endpoint's 30 s for two tenants, 10 s of acme's own, 20 s of nobody, at 1 USD a second."""
    rules = live.publish(Document(price_book({"m": "1"}), 1), Document(NAMES, 1))
    live.send(
        rules,
        interval(holder(30 * SECOND_US, endpoint="llama"), end_us=T0 + 30 * SECOND_US),
        interval(holder(10 * SECOND_US, tenant="acme"), node="gpu-node-2"),
        interval(node="gpu-node-3", end_us=T0 + 20 * SECOND_US),
    )
    served = {"endpoint": "llama", "provider": "vllm", "model": "llama", "output_tokens": 0}
    live.send(rules, *(call(tenant="acme", **served) for _ in range(5)))
    live.send(rules, call(tenant="globex", **served, input_tokens=10_000))
    live.send(rules, call(model="m"))


def test_every_line_of_a_pool_and_of_an_api_is_explained(live: Live) -> None:
    """acme: a third of 30 s, and 10 s: 20 USD of 40, so half of 20 s idle. And 1,100 tokens."""
    shared_pool(live)
    live.close()
    found = explained(live, "acme")
    assert [window.where.pool for window in found] == ["api:openai", "main"]
    assert all(line.is_explained for window in found for line in window.lines)
    said = text(found, "acme")
    for expected in (
        "30.000000000000 x 5,000.00 / 15,000.00 = 10.000000000000",
        "20.000000000000 x 20.000000000000 / 40.000000000000 = 10.000000000000",
        "from      gw-1: 5 calls, reported as acme",
        "and 2 more",
        "10.00 x 3600.00 / 3,600 = 10.000000000000",
        "1,000 x 1.00 / 1,000,000 = 0.001000000000",
        "acme, all pools: cost 30.001100000000 USD",
        "every line is what the archive makes, and its steps add up to it",
    ):
        assert expected in said, said


def test_the_latest_window_of_a_pool_is_found(live: Live) -> None:
    rules = live.publish(Document(price_book({"m": "1"}), 1), Document(NAMES, 1))
    for minute in range(3):
        live.send(rules, call(model="m", at_us=T0 + minute * MINUTE_US))
    live.send(rules, call(model="m", tenant="globex", at_us=T0 + 5 * MINUTE_US))
    live.close()
    [window] = explained(live, "acme", at=0)
    assert window.where.start_us == T0 + 2 * MINUTE_US
    assert explained(live, "acme", at=0, pool="main") == []
    assert explained(live, "nobody", at=0) == []


def test_a_window_is_found_by_any_instant_in_it(live: Live) -> None:
    rules = live.publish(Document(price_book({"m": "1"}), 1), Document(NAMES, 1))
    live.send(rules, call(model="m"))
    live.close()
    assert len(explained(live, "acme", at=T0 + MINUTE_US - 1)) == 1
    assert explained(live, "acme", at=T0 + MINUTE_US) == []
    assert explained(live, "acme", at=T0 - 1) == []


def test_usage_of_a_name_that_is_no_tenant_says_whose_it_was(live: Live) -> None:
    rules = live.publish(Document(price_book({"m": "1"}), 1), Document(FEW_SPEAK, 1))
    live.send(rules, call(model="m", tenant="who"), call(model="m", tenant=None))
    live.close()
    said = text(explained(live, "__unattributed__"), "__unattributed__")
    assert "gw-1: 1 call, reported as who, which is no tenant of the catalog" in said
    assert "gw-1: 1 call, reported with no tenant" in said


def test_a_shared_cost_says_who_gave_it_and_by_what_it_was_split(live: Live) -> None:
    """platform's 1,100 tokens at 1 USD a million go to acme, 2 calls, and globex, 1 call."""
    catalog = SHARED + "shared_costs: [{name: team, key: proportional, tenant: platform}]\n"
    rules = live.publish(Document(price_book({"m": "1"}), 1), Document(catalog, 1))
    tenants = ("acme", "acme", "globex", "platform")
    live.send(rules, *(call(model="m", tenant=tenant) for tenant in tenants))
    live.close()
    hour = Sharing(Direct(live.database), rules.book, rules.catalog, "shared").hour(T0)
    live.store(hour.records)
    found = explained(live, "acme", pool="charge:shared")
    assert [line.is_explained for window in found for line in window.lines] == [True]
    said = text(found, "acme")
    assert "cost: its share of tenant platform, by what each costs, of 2 takers" in said
    assert "0.001100000000 x 2 / 3 = 0.000733333333, rounded so that" in said
    given = text(explained(live, "platform", pool="charge:shared"), "platform")
    assert "0 - 0.001100000000 = -0.001100000000" in given
    live.send(rules, call(model="m", tenant="globex", at_us=T0 + MINUTE_US))
    live.close()
    [changed] = explained(live, "acme", pool="charge:shared")
    assert changed.why_not is not None
    assert "`apportion share`" in changed.why_not


def test_what_came_late_is_said(live: Live) -> None:
    rules = live.publish(Document(price_book({"m": "1"}), 1), Document(NAMES, 1))
    live.send(rules, call(model="m"))
    live.close()
    live.send(rules, call(model="m"))
    [window] = explained(live, "acme")
    assert window.why_not == (
        "late batches: 1 since the window closed; `apportion repair` counts them"
    )
    said = text([window], "acme")
    assert "in force  1,000 Tokens, cost 0.001000000000 USD" in said
    assert "archive   2,000 Tokens, cost 0.002000000000 USD" in said
    assert to_plain([window], "acme")["explained"] is False


def test_what_met_two_versions_is_said(live: Live) -> None:
    old = live.publish(Document(price_book({"m": "1"}), 1), Document(NAMES, 1))
    new = live.publish(Document(price_book({"m": "3"}), 2), Document(NAMES, 1))
    live.send(old, call(model="m"))
    live.send(new, call(model="m"))
    live.close()
    [window] = explained(live, "acme")
    assert window.why_not is not None
    assert "rated under two price books" in window.why_not


def test_lines_of_an_archive_that_is_gone_say_so(live: Live) -> None:
    rules = live.publish(Document(price_book({"m": "1"}), 1), Document(NAMES, 1))
    live.send(rules, call(model="m"))
    live.close()
    live.database.writer.command("TRUNCATE TABLE usage_events")
    [window] = explained(live, "acme")
    assert window.why_not == "the archive lacks 1 of the 1 batches that these lines count"
    assert "no such line" in text([window], "acme")


def test_time_and_quantities_that_reach_over_a_window_count_by_their_part(live: Live) -> None:
    """20 s of a GPU, half of it before the window; a GB-hour a minute of an hour is 1/60."""
    prices = price_book({}) + (
        "\n  - {meter: resource.storage, model: s3-standard, price: '6', unit: GB-Hours, "
        "effective_from: 2020-01-01T00:00:00Z, source: test}"
    )
    rules = live.publish(Document(prices, 1), Document(NAMES, 1))
    begin, end = T0 - 10 * SECOND_US, T0 + 10 * SECOND_US
    live.send(rules, interval(holder(20 * SECOND_US, tenant="acme"), start_us=begin, end_us=end))
    live.send(rules, quantity("1"))
    live.close()
    said = text(explained(live, "acme"), "acme")
    assert "10.00 x 3600.00 / 3,600 = 10.000000000000" in said
    assert "gw-1: 1 GPU interval, reported as acme" in said
    assert "2025-12-31T23:59:50.000000Z: GPU-0 of gpu-node-1, held 20.00 s" in said
    assert "gw-1: 1 amount, reported as acme" in said
    costs = [
        line["in_force"]["cost"]
        for window in to_plain(explained(live, "acme"), "acme")["windows"]
        for line in window["lines"]
        if line["kind"] in {"used", "resource.storage"}
    ]
    sixtieth = Decimal("0.016666666667")  # of a GB-hour, in 12 decimals; others get less of it
    assert sorted(map(Decimal, costs)) == [6 * sixtieth, Decimal(10)]

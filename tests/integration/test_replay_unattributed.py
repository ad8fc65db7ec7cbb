"""What a catalog leaves to nobody, out of the archive: by source, reported name and model."""

import pytest

from clickhouse.client import Connection
from streams.config.catalog import load_catalog
from streams.core.catalog import Catalog
from streams.core.windows import MINUTE_US, SECOND_US
from streams.replay.ask import Direct
from streams.replay.span import Span
from streams.replay.unattributed import Reported, Spend, unattributed
from tests.builders.archived import Document, Live, price_book
from tests.builders.terms import WINDOW_US
from tests.builders.usage import H100, T0, call, holder, interval, quantity

pytestmark = pytest.mark.integration

SPAN = Span(T0, T0 + 10 * WINDOW_US, WINDOW_US)
PICO = 10**12
POOLS = "pools: [{name: h100, nodes: ['gpu-node-*']}]"
ACME_ONLY = f"{{tenants: [acme], {POOLS}}}"


def archive(database: Connection) -> None:
    """Put usage of acme, of others and of nobody into an archive, some of it twice."""
    live = Live(database)
    rules = live.publish(
        Document(price_book({"gpt-4o": "1"}), 1), Document(f"{{tenants: null, {POOLS}}}", 1)
    )
    million = {"input_tokens": 1_000_000, "output_tokens": 0}
    live.send(rules, call(tenant="acme", **million), call(tenant="ghost", **million))
    live.send(rules, call(tenant="ghost", **million), call(tenant=None, model="dark", **million))
    parts = [holder(SECOND_US, tenant="ghost"), holder(2 * SECOND_US, endpoint="llama")]
    live.send(rules, interval(*parts, start_us=T0, end_us=T0 + 10 * SECOND_US))
    live.send(rules, quantity("5", tenant="ghost", start_us=T0, end_us=T0 + MINUTE_US))


def found(
    database: Connection, catalog: Catalog
) -> dict[tuple[str | None, str, str | None], Spend]:
    """Return what is left to nobody by tenant, kind, and what it was."""
    spend = unattributed(Direct(database), SPAN, catalog)
    return {(of.tenant, of.kind, of.what): each for of, each in spend}


def test_the_largest_spend_of_nobody_comes_first(database: Connection) -> None:
    archive(database)
    spend = unattributed(Direct(database), SPAN, load_catalog(ACME_ONLY))
    ghost = Reported("gw-1", "ghost", "inference", "gpt-4o", None, "unknown_tenant", "USD")
    # Two calls of a million tokens at 1 a million; then a GPU second at 3600 an hour, 1 each.
    assert spend[0] == (ghost, Spend(2, 2_000_000, 2 * PICO))
    assert spend[1] == (ghost._replace(kind="gpu", what=H100), Spend(1, 0, PICO))
    assert [each.list_pico for _, each in spend[2:]] == [None, None]


def test_what_has_no_price_or_no_name_is_listed_too(database: Connection) -> None:
    archive(database)
    left = found(database, load_catalog(ACME_ONLY))
    assert left[None, "inference", "dark"] == Spend(1, 1_000_000, None)
    assert left["ghost", "resource", "s3-standard"] == Spend(1, 0, None)


def test_time_that_is_accrued_is_no_usage_of_an_unknown_tenant(database: Connection) -> None:
    """Of commitments and of monthly amounts: they name no tenant, and the catalog says who pays."""
    live = Live(database)
    rules = live.publish(Document(price_book({}), 1), Document(ACME_ONLY, 1))
    for kind in ("commitment:openai", "shared:licence"):
        live.send(rules, quantity("5", kind=kind, tenant=None, start_us=T0, end_us=T0 + MINUTE_US))
    assert found(database, load_catalog(ACME_ONLY)) == {}


def test_another_catalog_is_asked_what_it_would_leave(database: Connection) -> None:
    archive(database)
    assert found(database, load_catalog(f"{{{POOLS}}}")).keys() == {(None, "inference", "dark")}
    sources = "sources: [{sources: [billing], tenants: ['*']}]"
    [(of, _), *_] = unattributed(Direct(database), SPAN, load_catalog(f"{{{POOLS}, {sources}}}"))
    assert (of.source, of.tenant, of.why) == ("gw-1", "ghost", "source_not_allowed")


def test_the_begin_of_an_event_s_window_decides(database: Connection) -> None:
    archive(database)
    late = "2026-01-01T00:00:01Z"  # in the window of the events, after its begin
    catalog = load_catalog(f"{{tenants: [acme, {{name: ghost, effective_from: {late}}}], {POOLS}}}")
    assert catalog.edges(0, 1 << 60)[0] >= T0
    assert ("ghost", "inference", "gpt-4o") in found(database, catalog)

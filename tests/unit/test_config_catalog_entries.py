"""What catalogs say beside names: hierarchy, tiers, lending, shared costs, sources, dates."""

from fractions import Fraction
from pathlib import Path

import pytest

from streams.config.catalog import load_catalog
from streams.config.errors import InvalidDocument
from streams.core.pools import GPU_SCALE, Lending
from streams.core.shared_costs import SHARE_SCALE, Share
from streams.core.timeline import FOREVER
from streams.core.windows import HOUR_US

JULY_US = 1_782_864_000_000_000  # 2026-07-01T00:00:00Z
BEFORE_US = JULY_US - 1
NOON_US = JULY_US - 12 * HOUR_US


def example(root: Path) -> str:
    return (root / "examples/catalog.yaml").read_text(encoding="utf-8")


def faults(text: str) -> list[str]:
    with pytest.raises(InvalidDocument) as caught:
        load_catalog(text)
    return caught.value.faults


@pytest.mark.parametrize(
    ("text", "version"),
    [  # as releases before dated entries named them: windows of theirs are replayed by it
        ("{}", "44136fa355b3678a"),
        ("tenants: []", "e5af96b8acbf6e99"),
        (
            (
                "{tenants: [acme, globex], pools: [{name: h100, nodes: [gpu-node-*], "
                "idle: {basis: unheld_and_held_idle, share: even}}, {name: rest, nodes: ['*']}], "
                "endpoints: [{name: llama, pool: h100, basis: gpu_time, weights: {input: 1, "
                "output: 2.5, cache_read: 0.125}}, {name: qwen, pool: rest, basis: tokens}]}"
            ),
            "631c2f81b7041940",
        ),
    ],
)
def test_a_catalog_of_an_earlier_release_keeps_its_version(text: str, version: str) -> None:
    assert load_catalog(text).version == version


def test_the_built_in_catalog_keeps_its_version(root: Path) -> None:
    text = (root / "streams/config/default_catalog.yaml").read_text(encoding="utf-8")
    assert load_catalog(text).version == "8a93d9012ed11c51"


def test_a_tenant_with_only_a_name_is_the_same_written_short_and_long() -> None:
    assert load_catalog("tenants: [{name: a}]").version == load_catalog("tenants: [a]").version


def test_the_begin_of_a_window_decides_who_is_above(root: Path) -> None:
    catalog = load_catalog(example(root))
    assert catalog.ancestors("research", BEFORE_US) == ("risk",)
    assert catalog.ancestors("research", JULY_US) == ("retail",)
    assert catalog.edges(BEFORE_US, FOREVER) == [JULY_US]


def test_a_tier_is_the_nearest_ancestor_s(root: Path) -> None:
    catalog = load_catalog(example(root))
    tiers = [catalog.sla(name, JULY_US) for name in ("retail", "search", "research", "fraud")]
    assert [each and each.multiplier for each in tiers] == [Fraction("1.2")] * 3 + [None]


def test_terms_of_lending_and_reservations_are_exact(root: Path) -> None:
    pool = load_catalog(example(root)).pool("h200", JULY_US)
    assert pool.milli_gpus == 16 * GPU_SCALE
    assert pool.lending == Lending(Fraction(5, 4), Fraction(4, 5), "platform-team")
    assert {each.tenant: each.milli_gpus for each in pool.reservations} == {
        "search": 8 * GPU_SCALE,
        "fraud": 4_500,
    }


def test_a_reservation_counts_only_while_it_holds(root: Path) -> None:
    pool = load_catalog(example(root)).pool("h200", 0)
    assert [each.tenant for each in pool.reservations] == ["search"]  # fraud's begins in April


def test_shared_costs_are_exact(root: Path) -> None:
    costs = {each.name: each for each in load_catalog(example(root)).shared(JULY_US)}
    assert costs["observability"].monthly == 1800 * 10**12
    assert costs["observability"].shares == (Share("retail", 625_000), Share("risk", 375_000))
    assert sum(part.millionths for part in costs["vector-database"].drivers) == SHARE_SCALE


def test_without_sources_everybody_may_speak_of_everybody() -> None:
    catalog = load_catalog("tenants: [a]")
    assert not catalog.limits_sources
    assert catalog.said_by("anybody").tenant("a", 0) == "a"


@pytest.mark.parametrize(
    ("source", "tenant", "expected"),
    [
        ("gw-eu-1", "eu-shop", "eu-shop"),
        ("gw-eu-1", "us-shop", "__unattributed__"),
        ("gw-us-1", "eu-shop", "__unattributed__"),  # no entry speaks of gw-us-1
        ("billing", "us-shop", "us-shop"),
        ("gw-eu-1", None, "__unattributed__"),
    ],
)
def test_a_source_speaks_only_of_its_tenants(
    source: str, tenant: str | None, expected: str
) -> None:
    catalog = load_catalog(
        "sources: [{sources: ['gw-eu-*'], tenants: ['eu-*']}, {sources: [billing], tenants: ['*']}]"
    )
    assert catalog.said_by(source).tenant(tenant, 0) == expected


ANY = "{name: any, tenants: ['*'], jobs: ['*'], limit: '20.5'}"


def caps(*entries: str) -> str:
    """Return a catalog of some caps, in dollars."""
    dollars = ", ".join(f"{entry.removesuffix('}')}, currency: USD}}" for entry in entries)
    return f"job_caps: [{dollars}]"


DAILY = "{name: b, period: day, limit: '1'"


def budgets(*entries: str) -> str:
    """Return a catalog of some budgets, in dollars."""
    dollars = ", ".join(f"{entry.removesuffix('}')}, currency: USD}}" for entry in entries)
    return f"budgets: [{dollars}]"


DRIVER = "{name: d, factor: '2', effective_from: 2026-01-01T00:00:00Z}"


def planned(said: str) -> str:
    """Return a catalog of one tenant, a, and a driver from 2026 on."""
    return f"tenants: [a]\ndrivers: [{{name: d, effective_from: 2026-01-01T00:00:00Z, {said}}}]"


DATED = "effective_to: 2026-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("tenants: [7]", "tenants.0", "expected a name, or fields with one, got 7"),
        ("tenants: [{name: a, parent: b}]", "tenants.0.parent", "a tenant of this catalog"),
        ("tenants: [{name: a, level: x}]", "tenants.0.level", "one of corporate, business_unit"),
        ("tenants: [{name: a, sla: x}]", "tenants.0.sla", "a sla of this catalog"),
        (
            "tenants: [{name: a, level: feature}, {name: b, level: feature, parent: a}]",
            "tenants.1.parent",
            "a parent of a higher level than feature, got 'a' of level feature",
        ),
        ("tenants: [{name: a, parent: b}, {name: b, parent: a}]", "parent", "b -> a"),
        ("tenants: [{name: a, parent: a}]", "tenants.0.parent", "a -> a"),
        (
            f"tenants: [{{name: a, {DATED}}}, {{name: b, parent: a}}]",
            "tenants.1.parent",
            "in force as long as this, got none from 2026-01-01T00:00:00Z on",
        ),
        (
            f"tenants: [{{name: a, {DATED}}}, {{name: a, effective_from: 2025-12-31T00:00:00Z}}]",
            "tenants.1",
            "got 'a' again while one holds until 2026-01-01T00:00:00Z",
        ),
        (
            f"tenants: [{{name: a, {DATED}, effective_from: 2026-01-01T00:00:00Z}}]",
            "tenants.0.effective_to",
            "expected effective_to after effective_from",
        ),
        ("levels: [a, b, a]", "levels.2", "each level once"),
        ("pools: [{name: a, idle: {share: all}}]", "pools.0.idle.share", "'reservation'"),
        (
            "{tenants: [a], pools: [{name: p, platform_account: b}]}",
            "pools.0.platform_account",
            "a tenant of this catalog",
        ),
        (
            "pools: [{name: p, platform_account: __idle__}]",
            "pools.0.platform_account",
            "expected a tenant, or __platform__ as an account, got '__idle__'",
        ),
        (
            "{tenants: [a], pools: [{name: p, lending: {margin_account: b}}]}",
            "pools.0.lending.margin_account",
            "a tenant of this catalog",
        ),
        (
            "pools: [{name: p, reservations: [{tenant: a, gpus: 1}, {tenant: a, gpus: 2}]}]",
            "pools.0.reservations.1.tenant",
            "got 'a' again",
        ),
        (
            "pools: [{name: p, reservations: [{tenant: a, gpus: '0.0001'}]}]",
            "pools.0.reservations.0.gpus",
            "3 decimal places",
        ),
        ("{pools: [{name: p}], endpoints: [{name: e}]}", "endpoints.0", "got neither"),
        (
            "{pools: [{name: p}], endpoints: [{name: e, pools: [p, p]}]}",
            "endpoints.0.pools.0",
            "each pool once",
        ),
        ("shared_costs: [{name: c, key: even}]", "shared_costs.0", "got none of them"),
        ("shared_costs: [{name: c, key: even, pool: p}]", "pool", "a pool of this catalog"),
        ("shared_costs: [{name: c, key: even, monthly: '1'}]", "shared_costs.0", "and currency"),
        (
            "shared_costs: [{name: c, key: fixed, tenant: t, shares: {a: '40', b: '59'}}]",
            "shared_costs.0.shares",
            "sum to 100, got 99",
        ),
        ("shared_costs: [{name: c, key: fixed, tenant: t}]", "shares", "add shares"),
        (
            "shared_costs: [{name: c, key: even, tenant: t, drivers: {gpu.active: 100}}]",
            "shared_costs.0.drivers",
            "only beside key drivers",
        ),
        (
            (
                "shared_costs: [{name: c, key: even, tenant: a, among: [b]}, "
                "{name: d, key: even, tenant: b, among: [a]}]"
            ),
            "shared_costs.",
            "that go from level to level and end, got ",
        ),
        (
            "{tenants: [a, b], shared_costs: [{name: c, key: even, tenant: a}]}",
            "shared_costs.0",
            "children of the tenant",
        ),
        ("sources: [{sources: [], tenants: [a]}]", "sources.0.sources", "at least 1 item"),
        (caps("{name: c, tenants: [a], limit: '1'}"), "job_caps.0.jobs", "add jobs"),
        (caps("{name: c, tenants: [a], jobs: ['*'], limit: '0'}"), "job_caps.0.limit", "than 0"),
        (caps("{name: c, tenants: [a], jobs: [], limit: '1'}"), "job_caps.0.jobs", "1 item"),
        (caps(ANY, ANY), "job_caps.1.name", "each of job_caps once at a time, got 'any' again"),
        (
            caps(f"{{name: c, tenants: [a], jobs: [b], limit: '0.{'0' * 12}1'}}"),
            "job_caps.0.limit",
            "at most 12 decimals",
        ),
        (planned("tenant: a, per_day: '1'"), "drivers.0.currency", "add it"),
        (planned("per_hour: '1', currency: USD"), "drivers.0", "tenant or pool beside per_hour"),
        (planned("tenant: a"), "drivers.0", "got none of them"),
        (planned("tenant: a, per_day: '1', factor: '2'"), "drivers.0", "per_day and factor"),
        (planned("tenant: a, pool: api:x, factor: '2'"), "drivers.0.pool", "got both; remove one"),
        (planned("factor: '2', currency: USD"), "drivers.0.currency", "no currency beside factor"),
        (planned("tenant: b, factor: '0'"), "drivers.0.tenant", "a tenant of this catalog"),
        (planned("pool: b, factor: '0'"), "drivers.0.pool", "a pool of this catalog"),
        (planned("factor: '-1'"), "drivers.0.factor", "greater than or equal to 0"),
        (
            planned(f"tenant: a, currency: USD, per_day: '0.{'0' * 12}1'"),
            "drivers.0.per_day",
            "at most 12 decimals",
        ),
        ("drivers: [{name: d, factor: '2'}]", "drivers.0.effective_from", "is no change; add it"),
        (
            f"{{tenants: [], drivers: [{DRIVER}, {DRIVER}]}}",
            "drivers.1.name",
            "each of drivers once at a time, got 'd' again",
        ),
        (budgets("{name: b, limit: '1'}"), "budgets.0.period", "add period"),
        (budgets("{name: b, period: year, limit: '1'}"), "budgets.0.period", "month"),
        (budgets("{name: b, period: 367 days, limit: '1'}"), "budgets.0.period", "at most 366"),
        (budgets("{name: b, period: day, limit: '0'}"), "budgets.0.limit", "than 0"),
        (
            budgets(f"{{name: b, period: day, limit: '0.{'0' * 12}1'}}"),
            "budgets.0.limit",
            "at most 12 decimals",
        ),
        (budgets(f"{DAILY}, warn_at: ['1']}}"), "budgets.0.warn_at.0", "less than 1"),
        (budgets(f"{DAILY}, warn_at: ['0.5', '0.50']}}"), "budgets.0.warn_at.1", "0.50 again"),
        (budgets(f"{DAILY}, warn_at: ['0.1234567']}}"), "budgets.0.warn_at.0", "6 decimals"),
        (budgets(DAILY + "}", DAILY + "}"), "budgets.1.name", "each of budgets once at a time"),
        (
            f"{{tenants: [a], {budgets(DAILY + ', tenant: c}')}}}",
            "budgets.0.tenant",
            "a tenant of this catalog, got 'c'",
        ),
        ("notify: [{name: a, sink: ops, severities: [loud]}]", "notify.0.severities.0", "info"),
        ("notify: [{name: a, sink: 'xoxb-1 2'}]", "notify.0.sink", "[a-z][a-z0-9]*"),
        ("notify: [{name: a, sink: ops, channel: '#ops'}]", "notify.0.channel", "[A-Z][A-Z0-9]"),
        ("notify: [{name: a}]", "notify.0.sink", "add sink"),
        ("alerts: [{name: a, min_total: '-1'}]", "alerts.0.min_total", "0"),
        ("alerts: [{name: a, hours: '05:00-05:00'}]", "alerts.0.hours", "end at another time"),
        (
            "alerts: [{name: a, links: [{title: t, url: 'https://x/{user}'}]}]",
            "alerts.0.links.0.url",
            "one of alert_id, kind, model",
        ),
        (
            "alerts: [{name: a, links: [{title: t, url: 'https://x/{'}]}]",
            "alerts.0.links.0.url",
            "a brace itself is doubled",
        ),
        (
            "notify: [{name: a, sink: ops}, {name: a, sink: print}]",
            "notify.1.name",
            "each of notify once at a time, got 'a' again",
        ),
    ],
)
def test_a_fault_is_named_with_its_place(text: str, place: str, words: str) -> None:
    found = faults(text)
    assert any(place in fault.split(": ")[0] and words in fault for fault in found), found


def test_what_is_circular_only_without_its_dates_is_none() -> None:
    load_catalog(
        "tenants: [{name: a, parent: b, effective_to: 2026-01-01T00:00:00Z},"
        "{name: a, effective_from: 2026-01-01T00:00:00Z},"
        "{name: b, effective_to: 2026-01-01T00:00:00Z},"
        "{name: b, parent: a, effective_from: 2026-01-01T00:00:00Z}]"
    )


def test_a_pool_may_change_its_policy_from_one_day_to_the_next() -> None:
    catalog = load_catalog(
        "pools: [{name: p, nodes: ['*'], effective_to: 2026-07-01T00:00:00Z},"
        "{name: p, nodes: ['*'], idle: {share: even}, effective_from: 2026-07-01T00:00:00Z}]"
    )
    assert catalog.pool("p", BEFORE_US).idle.share == "weighted"
    assert catalog.pool("p", JULY_US).idle.share == "even"


@pytest.mark.parametrize(
    ("tenant", "job", "expected"),
    [
        ("research", "pretrain-7", "big"),
        ("research", "tune-7", "any"),
        ("search", "pretrain-7", "any"),
    ],
)
def test_the_first_cap_that_fits_a_job_is_its_cap(tenant: str, job: str, expected: str) -> None:
    big = "{name: big, tenants: [research], jobs: ['pretrain-*'], limit: '1'}"
    cap = load_catalog(caps(big, ANY)).job_cap(tenant, job, JULY_US)
    assert cap is not None
    assert cap.name == expected


def test_a_cap_is_exact_and_holds_from_its_begin_until_its_end() -> None:
    dated = ANY.replace("'20.5'", "'20.5', effective_to: 2026-07-01T00:00:00Z")
    catalog = load_catalog(caps(dated))
    before = catalog.job_cap("a", "j", BEFORE_US)
    assert before is not None
    assert (before.limit, before.currency) == (20_500_000_000_000, "USD")
    assert catalog.job_cap("a", "j", JULY_US) is None
    assert catalog.ever_caps("a", "j")


ROUTES = """
tenants: [{name: group}, {name: retail, parent: group}, {name: search, parent: retail}, {name: lab}]
notify:
  - {name: log, sink: print, goes_on: true}
  - {name: retail, tenants: [retail], severities: [critical], sink: ops, channel: C024BE91L}
  - {name: budgets, kinds: ["budget_*"], sink: finance, effective_from: 2026-07-01T00:00:00Z}
  - {name: rest, tenants: [group], sink: ops, channel: C061EG9SL}
"""


@pytest.mark.parametrize(
    ("tenant", "severity", "kind", "expected"),
    [
        ("search", "critical", "cost_anomaly", ["log", "retail"]),
        ("search", "warning", "cost_anomaly", ["log", "rest"]),
        ("search", "warning", "budget_burn", ["log", "budgets"]),
        ("group", "critical", "cost_anomaly", ["log", "rest"]),
        ("lab", "critical", "cost_anomaly", ["log"]),
        ("unknown", "info", "budget_warning", ["log", "budgets"]),
    ],
)
def test_an_alert_takes_the_first_route_and_those_it_goes_on_to(
    tenant: str, severity: str, kind: str, expected: list[str]
) -> None:
    names = load_catalog(ROUTES).at(JULY_US)
    assert [route.name for route in names.routes_of(tenant, severity, kind)] == expected


def test_a_route_holds_from_its_begin() -> None:
    names = load_catalog(ROUTES).at(BEFORE_US)
    assert [r.name for r in names.routes_of("search", "info", "budget_burn")] == ["log", "rest"]


RULES = """
tenants: [{name: retail}, {name: search, parent: retail}, {name: lab}]
alerts:
  - {name: night, tenants: [retail], hours: "22:00-04:00", days: [tue], muted: true}
  - {name: dear, tenants: [retail], kinds: [cost_anomaly], min_per_hour: "50.5"}
  - {name: later, muted: true, effective_from: 2026-07-01T00:00:00Z}
"""


@pytest.mark.parametrize(
    ("tenant", "kind", "at_us", "expected"),
    [
        ("search", "cost_anomaly", NOON_US, "dear"),
        ("retail", "idle_anomaly", NOON_US, ""),
        ("lab", "cost_anomaly", JULY_US, "later"),
        # June 30th of 2026 is a Tuesday
        ("search", "cost_anomaly", JULY_US - 2 * HOUR_US, "night"),
        ("search", "cost_anomaly", JULY_US + 4 * HOUR_US - 1, "night"),
        ("search", "cost_anomaly", JULY_US + 4 * HOUR_US, "dear"),
    ],
)
def test_the_first_rule_that_fits_an_alert_holds(
    tenant: str, kind: str, at_us: int, expected: str
) -> None:
    assert load_catalog(RULES).alert_rule(tenant, kind, at_us).name == expected


def test_amounts_of_a_rule_are_exact_and_have_defaults() -> None:
    rule = load_catalog(RULES).alert_rule("search", "cost_anomaly", NOON_US)
    assert (rule.min_per_hour, rule.min_total) == (50_500_000_000_000, 2_000_000_000_000)


def test_a_budget_is_as_it_was_written() -> None:
    text = (
        "{name: b, period: 7 days, limit: '2.5', tenant: __idle__, pools: ['h*'], "
        "warn_at: ['0.8', '0.5'], effective_from: 2026-07-01T00:00:00Z}"
    )
    (found,) = load_catalog(f"{{tenants: [a], {budgets(text)}}}").entries.budgets
    assert (found.budget_id, found.limit) == ("budget:b", 2_500_000_000_000)
    assert found.warn_at == (Fraction(1, 2), Fraction(4, 5)), "the least first"
    assert (found.tenant, found.pools, found.models) == ("__idle__", ("h*",), ())
    assert (found.period, found.from_us) == ("7 days", JULY_US)

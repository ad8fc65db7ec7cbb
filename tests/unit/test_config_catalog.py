"""Catalogs as people write them."""

import pytest

from streams.config.catalog import load_catalog
from streams.config.errors import InvalidDocument
from streams.core.pools import IdlePolicy, TokenWeights
from tests.builders.usage import T0

WHOLE = """
tenants: [acme, globex]
pools:
  - {name: h100, nodes: ["gpu-node-*"], idle: {basis: unheld_and_held_idle, share: even}}
  - {name: rest, nodes: ["*"]}
endpoints:
  - {name: llama, pool: h100, basis: gpu_time, weights: {input: 1, output: 2.5, cache_read: 0.125}}
  - {name: qwen, pool: rest, basis: tokens}
"""


def faults(text: str) -> list[str]:
    with pytest.raises(InvalidDocument) as caught:
        load_catalog(text)
    return caught.value.faults


def test_a_catalog_is_read_as_written() -> None:
    catalog = load_catalog(WHOLE)
    assert [catalog.tenant(name, T0) for name in ("acme", "other")] == ["acme", "__unattributed__"]
    assert [catalog.pool_of_node(n, T0) for n in ("gpu-node-7", "laptop")] == ["h100", "rest"]
    assert catalog.pool("h100", T0).idle == IdlePolicy("unheld_and_held_idle", "even")
    assert catalog.pool("rest", T0).idle == IdlePolicy("unheld", "weighted")
    assert catalog.at(T0).endpoints["llama"].weights == TokenWeights(1000, 2500, 125)
    assert catalog.at(T0).endpoints["qwen"].weights == TokenWeights(1000, 2500, 100)
    assert catalog.at(T0).endpoints["qwen"].basis == "tokens"


@pytest.mark.parametrize("text", ["{}", "tenants: null"])
def test_a_catalog_without_tenants_knows_everybody(text: str) -> None:
    assert load_catalog(text).tenant("anybody", T0) == "anybody"


def test_an_empty_list_of_tenants_knows_nobody() -> None:
    assert load_catalog("tenants: []").tenant("anybody", T0) == "__unattributed__"


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("tenants: [a, b, a]", "tenants.2", "each of tenants once"),
        ("tenants: [__idle__]", "tenants.0", "without leading __"),
        ("pools: [{name: a}, {name: a}]", "pools.1.name", "each of pools once"),
        ("pools: [{name: __unmapped__}]", "pools.0.name", "pattern"),
        ("pools: [{name: ''}]", "pools.0.name", "pattern"),
        ("pools: [{name: a, idle: {share: mine}}]", "pools.0.idle.share", "'weighted'"),
        ("pools: [{name: a, idle: {basis: all}}]", "pools.0.idle.basis", "'unheld'"),
        ("pools: [{name: a, colour: red}]", "pools.0.colour", "expected a known field"),
        ("pools: [{name: a, gpus: 1e9}]", "pools.0.gpus", "less than 1000000000, got '1e9'"),
        ("slas: [{name: a, multiplier: 1e6}]", "slas.0.multiplier", "less than 1000000, got"),
        (
            "shared_costs: [{name: s, monthly: 1e15, currency: USD, key: even}]",
            "shared_costs.0.monthly",
            "less than 1000000000000000, got",
        ),
        ("endpoints: [{name: e, pool: nowhere}]", "endpoints.0.pool", "a pool of this catalog"),
        (
            "{pools: [{name: a}], endpoints: [{name: e, pool: a, basis: both}]}",
            "endpoints.0.basis",
            "'gpu_time'",
        ),
        (
            "{pools: [{name: a}], endpoints: [{name: e, pool: a, weights: {output: -1}}]}",
            "endpoints.0.weights.output",
            "greater than or equal to 0",
        ),
        (
            "{pools: [{name: a}], endpoints: [{name: e, pool: a, weights: {output: 0.0001}}]}",
            "endpoints.0.weights.output",
            "3 decimal places",
        ),
        (
            "{pools: [{name: a}], endpoints: [{name: e, pool: a}, {name: e, pool: a}]}",
            "endpoints.1.name",
            "each of endpoints once",
        ),
        ("", "line 1, column 1", "fields with values, got null; write each as"),
        ("tenants: ['']", "tenants.0.name", "at least 1 character"),
        ("tenants: [{name: a, effective_from: 20240101}]", "tenants.0.effective_from", "write it"),
        (
            "tenants: [{name: a, effective_from: '1704067200'}]",
            "tenants.0.effective_from",
            "expected an instant, got '1704067200'; write it like 2026-01-31T00:00:00Z",
        ),
        (
            "tenants: [a, b]\nshared_costs: [{name: s, tenant: a, key: even, among: [b, b]}]",
            "shared_costs.0.among.1",
            "each of among once, got 'b' again; remove one",
        ),
        ("a: [", "line 2, column 1", "expected YAML, got an error while parsing a flow node"),
    ],
)
def test_a_fault_is_named_with_its_place(text: str, place: str, words: str) -> None:
    (fault,) = faults(text)
    assert f"{place}: " in fault
    assert words in fault


def test_all_faults_are_reported_together() -> None:
    found = faults("{tenants: [1], pools: [{nodes: x}], endpoints: [{name: '', pool: a}], x: 1}")
    places = {fault.split(":", 1)[0].split(", ")[-1] for fault in found}
    assert places >= {"pools.0.name", "pools.0.nodes", "endpoints.0.name", "x"}


def test_all_faults_of_names_are_reported_together() -> None:
    text = """
tenants: [a, a, __b]
pools: [{name: p}, {name: p}]
endpoints: [{name: e, pool: lost}, {name: e, pool: p}]
"""
    found = "\n".join(faults(text))
    for words in (
        "each of tenants",
        "leading __",
        "each of pools",
        "each of endpoints",
        "a pool of this catalog",
    ):
        assert words in found


def test_the_version_does_not_depend_on_comments_layout_and_defaults() -> None:
    other = "# same\n" + WHOLE.replace(", basis: gpu_time", "").replace(
        "[acme, globex]", "[ acme,globex ]"
    )
    assert load_catalog(other).version == load_catalog(WHOLE).version


@pytest.mark.parametrize(
    ("old", "new"),
    [("globex", "other"), ("even", "separate"), ("2.5", "2.4"), ("gpu-node-*", "node-*")],
)
def test_the_version_depends_on_what_is_said(old: str, new: str) -> None:
    assert load_catalog(WHOLE.replace(old, new)).version != load_catalog(WHOLE).version


def test_a_pool_cannot_take_the_name_of_one_that_follows_from_use() -> None:
    with pytest.raises(InvalidDocument, match="api:openai"):
        load_catalog("pools: [{name: 'api:openai'}]")

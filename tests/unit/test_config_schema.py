"""The JSON schemas of price books and catalogs: complete, and as strict as reading on the rest."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from streams.config import catalog_document, price_document
from streams.config.document import Whole, read
from streams.config.json_schema import json_schema
from streams.config.price_book import load_price_book
from streams.config.yaml_content import content

KINDS: dict[str, type[Whole]] = {
    "prices": price_document.Document,
    "catalog": catalog_document.Document,
}


def schema(kind: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json_schema(KINDS[kind], kind))
    return found


def as_json(value: object) -> object:
    """Return content as an editor sees it, to which an instant is text."""
    match value:
        case dict():
            return {key: as_json(each) for key, each in value.items()}
        case list():
            return [as_json(each) for each in value]
        case date():
            return value.isoformat()
    return value


def wrong(kind: str, text: str) -> list[str]:
    validator = Draft202012Validator(schema(kind))
    return [fault.json_path for fault in validator.iter_errors(as_json(content(text)[0]))]


def fields(kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    whole = schema(kind)
    for name, each in {kind: whole, **whole["$defs"]}.items():
        yield from ((f"{name}.{field}", said) for field, said in each["properties"].items())


@pytest.mark.parametrize("kind", KINDS)
def test_a_schema_is_one(kind: str) -> None:
    Draft202012Validator.check_schema(schema(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_is_explained(kind: str) -> None:
    assert [name for name, said in fields(kind) if not said.get("description")] == []


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("prices", "examples/prices.yaml"),
        ("prices", "streams/config/default_prices.yaml"),
        ("prices", "tests/scenarios/prices.yaml"),
        ("catalog", "examples/catalog.yaml"),
        ("catalog", "streams/config/default_catalog.yaml"),
    ],
)
def test_documents_that_ship_follow_their_schema(root: Path, kind: str, path: str) -> None:
    text = (root / path).read_text(encoding="utf-8")
    assert wrong(kind, text) == []
    read(KINDS[kind], text, kind)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("{currency: usd, prices: []}", "$.currency"),
        ("{currency: USD, price: []}", "$"),
        ("{currency: USD, models: [{modell: a}]}", "$.models[0]"),
        ("{currency: USD, models: [{model: a, hours: 16-18}]}", "$.models[0].hours"),
        ("{currency: USD, models: [{model: a, per_unit: {image: 1}}]}", "$.models[0].per_unit"),
        ("{currency: USD, overrides: [{discount: 2}]}", "$.overrides[0].discount"),
    ],
)
def test_a_schema_finds_what_reading_finds(text: str, path: str) -> None:
    assert path in wrong("prices", text)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("tenants: [7]", "$.tenants"),
        ("tenants: [{parent: a}]", "$.tenants"),
        ("pools: [{name: a, idle: {share: mine}}]", "$.pools[0].idle.share"),
        ("pools: [{name: a, reservations: [{gpus: 1}]}]", "$.pools[0].reservations[0]"),
        ("shared_costs: [{name: a, key: odd}]", "$.shared_costs[0].key"),
        ("sources: [{sources: [], tenants: [a]}]", "$.sources[0].sources"),
    ],
)
def test_the_schema_of_catalogs_does_too(text: str, path: str) -> None:
    assert path in wrong("catalog", text)
    assert wrong("catalog", "tenants: [a, {name: b}]") == []


@pytest.mark.parametrize("kind", ["prices", "catalog"])
def test_the_example_shows_every_field(root: Path, kind: str) -> None:
    text = (root / f"examples/{kind}.yaml").read_text(encoding="utf-8")
    shown = {key for entry in entries(content(text)[0]) for key in entry}
    known = {name.rpartition(".")[2] for name, _ in fields(kind)}
    assert known - shown == set()


def entries(said: object) -> Iterator[dict[str, object]]:
    if isinstance(said, dict):
        yield said
    for each in said.values() if isinstance(said, dict) else said if isinstance(said, list) else ():
        yield from entries(each)


@pytest.mark.parametrize("kind", ["prices", "catalog"])
def test_an_example_names_its_schema(root: Path, kind: str) -> None:
    path = root / "examples" / f"{kind}.yaml"
    first = path.read_text(encoding="utf-8").splitlines()[0]
    named = first.removeprefix("# yaml-language-server: $schema=")
    published = json.loads((path.parent / named).read_text(encoding="utf-8"))
    assert published["properties"].keys() == schema(kind)["properties"].keys()


def test_the_example_prices_what_it_says(root: Path) -> None:
    book = load_price_book((root / "examples/prices.yaml").read_text(encoding="utf-8"))
    h200 = {p.purchase: p.rate for p in book.prices if p.model == "NVIDIA H200"}
    assert h200 == {None: 7_912_000_000_000, "reserved": 4_800_000_000_000}  # an eighth of a node

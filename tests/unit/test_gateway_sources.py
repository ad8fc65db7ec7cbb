"""Who may send, by token, and of whom: the file of sources, and what a catalog grants."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from agents.errors import CatalogUnreadable, SourcesInvalid
from agents.gateway.grants import FIELDS, grants_in
from agents.gateway.sources import Sources, SourcesInForce, new_token, read
from streams.config.catalog import load_catalog
from streams.config.catalog_tenants import Source
from tests.gateway_parts import OTHER, TOKEN, hash_of

DAY_US = 86_400_000_000


def write(path: Path, *entries: object) -> Path:
    path.write_text(yaml.safe_dump({"sources": [*entries]}))
    return path


def test_a_made_token_is_known_by_its_hash(tmp_path: Path) -> None:
    token, hashed = new_token()
    sources = read(write(tmp_path / "s.yaml", {"name": "app", "tokens": [hashed]}))
    found = sources.who(token)
    assert found is not None
    assert found.declared.name == "app"
    assert sources.who(token[:-1]) is None
    assert sources.who(hashed) is None


def test_a_source_may_have_several_tokens_for_a_while(tmp_path: Path) -> None:
    entry = {"name": "app", "tokens": [hash_of(TOKEN), hash_of(OTHER)]}
    sources = read(write(tmp_path / "s.yaml", entry))
    assert sources.who(TOKEN) == sources.who(OTHER)
    assert len(sources) == 1


def test_short_tokens_are_none_even_if_somebody_put_their_hash_there(tmp_path: Path) -> None:
    sources = read(write(tmp_path / "s.yaml", {"name": "a", "tokens": [hash_of("secret")]}))
    assert sources.who("secret") is None


def test_no_sources_know_nobody() -> None:
    assert Sources([]).who(TOKEN) is None


@pytest.mark.parametrize(
    ("entries", "fault"),
    [
        ([{"name": "a"}], "tokens"),
        ([{"name": "a", "tokens": [TOKEN]}], "tokens"),  # the token itself, not its hash
        ([{"name": "a", "tokens": [hash_of(TOKEN)], "colour": 1}], "colour"),
        ([{"name": "a", "tokens": [hash_of(TOKEN)], "dialects": ["smoke"]}], "dialects"),
        ([{"name": "a", "tokens": [hash_of(TOKEN)], "fields": {"price": "x"}}], "fields"),
        ([{"name": "a", "tokens": [hash_of(TOKEN)]}, {"name": "b", "tokens": [hash_of(TOKEN)]}],
         "token of its own"),
        ([{"name": "a", "tokens": [hash_of(TOKEN)]}, {"name": "a", "tokens": [hash_of(OTHER)]}],
         "name of its own"),
    ],
)  # fmt: skip
def test_a_file_with_a_mistake_is_refused_without_its_secrets(
    tmp_path: Path, entries: list[object], fault: str
) -> None:
    with pytest.raises(SourcesInvalid) as raised:
        read(write(tmp_path / "s.yaml", *entries))
    assert fault in str(raised.value)
    assert TOKEN not in str(raised.value)


@pytest.mark.parametrize("text", ["", "sources: [", "- 1", "sources: 3"])
def test_what_is_no_file_of_sources_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(text)
    with pytest.raises(SourcesInvalid):
        read(path)
    with pytest.raises(SourcesInvalid, match=r"collector\.md"):
        read(tmp_path / "none.yaml")


def test_the_file_is_followed_and_a_mistake_in_it_changes_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "s.yaml", {"name": "app", "tokens": [hash_of(TOKEN)]})
    sources = SourcesInForce(path)
    assert not sources.look()
    path.write_text("sources: [{}]")
    assert not sources.look()
    assert "cannot be used" in str(sources.refused)
    assert knows(sources, TOKEN)
    path.unlink()
    assert not sources.look()
    write(path, {"name": "app", "tokens": [hash_of(OTHER)]})
    assert sources.look()
    assert (sources.refused, knows(sources, TOKEN), knows(sources, OTHER)) == (None, False, True)


def knows(sources: SourcesInForce, token: str) -> bool:
    return sources.now.who(token) is not None


GRANTS = """
sources:
  - {sources: [kong-*], tenants: [acme, "eu-*"]}
  - {sources: [app], tenants: ["*"], effective_from: 1970-01-02T00:00:00Z}
  - {sources: ["?d"], tenants: ["[a-c]*"], effective_to: 1970-01-03T00:00:00Z, precedence: 2}
"""
NAMES = st.sampled_from(
    ["kong-eu", "kong-", "KONG-eu", "app", "od", "acme", "eu-1", "EU-1", "acme2", "b", "", "*"]
)


@given(source=NAMES, tenant=NAMES, at_us=st.integers(1, 4 * DAY_US))
def test_a_catalog_grants_here_what_it_grants_the_processors(
    source: str, tenant: str, at_us: int
) -> None:
    theirs = load_catalog(GRANTS).at(at_us).may_speak(source, tenant)
    assert grants_in(GRANTS, "a test", "1").may_speak(source, tenant, at_us) == theirs


def test_all_that_an_entry_of_the_catalog_may_say_is_understood() -> None:
    """Or a catalog that the processors take would silently grant nothing here."""
    assert Source.model_fields.keys() == FIELDS


def test_of_nobody_anybody_may_speak() -> None:
    assert grants_in(GRANTS, "a test", "1").may_speak("stranger", None, 1)


@pytest.mark.parametrize("text", ["", "tenants: [acme]", "sources: []"])
def test_without_the_section_any_source_may_speak_of_any_tenant(text: str) -> None:
    assert grants_in(text, "a test", "1").may_speak("anybody", "anyone", 1)


@pytest.mark.parametrize(
    "entry",
    [
        "{sources: [app]}",
        "{sources: app, tenants: [acme]}",
        "{sources: [app], tenants: [acme], of_the_future: 1}",
        "{sources: [app], tenants: [acme], effective_from: someday}",
        "acme",
    ],
)
def test_an_entry_that_is_not_understood_grants_nothing(entry: str) -> None:
    assert not grants_in(f"sources: [{entry}]", "a test", "1").may_speak("app", "acme", 1)


@pytest.mark.parametrize("text", ["sources: {a: 1}", "- 1", "a: ["])
def test_what_is_no_catalog_is_refused(text: str) -> None:
    with pytest.raises(CatalogUnreadable):
        grants_in(text, "a test", "1")

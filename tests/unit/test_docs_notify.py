"""What the page about notify shows is so: routes, settings, scopes, how a webhook is verified."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from streams.config.catalog import load_catalog
from streams.notify.webhook import body_of, id_of, key_of, signed
from streams.settings import load
from tests.builders.alerts import whole

PAGE = (Path(__file__).resolve().parent.parent.parent / "docs/notify.md").read_text("utf-8")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - the specification's example


def block(kind: str, words: str) -> str:
    """Return the block of a kind that has some words in it."""
    [found] = [
        each for each in re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL) if words in each
    ]
    return str(found)


def test_its_routes_are_a_catalog_s_and_its_sinks_those_of_its_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    routes = load_catalog(block("yaml", "notify:")).entries.routes
    (tmp_path / "key").write_text(SECRET)
    for line in block("sh", "# the environment").splitlines()[1:]:
        name, _, value = line.partition("=")
        monkeypatch.setenv(name, str(tmp_path / "key") if name.endswith("_FILE") else value)
    assert {each.sink for each in routes} == {"print", *load().notify.sinks}


def test_its_manifest_asks_for_what_is_used_and_no_more() -> None:
    manifest = cast("dict[str, Any]", yaml.safe_load(block("yaml", "oauth_config")))
    scopes = manifest["oauth_config"]["scopes"]
    assert scopes == {"bot": ["chat:write", "channels:history", "groups:history"]}


def test_its_receiver_takes_what_is_ours_and_nothing_else() -> None:
    space: dict[str, Any] = {}
    exec(block("python", "def verified"), space)  # noqa: S102 - our own page
    verified = cast("Callable[[str, dict[str, str], bytes], bool]", space["verified"])
    alert = whole()
    body, now_s = body_of(alert), int(time.time())
    headers = signed(key_of(SECRET), id_of(alert), now_s, body)
    assert verified(SECRET, headers, body)
    assert not verified(SECRET, headers, body + b" ")
    assert not verified(SECRET, headers | {"webhook-id": "msg_0"}, body)
    assert not verified(SECRET, signed(key_of(SECRET), id_of(alert), now_s - 999, body), body)

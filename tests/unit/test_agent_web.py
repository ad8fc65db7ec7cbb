"""What an agent serves: /metrics, /health, and nothing else."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pytest
from prometheus_client import CollectorRegistry, Counter

from agents.web import served


@dataclass
class Part:
    """Something that can be well or not."""

    is_ok: bool = True
    detail: dict[str, object] = field(default_factory=lambda: {"why_not": None})

    def health(self) -> tuple[bool, Mapping[str, object]]:
        return self.is_ok, self.detail


@pytest.fixture
def part() -> Part:
    return Part()


@pytest.fixture
def url(part: Part) -> Iterator[str]:
    registry = CollectorRegistry()
    Counter("looks", "Looks.", registry=registry).inc(3)
    with served("127.0.0.1", 0, registry, part.health) as port:
        yield f"http://127.0.0.1:{port}"


def got(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=30.0) as answer:  # noqa: S310 - loopback
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_metrics_are_in_prometheus_text(url: str) -> None:
    status, text = got(f"{url}/metrics")
    assert status == 200
    assert "looks_total 3.0" in text


def test_health_answers_by_its_status(url: str, part: Part) -> None:
    assert got(f"{url}/health") == (200, '{"ok": true, "why_not": null}')
    part.is_ok, part.detail = False, {"why_not": "no look"}
    status, text = got(f"{url}/health")
    assert (status, json.loads(text)) == (503, {"ok": False, "why_not": "no look"})


def test_there_is_nothing_else(url: str) -> None:
    assert got(f"{url}/")[0] == 404
    assert got(f"{url}/metrics/x")[0] == 404


def test_a_port_that_is_taken_is_an_error_not_another_port(url: str, part: Part) -> None:
    port = int(url.rpartition(":")[2])
    with (
        pytest.raises(OSError, match="in use"),
        served("127.0.0.1", port, CollectorRegistry(), part.health),
    ):
        raise AssertionError("expected the port to be refused")

"""What every part serves over HTTP."""

import asyncio
import json
import urllib.error
import urllib.request

import pytest
from prometheus_client import CollectorRegistry

from streams.metrics import Metric, Metrics
from streams.settings import WebSettings
from streams.web import Health, serve

pytestmark = pytest.mark.integration


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=10) as response:  # noqa: S310 - our own loopback
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def served(path: str, health: Health, registry: CollectorRegistry | None = None) -> tuple[int, str]:
    async def ask() -> tuple[int, str]:
        async with serve(WebSettings(), registry or CollectorRegistry(), lambda: health) as port:
            return await asyncio.to_thread(get, f"http://127.0.0.1:{port}{path}")

    return asyncio.run(ask())


def test_a_part_that_works_answers_200() -> None:
    status, text = served("/health", Health(ok=True, detail={"lag": 3}))
    assert (status, json.loads(text)) == (200, {"ok": True, "lag": 3})


def test_a_part_that_does_not_work_answers_503_and_why() -> None:
    status, text = served("/health", Health(ok=False, detail={"why": "no partitions yet"}))
    assert (status, json.loads(text)) == (503, {"ok": False, "why": "no partitions yet"})


def test_metrics_are_what_was_counted() -> None:
    registry = CollectorRegistry()
    Metrics(registry, "meter").count(Metric.RECORDS_IN, 3, topic="usage.gpu.v1")
    status, text = served("/metrics", Health(ok=True), registry)
    assert status == 200
    counted = 'apportion_records_in_total{processor="meter",topic="usage.gpu.v1"} 3.0'
    assert counted in text.splitlines()


def test_nothing_else_is_served() -> None:
    assert served("/", Health(ok=True))[0] == 404


def test_a_taken_port_is_an_error() -> None:
    async def twice() -> None:
        registry = CollectorRegistry()
        async with serve(WebSettings(), registry, lambda: Health(ok=True)) as port:
            again = serve(WebSettings(port=port), registry, lambda: Health(ok=True))
            await again.__aenter__()

    with pytest.raises(OSError, match="address already in use"):
        asyncio.run(twice())

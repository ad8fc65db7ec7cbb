"""The real OpenTelemetry SDK exports to a collector that is killed: totals are what was sent."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.kafka import create_topics
from streams.settings import KafkaSettings
from tests import brokers
from tests.gateway_parts import TOKEN, hash_of
from tests.gateway_process import CollectorProcess, events, payloads, write_sources
from tests.outbox_parts import wait_until
from tests.peers.environment import ROOT, program

pytestmark = pytest.mark.integration

SENDERS = 3
SPANS = 400  # of a sender
KILLS = 3
WAIT_S = 200.0


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[CollectorProcess]:
    source = {"name": "app", "tokens": [hash_of(TOKEN)], "unsampled": True,
              "tenant_from": "tenant.id", "events_per_s": 1_000_000.0}  # fmt: skip
    write_sources(tmp_path, source)
    with brokers.running(tmp_path) as address:
        create_topics(KafkaSettings(bootstrap=address))
        process = CollectorProcess(folder=tmp_path, kafka=address)
        yield process
        process.kill()


def sender(collector: CollectorProcess, seed: int) -> subprocess.Popen[str]:
    script = ROOT / "tests" / "peers" / "otel_sender.py"
    url = f"http://127.0.0.1:{collector.port}"
    return subprocess.Popen(
        [program("python"), str(script), url, TOKEN, str(SPANS), str(seed)],
        stdout=subprocess.PIPE,
        text=True,
    )


def test_totals_are_what_the_sdk_sent_though_the_collector_is_killed(
    collector: CollectorProcess,
) -> None:
    collector.start()
    wait_until(lambda: bool((collector.health() or {}).get("ok")))
    senders = [sender(collector, seed) for seed in range(SENDERS)]
    for _ in range(KILLS):
        wait_until(lambda: collector.metric("apportion_collector_events_total") > 0)
        collector.kill()
        collector.start()
    told = [json.loads(each.communicate(timeout=WAIT_S)[0]) for each in senders]
    assert collector.stop() == 0
    arrived = events(payloads(collector.kafka))
    assert len(arrived) == len({event["request_id"] for event in arrived}) == SENDERS * SPANS
    totals = {
        "input": sum(event["input_tokens"] for event in arrived),
        "output": sum(event["output_tokens"] for event in arrived),
        "cached": sum(event["cache_read_tokens"] for event in arrived),
        "calls": len(arrived),
    }
    assert totals == {name: sum(each[name] for each in told) for name in totals}
    assert {event["tenant"] for event in arrived} == {"acme"}

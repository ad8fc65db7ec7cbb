"""How `apportion tail` shows a message."""

import json

import pytest

from schemas.codec import Codec
from schemas.decimals import to_bytes
from streams.cli.tail import line, resolve
from streams.errors import UnknownTopic
from streams.kafka import Entry

AT_MS = 1_700_000_000_000
WINDOW_US = 1_700_000_040_000_000
COST_LINE: dict[str, object] = {
    "line_id": "l1",
    "window_start_us": WINDOW_US,
    "window_end_us": WINDOW_US + 60_000_000,
    "pool": "h100",
    "tenant": "acme",
    "project": None,
    "kind": "used",
    "meter": "gpu",
    "provider": None,
    "model": None,
    "endpoint": None,
    "job": None,
    "unit": "GPU-Hours",
    "quantity": to_bytes(1),
    "cost": to_bytes(-96_791_325_000_001),
    "currency": "USD",
    "events": 3,
    "price_book": "b",
    "catalog": "c",
    "generation": 0,
    "revision": 2,
    "status": "final",
}
PARTIAL: dict[str, object] = {
    "window_start_us": WINDOW_US,
    "window_end_us": WINDOW_US + 60_000_000,
    "pool": "h100",
    "source": "s",
    "epoch": 1,
    "seq": 0,
    "origin": "usage.gpu.v1:0",
    "currency": "USD",
    "price_book": "b",
    "catalog": "c",
    "idle_basis": "unheld",
    "idle_share": "weighted",
    "capacity_events": 1,
    "sums": [
        {
            "tenant": None,
            "project": None,
            "provider": None,
            "model": "m",
            "endpoint": None,
            "job": None,
            "events": 1,
            "meters": [
                {
                    "name": "gpu.active",
                    "unit": "GPU-Microseconds",
                    "quantity": to_bytes(2**70),
                    "amount": None,
                    "divisor": 1,
                }
            ],
        }
    ],
}


def shown(value: bytes | None, key: bytes | None = b"acme") -> dict[str, object]:
    text = line(Codec(), "cost.line.v1", Entry(key, value, partition=1, offset=7, at_ms=AT_MS))
    assert "\n" not in text
    content: dict[str, object] = json.loads(text)
    return content


def test_a_message_is_one_json_object_with_its_place() -> None:
    content = shown(Codec().encode("CostLine", COST_LINE))
    assert {name: content[name] for name in ("topic", "partition", "offset", "key", "record")} == {
        "topic": "cost.line.v1",
        "partition": 1,
        "offset": 7,
        "key": "acme",
        "record": "CostLine",
    }
    assert content["at"] == "2023-11-14T22:13:20.000000Z"


def test_amounts_are_exact_strings_and_instants_iso() -> None:
    value = shown(Codec().encode("CostLine", COST_LINE))["value"]
    assert isinstance(value, dict)
    assert value["cost"] == "-96.791325000001"
    assert value["quantity"] == "0.000000000001"
    assert value["window_start_us"] == "2023-11-14T22:14:00.000000Z"
    assert (value["project"], value["status"], value["revision"]) == (None, "final", 2)


def test_integers_beyond_64_bits_are_decimal_digits() -> None:
    value = shown(Codec().encode("Partial", PARTIAL))["value"]
    assert isinstance(value, dict)
    [meter] = value["sums"][0]["meters"]
    assert (meter["quantity"], meter["amount"]) == (str(2**70), None)


def test_an_instant_no_calendar_has_stays_a_number() -> None:
    close = {"owner": "o", "through_us": 2**62}
    value = shown(Codec().encode("Close", close))["value"]
    assert value == {"owner": "o", "through_us": 2**62}


def test_bytes_that_are_no_record_are_shown_as_hex() -> None:
    content = shown(b"\xff\x00garbage", key=None)
    assert (content["record"], content["error"], content["key"]) == (None, "not_avro", None)
    assert content["bytes"] == b"\xff\x00garbage".hex()


def test_a_tombstone_has_no_value() -> None:
    content = shown(None)
    assert (content["record"], content["value"]) == (None, None)


@pytest.mark.parametrize("name", ["cost.line", "cost.line.v1"])
def test_a_topic_is_found_with_and_without_its_version(name: str) -> None:
    assert resolve(name) == "cost.line.v1"


@pytest.mark.parametrize("name", ["cost", "cost.line.v9", ""])
def test_an_unknown_topic_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(UnknownTopic, match=r"cost\.line\.v1"):
        resolve(name)

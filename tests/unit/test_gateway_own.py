"""Our own JSON and CloudEvents as calls."""

from typing import Any

import pytest

from agents.gateway.normalise.cloudevents import from_cloudevent
from agents.gateway.normalise.outcome import Call, Declared, Outcome, Refused
from agents.gateway.normalise.own import UsageEvent, from_own
from schemas.decimals import ONE, to_bytes
from schemas.records import InferenceUsage
from tests.gateway_parts import OWN

SOURCE = Declared(name="app")
RECEIVED = "2026-11-21T09:01:00+00:00"
AT_US = 1_795_251_607_000_000
EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "type": "prompt",
    "id": "00001",
    "time": "2026-11-21T09:00:07Z",
    "source": "service-0",
    "subject": "acme",
    "data": {"provider": "openai", "model": "gpt-4o", "tokens": "123", "type": "input"},
}


def event(outcome: Outcome) -> dict[str, Any]:
    assert isinstance(outcome, Call), outcome
    return dict(outcome.event)


def test_an_object_is_a_call() -> None:
    told = {key: value for key, value in event(from_own(OWN, SOURCE)).items() if value is not None}
    assert told == {
        "request_id": "r-1",
        "at_us": AT_US,
        "tenant": "acme",
        "provider": "openai",
        "model": "gpt-4o",
        "input_tokens": 1000,
        "output_tokens": 300,
        "gateway": "app",
    }


def test_amounts_are_exact_and_instants_keep_their_offset() -> None:
    told = event(from_own({
        **OWN,
        "quantities": [{"meter": "call.images_output", "unit": "Images", "quantity": "2.5"}],
        "reported_cost": 8.25e-05, "reported_currency": "USD",
        "started_at": "2026-11-21T10:00:05+01:00",
    }, SOURCE))  # fmt: skip
    assert told["quantities"][0]["quantity"] == to_bytes(5 * ONE // 2)
    assert told["reported_cost"] == to_bytes(82_500_000)
    assert told["started_at_us"] == AT_US - 2_000_000


def test_every_field_of_the_model_is_a_field_of_an_event() -> None:
    known = InferenceUsage.__required_keys__ | InferenceUsage.__optional_keys__
    renamed = {"at": "at_us", "started_at": "started_at_us", "first_token_at": "first_token_at_us"}
    assert {renamed.get(name, name) for name in UsageEvent.model_fields} <= known


@pytest.mark.parametrize(
    "change",
    [
        {"request_id": None},
        {"request_id": ""},
        {"at": "2026-11-21T09:00:07"},
        {"at": "1999-01-01T00:00:00Z"},
        {"input_tokens": -1},
        {"input_tokens": 2**63},
        {"input_tokens": 1.5},
        {"messages": [{"content": "text"}]},
        {"model": "x" * 257},
        {"tenant": "\ud800"},
        {"error_type": "a message with spaces"},
        {"reported_cost": 1},
        {"reported_cost": "1e999999999", "reported_currency": "USD"},
        {"quantities": [{"meter": "call.pages", "unit": "Pages", "quantity": -1}]},
        {"attempt": 2**31},
        {"at": 1795251607},
        {"input_tokens": True},
        {"input_tokens": "12"},
        {"is_stream": "yes"},
        {"reported_cost": True, "reported_currency": "USD"},
    ],
)
def test_what_cannot_be_billed_is_refused(change: dict[str, object]) -> None:
    outcome = from_own({**OWN, **change}, SOURCE)
    assert isinstance(outcome, Refused)
    assert "content" not in outcome.detail
    assert "text" not in outcome.detail


def test_what_is_no_object_is_refused() -> None:
    assert isinstance(from_own([1], SOURCE), Refused)


def test_the_declared_tenant_wins_over_what_a_payload_says() -> None:
    assert event(from_own(OWN, Declared(name="app", tenant="globex")))["tenant"] == "globex"


def test_a_cloudevent_with_tokens_and_a_type_is_a_call() -> None:
    outcome = from_cloudevent(EVENT, SOURCE, RECEIVED)
    told = {key: value for key, value in event(outcome).items() if value is not None}
    assert told == {
        "request_id": "00001",
        "at_us": AT_US,
        "tenant": "acme",
        "provider": "openai",
        "model": "gpt-4o",
        "input_tokens": 123,
        "gateway": "app",
    }
    assert isinstance(outcome, Call)
    assert outcome.identity == ("cloudevent", "service-0", "00001")


@pytest.mark.parametrize(
    ("data", "field", "count"),
    [
        ({"tokens": 5, "type": "output"}, "output_tokens", 5),
        ({"tokens": 5, "type": "prompt"}, "input_tokens", 5),
        ({"prompt_tokens": 5, "completion_tokens": 6, "total_tokens": 11}, "output_tokens", 6),
        ({"input_tokens": "7"}, "input_tokens", 7),
    ],
)
def test_the_ways_in_which_clients_count(data: dict[str, object], field: str, count: int) -> None:
    told = {**EVENT, "data": {"provider": "openai", "model": "gpt-4o", **data}}
    assert event(from_cloudevent(told, SOURCE, RECEIVED))[field] == count


def test_an_event_without_a_time_ended_when_it_came() -> None:
    told = {key: value for key, value in EVENT.items() if key != "time"}
    assert event(from_cloudevent(told, SOURCE, RECEIVED))["at_us"] == AT_US + 53_000_000


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"specversion": "0.3"}, "bad_event"),
        ({"id": None}, "missing_name"),
        ({"source": ""}, "missing_name"),
        ({"data": None}, "bad_event"),
        ({"data": {"provider": "openai", "model": "m", "tokens": 5}}, "unknown_direction"),
        ({"data": {"tokens": 5, "type": "input"}}, "bad_event"),
        (
            {"data": {"provider": "openai", "model": "m", "tokens": "x", "type": "input"}},
            "bad_count",
        ),
    ],
)
def test_a_cloudevent_that_cannot_be_billed_is_refused_with_a_reason(
    change: dict[str, object], reason: str
) -> None:
    outcome = from_cloudevent({**EVENT, **change}, SOURCE, RECEIVED)
    assert isinstance(outcome, Refused)
    assert outcome.reason == reason

"""Envoy AI Gateway's access logs as calls, by documented and by declared names."""

from typing import Any

import pytest

from agents.gateway.normalise.access_log import from_access_log
from agents.gateway.normalise.outcome import Call, Declared, Ignored, Outcome, Refused

SOURCE = Declared(
    name="envoy", providers={"default/openai/*": "openai"}, fields={"tenant": "x-team"}
)
LINE: dict[str, Any] = {
    "genai_backend_name": "default/openai/route/r/rule/0/ref/0",
    "genai_model_name": "gpt-4o-mini",
    "genai_model_name_override": None,
    "genai_tokens_input": 15,
    "genai_tokens_output": 7,
    "genai_tokens_total": 22,
    "start_time": "2025-08-30T16:51:37.894Z",
    "duration": 1526,
    "response_code": 200,
    "response_flags": "-",
    "x-request-id": "83b63da3-45a9-4196-98b8-1a7f697d6d8d",
    "x-team": "acme",
    "user-agent": "curl/8.7.1",
}
START_US = 1_756_572_697_894_000


def read(source: Declared = SOURCE, **changes: object) -> Outcome:
    return from_access_log({**LINE, **changes}, source)


def event(outcome: Outcome) -> dict[str, Any]:
    assert isinstance(outcome, Call), outcome
    return dict(outcome.event)


def test_a_line_is_a_call() -> None:
    told = {key: value for key, value in event(read()).items() if value is not None}
    assert told == {
        "at_us": START_US + 1_526_000,
        "started_at_us": START_US,
        "tenant": "acme",
        "provider": "openai",
        "model": "gpt-4o-mini",
        "request_id": "83b63da3-45a9-4196-98b8-1a7f697d6d8d",
        "input_tokens": 15,
        "output_tokens": 7,
        "status": "ok",
        "usage_source": "provider",
        "gateway": "envoy",
    }


def test_the_names_of_the_conventions_are_read() -> None:
    line = {
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.request.model_override": "gpt-4o-eu",
        "gen_ai.provider.name": "openai",
        "gen_ai.usage.input_tokens": "12",
        "gen_ai.usage.output_tokens": "3",
        "start_time": "2025-08-30T16:51:37.894Z",
        "x-request-id": "r",
    }
    told = event(from_access_log(line, Declared(name="envoy")))
    assert (told["model"], told["input_tokens"], told["output_tokens"]) == ("gpt-4o-eu", 12, 3)
    assert told["tenant"] is None  # no name was declared to be an authenticated one


def test_declared_names_replace_the_documented_ones() -> None:
    source = Declared(name="envoy", fields={"input_tokens": "my_in", "reasoning_tokens": "my_r"})
    told = event(read(source, my_in=99, my_r=2))
    assert (told["input_tokens"], told["reasoning_tokens"], told["output_tokens"]) == (99, 2, 7)


def test_a_request_id_chosen_by_a_client_does_not_hide_a_later_request() -> None:
    first, again, later = read(), read(), read(start_time="2025-08-30T16:51:38Z")
    assert isinstance(first, Call)
    assert isinstance(again, Call)
    assert isinstance(later, Call)
    assert first.identity == again.identity != later.identity


def test_a_request_id_that_no_event_can_have_does_not_hide_a_request() -> None:
    lines = [{**LINE, "x-request-id": "x" * 1_000 + end} for end in "ab"]
    told = [from_access_log(line, SOURCE) for line in lines]
    assert [event(each)["request_id"] for each in told] == [None, None]
    assert len({each.identity for each in told if isinstance(each, Call)}) == 2


def test_each_attempt_is_a_call_of_its_own() -> None:
    tried = [read(upstream_request_attempt_count=number) for number in ("1", "2")]
    assert [event(each)["attempt"] for each in tried] == [1, 2]
    assert len({each.identity for each in tried if isinstance(each, Call)}) == 2


@pytest.mark.parametrize(
    ("flags", "code", "status"),
    [
        ("DC", 0, "client_disconnect"),
        ("UT", 504, "timeout"),
        ("-", 429, "rate_limited"),
        ("UF,URX", 503, "error"),
        ("UF,DC", 503, "client_disconnect"),
        ("-", 0, None),
    ],
)
def test_how_it_ended(flags: str, code: int, status: str | None) -> None:
    assert event(read(response_flags=flags, response_code=code))["status"] == status


def test_what_is_not_told_is_null() -> None:
    told = event(read(genai_tokens_input="-", genai_tokens_output=None))
    assert (told["input_tokens"], told["output_tokens"]) == (None, None)
    assert told["usage_source"] == "none"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"x-request-id": None}, "missing_name"),
        ({"start_time": "yesterday"}, "bad_time"),
        ({"start_time": "2025-08-30T16:51:37"}, "bad_time"),
        ({"genai_tokens_input": [1]}, "bad_count"),
        ({"duration": {}}, "bad_count"),
        ({"genai_backend_name": "-"}, "missing_name"),
        ({"upstream_request_attempt_count": 2**31}, "bad_count"),
    ],
)
def test_what_cannot_be_billed_is_refused_with_a_reason(
    change: dict[str, object], reason: str
) -> None:
    outcome = read(SOURCE, **change)
    assert isinstance(outcome, Refused)
    assert outcome.reason == reason


def test_lines_of_other_requests_are_ignored() -> None:
    assert from_access_log({"method": "GET"}, SOURCE) == Ignored("not_a_model_call")
    assert from_access_log("text", SOURCE) == Ignored("not_a_log_line")

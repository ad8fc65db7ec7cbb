"""What the collector takes, and what it answers: each dialect, each bound, each refusal."""

import asyncio
import json
import zlib
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from agents.gateway.settings import LimitSettings
from agents.outbox import Limits
from tests.builders.telemetry import CHAT, logs, traces, traces_json
from tests.conftest import ROOT
from tests.gateway_parts import OTHER, OWN, STALL, TOKEN, Answer, ask, hash_of, post, rig, zipped
from tests.outbox_parts import FakeChannel
from tests.unit.test_gateway_access_log import LINE as ENVOY
from tests.unit.test_gateway_kong import ENTRY
from tests.unit.test_normalise_litellm import CASES

PROTOBUF = "application/x-protobuf"
LINE = b'{"request_id":"a","at":"2026-11-21T09:00:07Z","provider":"p","model":"m"}'


def own(number: int, **changes: object) -> dict[str, object]:
    return {**OWN, "request_id": f"r-{number}", **changes}


def test_an_event_is_on_disk_when_it_is_confirmed(tmp_path: Path) -> None:
    with rig(tmp_path, channel=FakeChannel(is_up=False)) as collector:
        answer = collector.post("/v1/usage", OWN)
        assert (answer.status, answer.json["taken"]) == (200, 1)
        assert collector.outbox.stats().pending_events == 1


def test_events_sent_again_are_confirmed_and_not_kept_again(tmp_path: Path) -> None:
    with rig(tmp_path) as collector:
        for body in ([own(1), own(2)], [own(2), own(3)], own(1)):
            assert collector.post("/v1/usage", body).status == 200
        assert [event["request_id"] for event in collector.events()] == ["r-1", "r-2", "r-3"]


def test_the_same_id_of_another_source_is_another_event(tmp_path: Path) -> None:
    with rig(tmp_path) as collector:
        collector.post("/v1/usage", OWN)
        collector.post("/v1/usage", OWN, authorization=f"Bearer {OTHER}")
        assert [event["gateway"] for event in collector.events()] == ["app", "other"]


def test_many_requests_share_commits(tmp_path: Path) -> None:
    with rig(tmp_path) as collector:

        async def at_once() -> list[Answer]:
            return await asyncio.gather(
                *(post(collector.app, "/v1/usage", own(number)) for number in range(200))
            )

        answers = collector.run(at_once)
        assert {answer.status for answer in answers} == {200}
        assert len(collector.events()) == 200
        assert len(collector.channel.log) < 20


@pytest.mark.parametrize(
    ("path", "body", "headers"),
    [
        ("/v1/traces", traces(CHAT), {"content_type": PROTOBUF}),
        ("/v1/traces", traces_json(CHAT), {}),
        ("/v1/traces", zipped(traces(CHAT)),
         {"content_type": PROTOBUF, "content_encoding": "gzip"}),
        ("/v1/logs", logs(CHAT, "gen_ai.client.inference.operation.details"),
         {"content_type": PROTOBUF}),
        ("/v1/kong", ENTRY, {}),
        ("/v1/kong", [ENTRY], {"content_type": "application/json; charset=utf-8"}),
        ("/v1/usage", LINE + b"\n",
         {"content_type": "application/x-ndjson"}),
        ("/v1/events", {"specversion": "1.0", "id": "1", "source": "s", "type": "t",
                        "subject": "acme", "data": {"provider": "p", "model": "m"}},
         {"content_type": "application/cloudevents+json"}),
        ("/api/v1/events", [{"specversion": "1.0", "id": "1", "source": "s", "type": "t",
                             "subject": "acme", "data": {"provider": "p", "model": "m"}}],
         {"content_type": "application/cloudevents-batch+json"}),
        ("/v1/events", {"provider": "p", "model": "m"},
         {"ce_specversion": "1.0", "ce_id": "1", "ce_source": "s", "ce_type": "t",
          "ce_subject": "acme"}),
    ],
)  # fmt: skip
def test_each_dialect_is_taken(
    tmp_path: Path, path: str, body: object, headers: dict[str, str]
) -> None:
    with rig(tmp_path) as collector:
        answer = collector.post(path, body, **headers)
        assert answer.status == 200, answer.body
        [event] = collector.events()
        assert event["tenant"] in {"acme", None}


PAYLOADS = ROOT / "tests" / "unit" / "payloads" / "litellm-1.106.2.jsonl"


def test_litellm_may_send_a_list_lines_or_one(tmp_path: Path) -> None:
    payloads = [json.loads(line)["payload"] for line in PAYLOADS.read_bytes().splitlines()]
    lines = b"\n".join(json.dumps(payload).encode() for payload in payloads)
    source = {"name": "app", "tokens": [hash_of(TOKEN)]}
    with rig(tmp_path, entries=[source], catalog="") as collector:
        told = [collector.post("/v1/litellm", body).json for body in (lines, payloads, payloads[0])]
        assert told[0]["taken"] == told[1]["taken"] > 5
        assert [each["refused"] for each in told] == [0, 0, 0]
        assert len(collector.events()) == told[0]["taken"]


def test_lines_of_json_are_events(tmp_path: Path) -> None:
    lines = b"\n".join(b'{"request_id":"%d","at":"2026-11-21T09:00:07Z","provider":"p","model":"m"}'
                       % number for number in range(3))  # fmt: skip
    with rig(tmp_path) as collector:
        assert collector.post("/v1/usage", lines).json["taken"] == 3


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", TOKEN]
)
def test_without_a_token_nothing_of_the_body_is_read(tmp_path: Path, header: str) -> None:
    with rig(tmp_path) as collector:
        answer = collector.run(
            lambda: ask(collector.app, "/v1/usage", [STALL], {"authorization": header})
        )
        assert answer.status == 401
        assert answer.headers["www-authenticate"] == "Bearer"


def test_a_source_speaks_only_the_dialects_it_is_declared_for(tmp_path: Path) -> None:
    with rig(tmp_path) as collector:
        assert collector.post("/v1/kong", ENTRY, authorization=f"Bearer {OTHER}").status == 403


def test_a_source_speaks_only_of_tenants_it_was_granted(tmp_path: Path) -> None:
    told = [own(1), own(2, tenant="evil"), own(3, tenant="eu-1"), own(4, tenant=None)]
    with rig(tmp_path) as collector:
        answer = collector.post("/v1/usage", told)
        assert (answer.json["taken"], answer.json["refused"]) == (3, 1)
        assert "tenant_not_granted" in answer.json["errors"][0]
        refused = {"source": "app", "reason": "tenant_not_granted"}
        assert collector.metric("refused_total", **refused) == 1
        assert [event["tenant"] for event in collector.events()] == ["acme", "eu-1", None]


def test_otlp_is_told_of_what_was_refused_as_a_partial_success(tmp_path: Path) -> None:
    evil = {**CHAT, "tenant.id": "evil"}
    with rig(tmp_path) as collector:
        answer = collector.post("/v1/traces", traces(CHAT, evil, {"a": 1}), content_type=PROTOBUF)
        told = ExportTraceServiceResponse.FromString(answer.body)
        assert (answer.status, told.partial_success.rejected_spans) == (200, 1)
        in_json = collector.post("/v1/traces", traces_json(CHAT, evil))
        assert in_json.json["partialSuccess"]["rejectedSpans"] == "1"
        assert len(collector.events()) == 1


def test_a_whole_success_has_no_partial_one(tmp_path: Path) -> None:
    with rig(tmp_path) as collector:
        assert collector.post("/v1/traces", traces_json(CHAT)).json == {}
        assert collector.post("/v1/traces", traces(CHAT), content_type=PROTOBUF).body == b""


def test_events_of_the_future_are_refused(tmp_path: Path) -> None:
    with rig(tmp_path) as collector:
        answer = collector.post("/v1/usage", own(1, at="2026-12-01T00:05:01Z"))
        assert (answer.status, answer.json["taken"]) == (422, 0)
        assert "future_time" in answer.json["errors"][0]
        assert collector.post("/v1/usage", own(1, at="2026-12-01T00:05:00Z")).status == 200


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"input_tokens": 5, "cache_read_tokens": 6}, "cache_exceeds_input"),
        ({"cache_write_1h_tokens": 1, "input_tokens": None}, "cache_exceeds_input"),
        ({"output_tokens": 5, "reasoning_tokens": 6}, "reasoning_exceeds_output"),
    ],
)
def test_counts_that_contradict_each_other_are_refused(
    tmp_path: Path, change: dict[str, object], reason: str
) -> None:
    with rig(tmp_path) as collector:
        assert reason in collector.post("/v1/usage", own(1, **change)).json["errors"][0]


def test_before_a_catalog_was_read_nothing_is_taken(tmp_path: Path) -> None:
    with rig(tmp_path, catalog=None) as collector:
        answer = collector.post("/v1/usage", OWN)
        assert (answer.status, answer.headers["retry-after"]) == (503, "10")


def test_a_full_outbox_is_told_and_loses_nothing_of_what_it_confirmed(tmp_path: Path) -> None:
    least = Limits(max_events=20, max_batch_bytes=2048).least_disk_bytes
    tight = Limits(max_events=20, max_batch_bytes=2048, max_disk_bytes=least + 500_000)
    with rig(tmp_path, outbox_limits=tight, channel=FakeChannel(is_up=False)) as collector:
        confirmed = 0
        for number in range(0, 40_000, 50):
            answer = collector.post("/v1/usage", [own(n) for n in range(number, number + 50)])
            if answer.status != 200:
                break
            confirmed += 50
        assert (answer.status, answer.headers["retry-after"]) == (503, "10")
        collector.channel.is_up = True
        stored = {event["request_id"] for event in collector.events()}
        assert stored >= {f"r-{number}" for number in range(confirmed)}
        assert collector.outbox.stats().unreported_losses == 0


def test_a_source_that_is_too_fast_is_told_to_wait(tmp_path: Path) -> None:
    slow = {"name": "app", "tokens": [hash_of(TOKEN)], "events_per_s": 1.0}
    with rig(tmp_path, entries=[slow]) as collector:
        assert collector.post("/v1/usage", [own(n) for n in range(10)]).status == 200
        answer = collector.post("/v1/usage", [own(n) for n in range(10, 13)])
        assert (answer.status, answer.headers["retry-after"]) == (429, "3")
        collector.clock_s[0] += 3.0
        assert collector.post("/v1/usage", [own(n) for n in range(10, 13)]).status == 200
        assert len(collector.events()) == 13


SMALL = LimitSettings(body_bytes=1000, decoded_bytes=5000, events=3, body_s=0.05)


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"[" + b" " * 2000 + b"]", {}, 413),
        ([b"x" * 600, b"x" * 600], {"content_length": "10"}, 413),
        (zipped(b"[" + b" " * 100_000 + b"]"), {"content_encoding": "gzip"}, 413),
        (zipped(b"[]")[:-4], {"content_encoding": "gzip"}, 400),
        (b"no gzip", {"content_encoding": "gzip"}, 400),
        (b"[]", {"content_encoding": "br"}, 415),
        ([own(1), own(2), own(3), own(4)], {}, 413),
        (b"{" * 500, {}, 400),
        (b'{"a":' * 150 + b"1" + b"}" * 150, {}, 422),
        (b"\xff\xfe{}", {}, 400),
        (b'{"input_tokens": NaN}', {}, 400),
        (b'{"a":' + b"9" * 900 + b"}", {}, 422),
        (b"", {}, 400),
        ([b"{", STALL], {}, 408),
    ],
)
def test_bodies_out_of_bounds_are_refused(
    tmp_path: Path, body: object, headers: dict[str, str], status: int
) -> None:
    with rig(tmp_path, limits=SMALL) as collector:
        answer = collector.post("/v1/usage", body, **headers)
        assert answer.status == status, answer.body
        assert collector.desk.held.now == 0
        assert collector.events() == []


@pytest.mark.parametrize("body", [b"%s", b'{"input_tokens": %s}', b'{}\n{"a": -%s}\n'])
def test_a_number_of_thousands_of_digits_is_refused(tmp_path: Path, body: bytes) -> None:
    """Python itself reads none: without an answer a gateway would repeat it for ever."""
    with rig(tmp_path) as collector:
        answer = collector.post("/v1/usage", body % (b"9" * 5_000))
        assert (answer.status, answer.json["error"]) == (400, "expected numbers of fewer digits")


@pytest.mark.parametrize("chosen", ["\ud800", "x" * 1_000])
@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/v1/litellm", {**CASES["ok"], "litellm_call_id": "chosen", "trace_id": "chosen"}),
        ("/v1/envoy", {**ENVOY, "x-request-id": "chosen"}),
    ],
)
def test_what_a_client_chooses_is_taken_once_whatever_is_in_it(
    tmp_path: Path, path: str, told: dict[str, object], chosen: str
) -> None:
    body = {name: chosen if value == "chosen" else value for name, value in told.items()}
    with rig(tmp_path, catalog="") as collector:
        assert [collector.post(path, body).json["taken"] for _ in range(2)] == [1, 1]
        assert len(collector.events()) == 1


def test_a_call_without_readable_usage_is_taken_counted_and_told(tmp_path: Path) -> None:
    metadata = {**CASES["ok"]["metadata"], "usage_object": {"prompt_tokens": -1}}
    with rig(tmp_path, catalog="") as collector:
        answer = collector.post("/v1/litellm", {**CASES["ok"], "metadata": metadata})
        assert (answer.json["taken"], answer.json["refused"]) == (1, 0)
        assert answer.json["errors"][0].startswith("bad_count: expected prompt_tokens")
        assert collector.metric("refused_total", source="app", reason="bad_count") == 1
        assert [event["usage_source"] for event in collector.events()] == ["none"]


def test_of_a_call_that_is_told_twice_the_first_word_counts(tmp_path: Path) -> None:
    """In one request, in the next, and whatever the second one says it used."""
    with rig(tmp_path) as collector:
        first, other = own(1), {**own(1), "input_tokens": 7}
        assert collector.post("/v1/usage", [first, other]).json["taken"] == 2
        assert collector.post("/v1/usage", other).json["taken"] == 1
        [event] = collector.events()
        assert event["input_tokens"] == first["input_tokens"] != 7


def test_json_nested_without_end_is_refused(tmp_path: Path) -> None:
    deep = b"[" * 100_000 + b"]" * 100_000
    with rig(tmp_path) as collector:
        assert collector.post("/v1/usage", deep).status == 400


def test_protobuf_nested_without_end_is_refused(tmp_path: Path) -> None:
    value = b""
    for _ in range(2_000):  # an AnyValue of an ArrayValue of an AnyValue ...
        inner = b"\x0a" + varint(len(value)) + value
        value = b"\x2a" + varint(len(inner)) + inner
    for field in (b"\x12", b"\x0a", b"\x0a", b"\x0a"):  # KeyValue, Resource, ResourceSpans, export
        value = field + varint(len(value)) + value
    with rig(tmp_path) as collector:
        assert collector.post("/v1/traces", value, content_type=PROTOBUF).status == 400


def varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def test_gzip_in_several_members_and_pieces_is_read(tmp_path: Path) -> None:
    whole = zipped(b"[") + zipped(own(1)) + zipped(b"]")
    pieces = [whole[at : at + 7] for at in range(0, len(whole), 7)]
    with rig(tmp_path) as collector:
        assert collector.post("/v1/usage", pieces, content_encoding="gzip").json["taken"] == 1


@pytest.mark.parametrize("size", [65_536, 131_072, 65_537, 200_000])
def test_gzip_of_any_length_is_read_whole(tmp_path: Path, size: int) -> None:
    body = b"[" + b" " * (size - 2) + b"]"
    with rig(tmp_path) as collector:
        answer = collector.post("/v1/usage", zipped(body), content_encoding="gzip")
        assert answer.json == {"taken": 0, "refused": 0, "ignored": 0, "errors": []}


def test_a_bomb_is_noticed_before_it_is_in_memory(tmp_path: Path) -> None:
    bomb = zlib.compress(bytes(50_000_000), 9, wbits=31)
    with rig(tmp_path, limits=LimitSettings(decoded_bytes=1_000_000)) as collector:
        assert collector.post("/v1/usage", bomb, content_encoding="gzip").status == 413


def test_too_much_in_memory_at_the_same_time_is_put_off(tmp_path: Path) -> None:
    with rig(tmp_path, limits=LimitSettings(held_bytes=1_000)) as collector:
        answer = collector.post("/v1/usage", b"[" + b" " * 2_000 + b"]")
        assert (answer.status, answer.headers["retry-after"]) == (503, "1")


def test_too_many_requests_at_the_same_time_are_put_off(tmp_path: Path) -> None:
    with rig(tmp_path, limits=LimitSettings(requests=1, body_s=0.2)) as collector:

        async def two() -> list[Answer]:
            slow = ask(collector.app, "/v1/usage", [b"{", STALL], {})
            return [*await asyncio.gather(slow, post(collector.app, "/v1/usage", OWN))]

        assert [answer.status for answer in collector.run(two)] == [408, 503]


def test_kong_is_not_made_to_repeat_what_is_refused(tmp_path: Path) -> None:
    kong = {"name": "app", "tokens": [hash_of(TOKEN)]}
    with rig(tmp_path, entries=[kong]) as collector:
        answer = collector.post("/v1/kong", {**ENTRY, "consumer": {"username": "evil"}})
        assert (answer.status, answer.json["refused"]) == (200, 1)


def test_an_error_of_otlp_is_a_status_message(tmp_path: Path) -> None:
    with rig(tmp_path) as collector:
        answer = collector.post("/v1/traces", b"\xff", content_type=PROTOBUF)
        assert answer.status == 400
        assert answer.headers["content-type"] == PROTOBUF
        assert answer.body[:1] == b"\x12"
        assert answer.body[1] == len(answer.body) - 2


def test_other_paths_and_methods_are_none(tmp_path: Path) -> None:
    with rig(tmp_path) as collector:
        assert collector.post("/v1/metrics", b"").status == 404
        got = collector.run(lambda: ask(collector.app, "/v1/traces", [b""], {}, method="GET"))
        assert got.status == 405

"""Whatever a gateway sends is an outcome: no crash, no call outside its schema, no text."""

from collections.abc import Iterable
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from agents.gateway.normalise import otlp_json, otlp_protobuf, telemetry
from agents.gateway.normalise.access_log import NAMES, from_access_log
from agents.gateway.normalise.attributes import KNOWN
from agents.gateway.normalise.cloudevents import from_cloudevent
from agents.gateway.normalise.kong import from_http_log
from agents.gateway.normalise.litellm import from_payload, kept
from agents.gateway.normalise.outcome import Call, Declared, Outcome
from agents.gateway.normalise.own import UsageEvent, from_own
from agents.gateway.normalise.values import Unfit
from schemas.codec import Codec
from tests.builders.telemetry import CHAT, traces_json
from tests.gateway_parts import OWN
from tests.unit.test_gateway_access_log import LINE
from tests.unit.test_gateway_kong import ENTRY
from tests.unit.test_normalise_litellm import CASES

CODEC = Codec()
PAYLOAD = CASES["ok"]
SOURCE = Declared(name="app", is_unsampled=True, tenant_from="tenant.id", adds_cache=True)
TEXT = "the prompt that nobody may keep, with spaces"
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=300)
    | st.just(TEXT)
    | st.sampled_from(["12", "1e9", "-", "2026-11-21T09:00:07Z", "\ud800", "9" * 25])
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=8,
)


def check(outcomes: Iterable[Outcome]) -> None:
    """Every call encodes, and no text with spaces is in it save in names, which senders choose."""
    for outcome in outcomes:
        if isinstance(outcome, Call):
            head = {"source": "c", "epoch": 1, "seq": 0, "sent_at_us": 1, "losses": []}
            CODEC.encode("InferenceUsageBatch", {**head, "events": [outcome.event]})
        else:
            assert TEXT not in repr(outcome)


@st.composite
def changed(draw: st.DrawFn, whole: dict[str, object]) -> dict[str, object]:
    """A document of which some fields are anything."""
    names = draw(st.lists(st.sampled_from(sorted(whole)), max_size=3, unique=True))
    return {**whole, **{name: draw(ANYTHING) for name in names}}


@given(told=ANYTHING | changed({**dict.fromkeys(UsageEvent.model_fields), **OWN}))
def test_our_own_json(told: object) -> None:
    check([from_own(told, SOURCE)])


@given(told=ANYTHING, data=changed({**OWN, "tokens": 5, "type": "input"}))
def test_cloudevents(told: object, data: object) -> None:
    event = {"specversion": "1.0", "id": "1", "source": "s", "subject": "acme", "data": data}
    check([from_cloudevent(each, SOURCE, "2026-11-21T09:00:07Z") for each in (told, event)])


@given(told=ANYTHING | changed(LINE), fields=st.dictionaries(
    st.sampled_from(sorted(NAMES)), st.sampled_from(sorted(LINE)), max_size=3))  # fmt: skip
def test_access_logs(told: object, fields: dict[str, str]) -> None:
    check([from_access_log(told, Declared(name="envoy", fields=fields, adds_cache=True))])


@given(entry=ANYTHING | changed(ENTRY), usage=changed(ENTRY["ai"]["proxy"]["usage"]))
def test_kong(entry: object, usage: object) -> None:
    check(from_http_log(entry, SOURCE))
    plugin = {**ENTRY["ai"]["proxy"], "usage": usage}
    check(from_http_log({**ENTRY, "ai": {"proxy": plugin}}, SOURCE))


@given(told=ANYTHING | changed(PAYLOAD), usage=changed(PAYLOAD["metadata"]["usage_object"]))
def test_litellm(told: object, usage: object) -> None:
    metadata = {**PAYLOAD["metadata"], "usage_object": usage}
    for payload in (told, {**PAYLOAD, "metadata": metadata}):
        outcome = from_payload(payload, SOURCE)
        check([outcome])
        assert from_payload(kept(payload), SOURCE) == outcome


@given(told=ANYTHING, attributes=changed({**CHAT, **dict.fromkeys(KNOWN, 1)}))
def test_otlp_in_json(told: object, attributes: dict[str, object]) -> None:
    wanted = telemetry.wanted(SOURCE)
    for export in (told, traces_json(attributes)):
        with suppress(Unfit):
            check([telemetry.from_span(span, SOURCE) for span in otlp_json.spans(export, wanted)])
            found = otlp_json.log_records(export, wanted)
            check([telemetry.from_log(each, SOURCE) for each in found])


@given(body=st.binary(max_size=200))
def test_otlp_in_protobuf(body: bytes) -> None:
    wanted = telemetry.wanted(SOURCE)
    with suppress(Unfit):
        check([telemetry.from_span(span, SOURCE) for span in otlp_protobuf.spans(body, wanted)])
        found = otlp_protobuf.log_records(body, wanted)
        check([telemetry.from_log(each, SOURCE) for each in found])

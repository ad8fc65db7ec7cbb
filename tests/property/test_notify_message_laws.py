"""Whatever an alert says, Slack takes the message, and nobody is called by it."""

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.decimals import to_bytes
from schemas.records import Alert
from streams.notify.slack_message import TEXT_MOST, clipped, link, message, reply
from streams.notify.webhook import id_of
from tests.builders.alerts import alert

BLOCKS_MOST = 50
FIELDS_MOST, FIELD_MOST = 10, 2_000
ENTITY = re.compile(r"&(?!(amp|lt|gt);)")
OURS = re.compile(
    r"<(!date\^-?\d+\^\{date_short_pretty\} \{time\}\|[^<>]*|https?://[^<>|]*\|[^<>]*)>"
)

nasty = st.sampled_from(
    ["<!channel>", "<@U1>", "```", "&lt;", "*", "\n> ", "<http://x|y>", "|", "…", "&" * 30]
)
words = st.lists(st.one_of(st.text(max_size=20), nasty), max_size=4).map("".join)
long = st.builds(lambda word, times: word * times, words, st.integers(1, 300))
texts = st.one_of(words, long)
maybe = st.one_of(st.none(), texts)
amounts = st.one_of(st.none(), st.integers(-(10**37), 10**37).map(to_bytes))
contributors = st.fixed_dictionaries(
    {
        "dimension": st.just("model"),
        "value": texts,
        "excess": st.integers(-(10**37), 10**37).map(to_bytes),
        "share": st.floats(),
    }
)
links = st.fixed_dictionaries(
    {"title": texts, "url": st.one_of(texts, words.map("https://x.test/{}".format))}
)
alerts = st.builds(
    alert,
    number=st.integers(1, 5),
    revision=st.sampled_from([1, 2, 9]),
    tenant=texts,
    kind=texts,
    summary=texts,
    severity=st.sampled_from([None, "info", "warning", "critical"]),
    since_us=st.integers(-(2**63), 2**63 - 1),
    expected=amounts,
    actual=amounts,
    excess=amounts,
    expected_low=amounts,
    expected_high=amounts,
    excess_per_hour=amounts,
    model=maybe,
    pool=maybe,
    project=maybe,
    source=maybe,
    job=maybe,
    query=maybe,
    contributors=st.lists(contributors, max_size=5),
    links=st.lists(links, max_size=5),
)


def texts_of(part: object) -> list[str]:
    """Return every text in blocks."""
    if isinstance(part, dict):
        own = [part["text"]] if part.get("type") == "mrkdwn" else []
        return own + [each for value in part.values() for each in texts_of(value)]
    return [each for item in part for each in texts_of(item)] if isinstance(part, list) else []


def bounded(said: dict[str, Any]) -> None:
    """Assert the limits of Block Kit."""
    assert 1 <= len(said["blocks"]) <= BLOCKS_MOST
    assert 1 <= len(said["text"]) <= TEXT_MOST
    for block in said["blocks"]:
        fields = block.get("fields", [])
        assert len(fields) <= FIELDS_MOST
        assert all(1 <= len(each["text"]) <= FIELD_MOST for each in fields)
    assert all(1 <= len(each) <= TEXT_MOST for each in texts_of(said["blocks"]))


@given(said=alerts)
def test_a_message_keeps_the_limits_and_is_escaped(said: Alert) -> None:
    for shown in (message(said), reply(said)):
        bounded(shown)
        for each in (*texts_of(shown["blocks"]), shown["text"]):
            rest = OURS.sub("", each)
            assert "<" not in rest
            assert not ENTITY.search(each)


@given(said=alerts)
def test_code_is_closed_where_we_close_it(said: Alert) -> None:
    fenced = [each for each in texts_of(message(said)["blocks"]) if "```" in each]
    assert len(fenced) == int(bool(said["query"]))
    for each in fenced:
        assert each.startswith("```")
        assert each.endswith("```")
        assert "```" not in each[3:-3]


@given(text=texts, most=st.integers(1, 50))
def test_what_is_cut_is_never_longer_and_never_cut_within_an_escape(text: str, most: int) -> None:
    cut = clipped(text, most)
    assert len(cut) <= most
    assert not ENTITY.search(cut)


@given(url=texts, title=texts)
def test_a_link_is_one_link_or_none(url: str, title: str) -> None:
    said = link(url, title)
    assert said.count("<") == said.count(">") == int(url.lower().startswith(("http:", "https:")))


@given(said=alerts)
def test_an_id_fits_a_header(said: Alert) -> None:
    assert re.fullmatch(r"msg_[0-9a-f]{32}", id_of(said))

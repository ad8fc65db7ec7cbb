"""Several observers of one call: billed once, whoever told of it, in what order, how late."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clickhouse.client import Connection
from schemas.records import CostLine, InferenceUsage
from streams.core.metering import Rules
from streams.core.tenants import FIRST
from streams.core.windows import DAY_US, HOUR_US, SECOND_US
from streams.explain.explained import Asked, explain
from streams.explain.text import to_text
from streams.replay.ask import Direct
from streams.replay.audit import audit
from streams.replay.chunk import Askers, Request, replay
from streams.replay.notes import LATE, OBSERVED
from streams.replay.repair import corrections
from streams.replay.span import Span
from streams.replay.versions import Versions
from tests.builders.archived import Document, Live, price_book
from tests.builders.terms import WINDOW_US
from tests.builders.usage import T0, call, holder, interval

pytestmark = pytest.mark.integration

RANKED = """
sources:
  - {sources: ["*"], tenants: ["*"]}
  - {sources: ["sdk-*"], tenants: ["*"], precedence: 2}
  - {sources: ["otel-*"], tenants: ["*"], precedence: 3}
"""
ENDPOINT = """
pools: [{name: h100, nodes: ["gpu-*"]}]
endpoints: [{name: e, pool: h100}]
"""
GATEWAY, SDK, OTEL = "gw-1", "sdk-1", "otel-1"
OBSERVERS = {"gw": 1, "sdk-a": 2, "sdk-b": 2, "otel": 3}  # the precedence of each
IN, OUT, SEEN = "api:openai tokens.input", "api:openai tokens.output", "api:openai evidence"


@pytest.fixture
def live(database: Connection) -> Live:
    return Live(database)


def ranked(live: Live, catalog: str = RANKED, at_us: int = 1) -> Rules:
    return live.publish(Document(price_book({"m": "1"}), 1), Document(catalog, at_us))


def told(
    of: str | None, at_us: int = T0, tokens: int = 1_000_000, **changes: object
) -> InferenceUsage:
    """Return a call of so many tokens in and none out; a million cost 1 USD."""
    counts = {"input_tokens": tokens, "output_tokens": 0}
    return call(**{"model": "m", "response_id": of, "at_us": at_us, **counts, **changes})


def repaired(live: Live, *, by_itself: bool = True, since_us: int = T0) -> list[CostLine]:
    """Publish what a repair finds, which another one leaves as it is."""
    lines = corrections(live.database, at_most_hours=24 if by_itself else None).lines
    live.store(lines)
    assert corrections(live.database, at_most_hours=24 if by_itself else None).lines == []
    assert audit(live.database).clean
    assert_replay_changes_nothing(live, since_us)
    return lines


def assert_replay_changes_nothing(live: Live, since_us: int) -> None:
    asker = Direct(live.database)
    [book] = {book for book, _ in live.rules}
    span = Span(since_us - DAY_US, since_us + 2 * DAY_US, WINDOW_US)
    found = replay(Askers(asker, asker), span, Request(book, None), Versions(asker))
    assert (found.changed, found.behind, found.changes) == (0, 0, {})


def events(live: Live) -> Iterator[tuple[str, int]]:
    """Yield how many events are on lines in force, by kind."""
    for row in live.database.reader.rows(
        "SELECT kind, sum(events) AS n FROM cost_current GROUP BY kind HAVING n != 0 ORDER BY kind"
    ):
        yield str(row["kind"]), int(str(row["n"]))


def test_a_call_that_the_gateway_and_the_sdk_saw_is_billed_once_as_the_gateway_says(
    live: Live,
) -> None:
    rules = ranked(live)
    live.send(rules, told("r1"), source=GATEWAY)
    live.send(rules, told("r1", T0 + SECOND_US, 999_999), source=SDK)
    live.close()
    assert live.costs() == {IN: "1", SEEN: "0"}
    assert dict(events(live)) == {"tokens.input": 1, "evidence": 1}
    assert repaired(live) == []


def test_a_call_that_only_the_sdk_saw_is_billed_after_repair_once(live: Live) -> None:
    rules = ranked(live)
    live.send(rules, told("r1"), source=GATEWAY)
    live.send(rules, told("r1"), told("r2", tokens=3_000_000), source=SDK)
    live.close()
    assert live.costs() == {IN: "1", SEEN: "0"}
    assert not audit(live.database).clean
    assert {(line["generation"], line["note"]) for line in repaired(live)} == {(1, OBSERVED)}
    assert live.costs() == {IN: "4", SEEN: "0"}
    assert dict(events(live)) == {"tokens.input": 2, "evidence": 1}


def test_a_window_of_nothing_but_evidence_is_closed_by_the_log_and_billed(live: Live) -> None:
    rules = ranked(live)
    live.send(rules, told("r1"), told("r2"), source=SDK)
    live.send(rules, told("r2"), source=OTEL)
    live.close()
    assert live.costs() == {SEEN: "0"}
    repaired(live)
    assert live.costs() == {IN: "2", SEEN: "0"}


def test_a_gateway_that_tells_late_takes_the_evidence_out_again(live: Live) -> None:
    """Three batches of evidence are counted, until one of the gateway tells of all three."""
    rules = ranked(live)
    for of in ("r1", "r2", "r3"):
        live.send(rules, told(of, tokens=5_000_000), source=SDK)
    live.close()
    repaired(live)
    assert live.costs() == {IN: "15"}
    live.send_late(rules, told("r1"), told("r2"), told("r3"), source=GATEWAY)
    assert {(line["generation"], line["note"]) for line in repaired(live)} == {(2, LATE)}
    assert live.costs() == {IN: "3", SEEN: "0"}


def test_a_gateway_in_another_hour_takes_the_evidence_out_though_nothing_is_late(
    live: Live,
) -> None:
    rules = ranked(live)
    live.send(rules, told("r1"), source=SDK)
    live.close()
    repaired(live)
    live.send(rules, told("r1", T0 + 2 * HOUR_US), source=GATEWAY)
    live.close()
    assert live.costs() == {IN: "2"}
    assert {line["note"] for line in repaired(live)} == {OBSERVED}
    assert live.costs() == {IN: "1", SEEN: "0"}


def test_two_calls_more_than_a_day_apart_are_two_whatever_their_ids(live: Live) -> None:
    rules = ranked(live)
    live.send(rules, told("r1"), source=SDK)
    live.send(rules, told("r1", T0 + DAY_US + 1), source=GATEWAY)
    live.send(rules, told("r2", T0 + DAY_US), source=GATEWAY)
    live.send(rules, told("r2"), source=SDK)
    live.close()
    repaired(live)
    assert live.costs() == {IN: "3", SEEN: "0"}


def test_of_equal_observers_the_first_counts_and_a_retry_of_one_is_one_call(live: Live) -> None:
    rules = ranked(live)
    live.send(rules, told("r1", tokens=7_000_000), source="sdk-2")
    live.send(rules, told("r1"), told("r1", tokens=3_000_000), source="sdk-1")
    live.close()
    repaired(live)
    assert live.costs() == {IN: "1", SEEN: "0"}


def test_evidence_without_an_id_is_counted_as_it_is(live: Live) -> None:
    rules = ranked(live)
    live.send(rules, told(None), told(""), source=SDK)
    live.close()
    assert live.costs() == {IN: "2"}
    assert repaired(live) == []


def test_calls_of_several_providers_with_one_id_are_several(live: Live) -> None:
    rules = ranked(live)
    live.send(rules, told("r1", provider="other"), source=GATEWAY)
    live.send(rules, told("r1"), source=SDK)
    live.close()
    repaired(live)
    assert live.costs()[IN] == "1"


def test_work_of_an_endpoint_paid_by_gpu_time_is_counted_once(live: Live) -> None:
    """The gateway and the SDK tell of acme's call, the SDK alone of globex's of the same work."""
    rules = ranked(live, RANKED + ENDPOINT)
    of_acme = told("r1", endpoint="e")
    of_globex = told("r2", endpoint="e", tenant="globex")
    live.send(rules, interval(holder(10 * SECOND_US, endpoint="e")))
    live.send(rules, of_acme, source=GATEWAY)
    live.send(rules, of_acme, of_globex, source=SDK)
    live.close()
    assert costs_of(live) == {"acme": Decimal(10)}
    repaired(live)
    assert costs_of(live) == {"acme": Decimal(5), "globex": Decimal(5)}


def costs_of(live: Live) -> dict[str, Decimal]:
    rows = live.database.reader.rows(
        "SELECT tenant, sum(cost) AS cost FROM cost_current GROUP BY tenant HAVING cost != 0"
    )
    return {str(row["tenant"]): Decimal(str(row["cost"])) for row in rows}


def test_a_replay_under_a_catalog_that_ranks_observers_undoes_double_counting(live: Live) -> None:
    plain = ranked(live, "pools: []")
    live.send(plain, told("r1"), source=GATEWAY)
    live.send(plain, told("r1"), source=SDK)
    live.close()
    assert live.costs() == {IN: "2"}
    assert repaired(live) == []
    catalog = ranked(live, at_us=2).catalog.version
    asker = Direct(live.database)
    span = Span(T0, T0 + HOUR_US, WINDOW_US)
    request = Request(plain.book.version, catalog, note="observers", with_lines=True)
    live.store(replay(Askers(asker, asker), span, request, Versions(asker)).lines)
    assert live.costs() == {IN: "1", SEEN: "0"}
    assert repaired(live, by_itself=False) == []


def test_explain_names_the_observer_that_counts_and_the_one_that_does_not(live: Live) -> None:
    rules = ranked(live)
    live.send(rules, told("r1", request_id="of-gateway"), source=GATEWAY)
    live.send(rules, told("r1"), told("r2", request_id="of-sdk"), source=SDK)
    live.close()
    assert "apportion repair" in explained(live)
    repaired(live)
    said = explained(live)
    assert "1 calls that another observer told of, too: not counted" in said
    assert "request of-gateway" in said
    assert "request of-sdk" in said
    assert said.count("sdk-1") == said.count("gw-1") + 1  # of what counts, and of what does not


def explained(live: Live) -> str:
    asker = Direct(live.database)
    found = explain(asker, Versions(asker), Asked("acme", T0, ""))
    return "\n".join(to_text(found, "acme"))


# Who tells in a batch; of which calls, in which window each and what it costs, a number of its own
# for each observer; and whether a repair comes after it, where it is late.
Told = tuple[str, dict[int, tuple[int, int]], bool]
batches_told: st.SearchStrategy[list[Told]] = st.lists(
    st.tuples(
        st.sampled_from(sorted(OBSERVERS)),
        st.dictionaries(
            st.integers(0, 3), st.tuples(st.integers(0, 2), st.integers(1, 999)), min_size=1
        ),
        st.booleans(),
    ),
    min_size=2,
    max_size=6,
)
places = count()
EXAMPLES = settings().max_examples // 10  # each takes seconds: 4, or 300 in the long profile


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=batches_told, on_time=st.integers(0, 6))
def test_whatever_is_lost_late_or_twice_the_bill_is_of_each_call_once(
    database: Connection, batches: list[Told], on_time: int
) -> None:
    """Each example has producers, calls and an hour of its own in one database.

    What the gateway tells counts as it comes; else the first observer who tells, and nobody else.
    """
    place = next(places)
    live, since_us = Live(database), T0 + place * HOUR_US
    rules = ranked(live)
    told_of: dict[int, list[tuple[int, str, int, int]]] = {}  # precedence, source, seq, USD
    for number, (observer, calls, is_repaired) in enumerate(batches):
        if number == on_time:
            live.close()
        source = f"{observer}-{place}"
        for of, (_, usd) in calls.items():
            told_by = (OBSERVERS[observer], source, live.sent[source], usd)
            told_of.setdefault(of, []).append(told_by)
        events = [
            told(f"{place}-{of}", since_us + window * WINDOW_US, usd * 1_000_000)
            for of, (window, usd) in calls.items()
        ]
        if number < on_time:
            live.send(rules, *events, source=source)
            live.partials += live.partials[-1:]  # delivered twice
            continue
        live.send_late(rules, *events, source=source)
        if is_repaired:
            live.store(corrections(database, at_most_hours=24).lines)
    if on_time >= len(batches):
        live.close()
    repaired(live, since_us=since_us)
    counted = [
        each
        for several in told_of.values()
        for each in several
        if each[0] == FIRST or each == min(several)
    ]
    assert billed(live, since_us) == sum(usd for *_, usd in counted)


def billed(live: Live, since_us: int) -> Decimal:
    """Return the bill of the hour of one example."""
    rows = live.database.reader.rows(
        "SELECT toUnixTimestamp64Micro(window_start) AS at_us, toString(cost) AS usd "
        "FROM cost_current WHERE kind = 'tokens.input'"
    )
    return sum(
        Decimal(str(row["usd"]))
        for row in rows
        if since_us <= int(str(row["at_us"])) < since_us + HOUR_US
    ) or Decimal(0)

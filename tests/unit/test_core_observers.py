"""Which calls of a batch are evidence, and what becomes of them in partials and lines."""

from streams.config.catalog import load_catalog
from streams.core.catalog import Catalog
from streams.core.lines import WindowPool
from streams.core.list_price import list_events
from streams.core.metering import LATEST_US, Metered, Rules, meter_batch
from streams.core.sums import events_in
from streams.core.tenants import Source
from streams.core.window import Window
from streams.prices.catalog_difference import catalog_difference
from streams.prices.catalog_list import catalog_list
from tests.builders.drawing import agreed
from tests.builders.terms import WINDOW_US, book, token_price
from tests.builders.usage import T0, Event, batch, call

RANKED = """
sources:
  - {sources: ["*"], tenants: ["*"]}
  - {sources: ["sdk-*"], tenants: ["*"], precedence: 2, effective_from: 2026-01-01T00:01:00Z}
"""
SINCE = T0 + WINDOW_US  # the gateway comes first from here on


def rules_of(text: str) -> Rules:
    prices = book(token_price("tokens.input", "1"), token_price("tokens.output", "1"))
    return Rules(prices, load_catalog(text), WINDOW_US, 0)


def metered(*events: Event, source: str = "sdk-1", text: str = RANKED) -> Metered:
    usage = batch(*events, source=source)
    return meter_batch("InferenceUsageBatch", usage, "o", rules_of(text), LATEST_US)


def lines(found: Metered) -> dict[tuple[str, str], tuple[int, int]]:
    """Return what (pool, kind) costs in pico, and how many events are on it."""
    drawn = {}
    for each in found.partials:
        where = WindowPool(each["window_start_us"], each["window_end_us"], each["pool"])
        window = Window(where, 0, agreed(rules_of(RANKED)))
        window.apply(each)
        for what, figures in window.lines().items():
            drawn[where.pool, what.kind] = (figures.cost or 0, figures.events)
    return drawn


def test_what_a_lesser_observer_tells_is_kept_and_costs_nothing() -> None:
    found = metered(call(response_id="r1", at_us=SINCE), call(response_id="r2", at_us=SINCE))
    assert (found.events, found.evidence, found.rejected) == (2, 2, [])
    assert lines(found) == {("api:openai", "evidence"): (0, 2)}


def test_its_calls_without_an_id_count_beside_its_evidence() -> None:
    """1,000 tokens in and 100 out at 1 USD per million; three events in one batch."""
    calls = [call(response_id=of, at_us=SINCE) for of in ("r1", None, "")]
    found = metered(*calls)
    assert found.evidence == 1
    assert lines(found) == {
        ("api:openai", "tokens.input"): (2_000_000_000, 2),
        ("api:openai", "tokens.output"): (200_000_000, 0),
        ("api:openai", "evidence"): (0, 1),
    }
    assert [events_in(each["sums"]) for each in found.partials] == [3]


def test_the_first_observer_and_those_of_whom_nothing_is_said_count() -> None:
    assert metered(call(response_id="r1", at_us=SINCE), source="gw-1").evidence == 0
    assert metered(call(response_id="r1", at_us=SINCE), text="pools: []").evidence == 0


def test_precedence_is_that_of_the_begin_of_the_window() -> None:
    before, after = call(response_id="r1", at_us=SINCE - 1), call(response_id="r2", at_us=SINCE)
    assert [metered(each).evidence for each in (before, after)] == [0, 1]


def test_evidence_that_cannot_be_counted_is_rejected_at_its_place() -> None:
    """Were it archived, it might count later."""
    wrong = call(response_id="r2", at_us=SINCE, input_tokens=-1)
    found = metered(call(at_us=SINCE), call(response_id="r1", at_us=SINCE), wrong)
    assert [(each.index, each.reason) for each in found.rejected] == [(2, "negative_quantity")]
    assert (found.events, found.evidence) == (2, 1)


def test_evidence_moves_the_watermark() -> None:
    assert metered(call(response_id="r1", at_us=SINCE + 5)).newest_us == SINCE + 5


def test_the_archive_keeps_which_observer_a_source_was() -> None:
    usage = batch(call(at_us=SINCE - 1), call(at_us=SINCE), source="sdk-1")
    rules = rules_of(RANKED)
    found = meter_batch("InferenceUsageBatch", usage, "o", rules, LATEST_US)
    listed = list_events("InferenceUsageBatch", usage, found, rules)
    assert [each and each.precedence for each in listed] == [1, 2]


def test_of_entries_that_fit_the_greatest_precedence_holds() -> None:
    names = load_catalog(RANKED)
    found = [names.at(SINCE).precedence(each) for each in ("gw-1", "sdk-1", "nobody")]
    assert found == [1, 2, 1]
    assert [names.ever_lesser(each) for each in ("gw-1", "sdk-1")] == [False, True]
    assert not Catalog("none").ranks_sources


def test_a_precedence_of_one_is_what_is_left_out() -> None:
    plain = "sources: [{sources: ['*'], tenants: ['*']}]"
    said = "sources: [{sources: ['*'], tenants: ['*'], precedence: 1}]"
    assert load_catalog(plain).version == load_catalog(said).version
    assert load_catalog(said).entries.sources == (Source(("*",), ("*",)),)


def test_people_are_shown_and_told_of_precedence() -> None:
    one, other = (
        load_catalog(f"sources: [{{sources: [sdk-*], tenants: ['*'], precedence: {number}}}]")
        for number in (2, 3)
    )
    assert [each for each in catalog_list(one, T0) if "sdk" in each] == [
        "  sdk-* of *: sources sdk-*; tenants *; precedence 2"
    ]
    said = "sources sdk-*; tenants *; precedence"
    assert catalog_difference(one, other) == [f"~ source sdk-* of *: {said} 2 -> {said} 3"]

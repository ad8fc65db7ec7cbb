"""Laws of catalogs that change: the begin of a window decides, and no GPU time is lost by it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar, cast

from hypothesis import given

from schemas.decimals import from_bytes
from schemas.records import Partial
from streams.core.catalog import Catalog, Entries
from streams.core.list_price import list_events
from streams.core.metering import LATEST_US, Rules, meter_batch
from streams.core.pools import Endpoint, Pool
from streams.core.tenants import Source, Tenant
from streams.core.timeline import FOREVER
from streams.core.windows import window_start
from tests.builders.drawing import record_name
from tests.builders.generated import batches
from tests.builders.generated_catalogs import SOURCES, dated_rules
from tests.builders.independent import windows_of
from tests.builders.terms import WINDOW_US
from tests.builders.usage import Event, batch, intervals_in

SOURCE = SOURCES[0]

Entry = TypeVar("Entry", Tenant, Pool, Endpoint, Source)


def metered(rules: Rules, events: Sequence[Event]) -> list[Partial]:
    """Return the partials of a batch."""
    usage = batch(*events, source=SOURCE)
    return meter_batch(record_name(events[0]), usage, "o", rules, LATEST_US).partials


def starts(event: Event) -> int:
    """Return when an event begins."""
    instants = cast("dict[str, int]", event)
    return instants["at_us"] if "at_us" in instants else instants["start_us"]


def always(entry: Entry) -> Entry:
    """Return an entry without its dates."""
    return replace(entry, from_us=0, to_us=FOREVER)


def frozen(catalog: Catalog, at_us: int) -> Catalog:
    """Return a catalog that always says what another one says at an instant."""
    names = catalog.at(at_us)
    return Catalog(
        catalog.version,
        Entries(
            None if names.tenants is None else tuple(map(always, names.tenants.values())),
            tuple(map(always, names.pools.values())),
            tuple(map(always, names.endpoints.values())),
            sources=None if names.sources is None else tuple(map(always, names.sources)),
        ),
    )


def in_one_window(event: Event) -> bool:
    """Whether an event touches no more than one window."""
    start, end = starts(event), cast("dict[str, int]", event).get("end_us", 0)
    return max(start, end - 1) < window_start(start, WINDOW_US) + WINDOW_US


@given(rules=dated_rules(), usage=batches())
def test_a_window_is_metered_as_if_what_holds_at_its_begin_always_held(
    rules: Rules, usage: list[list[Event]]
) -> None:
    for event in (event for events in usage for event in events if in_one_window(event)):
        window_us = window_start(starts(event), WINDOW_US)
        as_then = replace(rules, catalog=frozen(rules.catalog, window_us))
        assert metered(rules, [event]) == metered(as_then, [event])


@given(rules=dated_rules(), usage=batches())
def test_a_node_that_moves_takes_no_time_along(rules: Rules, usage: list[list[Event]]) -> None:
    wanted: Counter[int] = Counter()
    found: Counter[int] = Counter()
    for events in usage:
        for event in intervals_in(events):
            for window in windows_of(event):
                end_us = min(event["end_us"], window + WINDOW_US)
                wanted[window] += end_us - max(event["start_us"], window)
        if intervals_in(events):
            for partial in metered(rules, events):
                found[partial["window_start_us"]] += sum(
                    from_bytes(meter["quantity"])
                    for each in partial["sums"]
                    for meter in each["meters"]
                )
    assert found == wanted


@given(rules=dated_rules(), usage=batches())
def test_the_archive_names_the_payer_and_pool_that_metering_does(
    rules: Rules, usage: list[list[Event]]
) -> None:
    for event in (event for events in usage for event in events if in_one_window(event)):
        name, whole = record_name(event), batch(event, source=SOURCE)
        done = meter_batch(name, whole, "o", rules, LATEST_US)
        [listed] = list_events(name, whole, done, rules)
        assert listed is not None
        assert listed.pool in {partial["pool"] for partial in done.partials}
        payers = {each["tenant"] for partial in done.partials for each in partial["sums"]}
        assert listed.tenant is None or payers == {listed.tenant}

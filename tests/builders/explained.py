"""Windows opened up for explanation, without an engine: events as rows of the archive's sums."""

from collections.abc import Iterator

from schemas.decimals import from_bytes
from schemas.records import GpuInterval, InferenceUsage, ResourceUsage
from streams.core.lines import NO_MONEY, WindowPool
from streams.core.metering import Rules
from streams.core.price_book import PriceBook
from streams.core.windows import window_start
from streams.explain.contributions import Contributions, metered_alone
from streams.explain.line_steps import line_steps
from streams.explain.made import Made
from streams.explain.step import total
from streams.replay.archived import QUERIES, ArchivedWindow, Rows, tallied
from streams.replay.ask import Row
from tests.builders.terms import WINDOW_US
from tests.builders.usage import Event, calls_in, intervals_in, quantities_in

CALLER = ("tenant", "project", "provider", "model", "endpoint", "region", "service_tier")
TOKENS = (
    "input_tokens",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "output_tokens",
    "reasoning_tokens",
)
CALLS_BY = 3 + len(CALLER)  # a source, an instant, a size of prompts, and who called
SOURCE = "gw-1"
HOLDER = ("tenant", "project", "endpoint", "job", "held_us", "active_us")
UNHELD = ("unallocated_us", "stranded_us", "out_of_service_us", "unobserved_us")


def made_of(rules: Rules, usage: list[list[Event]]) -> Iterator[Made]:
    """Yield every window that events make, opened up."""
    rows = rows_of(rules.book, [event for events in usage for event in events])
    tally, alone = tallied(rows, rules), [*metered_alone(rows, rules)]
    for (start_us, pool), sums in tally.by_window_pool.items():
        where = WindowPool(start_us, start_us + rules.window_us, pool)
        events = tally.capacity_events.get((start_us, pool), 0)
        window = ArchivedWindow(where, sums, events, len(usage), rules)
        yield Made(window, Contributions(alone, where))


def assert_explained(rules: Rules, usage: list[list[Event]]) -> None:
    """Check that the steps of every line of every window add up to it."""
    for made in made_of(rules, usage):
        made.contributions.hold_to(made.window.sums)
        for what, figures in made.lines.items():
            steps = line_steps(made, what)
            assert total(steps) == (figures.money or NO_MONEY), what


def rows_of(book: PriceBook, events: list[Event]) -> Rows:
    """Return events as rows of the archive's queries, mostly each a row of its own."""
    rows: dict[str, list[Row]] = {query: [] for queries in QUERIES.values() for query in queries}
    for call in calls_in(events):
        add_call(rows, call)
    rows["grouped_calls"] = grouped(rows["grouped_calls"], CALLS_BY)
    for interval in intervals_in(events):
        add_interval(rows, book, interval)
    for used in quantities_in(events):
        add_quantity(rows, book, used)
    return rows


def grouped(rows: list[Row], by: int) -> list[Row]:
    """Return rows of equal first columns as one, the others summed."""
    found: dict[tuple[object, ...], list[int]] = {}
    for row in rows:
        have = found.setdefault(tuple(row[:by]), [0] * len(row[by:]))
        have[:] = [mine + more for mine, more in zip(have, row[by:], strict=True)]
    return [[*names, *sums] for names, sums in found.items()]


def add_call(rows: dict[str, list[Row]], event: InferenceUsage) -> None:
    where = [SOURCE, event["at_us"], event["input_tokens"] or 0]
    caller = [event[name] for name in CALLER]  # type: ignore[literal-required]  # of the tuple
    tokens = [event[name] for name in TOKENS]  # type: ignore[literal-required]  # of the tuple
    beside = event["quantities"] or ()
    is_unserved = event.get("gateway_cache") == "hit" or event.get("status") == "rate_limited"
    is_nothing = not (tokens[0] or tokens[4] or beside)
    unserved = int(is_nothing and is_unserved)
    unreported = int(tokens[0] is None and tokens[4] is None and is_nothing and not unserved)
    counts = [count or 0 for count in tokens]
    rows["grouped_calls"].append([*where, *caller, 1, unreported, unserved, *counts])
    rows["grouped_call_quantities"] += [
        [*where, *caller, each["meter"], each["unit"], from_bytes(each["quantity"])]
        for each in beside
    ]


def add_interval(rows: dict[str, list[Row]], book: PriceBook, event: GpuInterval) -> None:
    node = (event["node"], event["gpu_model"], event["purchase_option"])
    holders = [tuple(held[name] for name in HOLDER) for held in event["holders"]]  # type: ignore[literal-required]  # of the tuple
    unheld = [event[name] for name in UNHELD]  # type: ignore[literal-required]  # of the tuple
    if is_cut(book, event["start_us"], event["end_us"]):
        device = (event["node"], event["device"], *node[1:])
        rows["cut_intervals"].append(
            [SOURCE, event["start_us"], event["end_us"], *device, holders, *unheld]
        )
        return
    rows["grouped_held"] += [[SOURCE, event["start_us"], *node, *held] for held in holders]
    rows["grouped_unheld"].append([event["start_us"], *node, 1, *(each or 0 for each in unheld)])


def add_quantity(rows: dict[str, list[Row]], book: PriceBook, event: ResourceUsage) -> None:
    what = [
        *(event["tenant"], event["project"], event["kind"], event["sku"]),
        *(event["resource_id"], event["unit"]),
    ]
    quantity = from_bytes(event["quantity"])
    start_us, end_us = event["start_us"], event["end_us"]
    if is_cut(book, start_us, end_us):
        rows["cut_resources"].append([SOURCE, start_us, end_us, *what, quantity])
    else:
        rows["grouped_resources"].append([SOURCE, start_us, *what, 1, quantity])


def is_cut(book: PriceBook, start_us: int, end_us: int) -> bool:
    """Whether an event crosses a window's end or a change of prices."""
    if start_us == end_us:
        return False
    same = window_start(start_us, WINDOW_US) == window_start(end_us - 1, WINDOW_US)
    return not same or bool(book.edges(start_us, end_us))

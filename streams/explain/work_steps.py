"""Steps of the work of calls on a shared endpoint, by which its time is split. Pure."""

from collections.abc import Iterator
from decimal import Decimal

from streams.core.call_price import Used
from streams.core.gpu import GPU
from streams.core.inference import token_work
from streams.core.lines import Dimensions
from streams.core.metered_lines import WORK
from streams.core.pools import WEIGHT_SCALE, Endpoint
from streams.core.sums import Key
from streams.explain.capacity_words import weight_words
from streams.explain.contributions import CallsOf
from streams.explain.keys import callers
from streams.explain.made import Made
from streams.explain.step import Step
from streams.prices.wording import figure


def work_steps(made: Made, what: Dimensions) -> Iterator[Step]:
    """Yield the work of a line's calls; nothing where it is of no endpoint."""
    names = made.window.rules.catalog.at(made.window.where.start_us)
    endpoint = names.gpu_endpoint(what.endpoint)
    if endpoint is None:
        return
    for key in sorted(callers(made, what), key=str):
        groups = {
            each.of
            for each in made.contributions.all
            if each.addition.key == key and each.addition.meter.name == WORK
        }
        used = together([each for each in groups if isinstance(each, CallsOf)])
        done = sum(
            totals[0]
            for meter, totals in made.window.sums.entries[key].meters.items()
            if meter.name == WORK
        )
        if token_work(endpoint, used) != done:
            raise AssertionError(f"expected work of {done}, explained {used} of {endpoint}")
        yield Step(f"work of its calls{_of(key)}", work_words(endpoint, used))
    if not has_gpus(made, endpoint.name):
        where = f"no GPU of {endpoint.name} is reported in {made.window.where.pool}"
        yield Step(f"{where}: its calls cost nothing there", "")


def has_gpus(made: Made, endpoint: str) -> bool:
    """Whether a GPU of the window's pool is reported for an endpoint."""
    return any(
        key.endpoint == endpoint and meter.name.startswith(GPU)
        for key, entry in made.window.sums.entries.items()
        for meter in entry.meters
    )


def work_words(endpoint: Endpoint, used: Used) -> str:
    """Return tokens times their weights: new or written, read from a cache, and output."""
    weights = endpoint.weights
    fresh = used.uncached + used.cache_write_5m + used.cache_write_1h
    parts = (
        (fresh, weights.input, "input"),
        (used.cache_read, weights.cache_read, "cache read"),
        (used.output, weights.output, "output"),
    )
    said = [
        f"{tokens:,} {name} x {figure(Decimal(weight) / WEIGHT_SCALE)}"
        for tokens, weight, name in parts
        if tokens or name == "input"
    ]
    return f"{' + '.join(said)} = {weight_words(token_work(endpoint, used), 'work')}"


def _of(key: Key) -> str:
    named = ", ".join(name for name in (key.region, key.service_tier) if name)
    return f" in {named}" if named else ""


def together(groups: list[CallsOf]) -> Used:
    """Return what groups of calls used, together."""
    found = Used()
    for each in groups:
        calls = each.calls
        cached = calls.cache_read + calls.cache_write_5m + calls.cache_write_1h
        found.uncached += calls.input - cached
        found.cache_read += calls.cache_read
        found.cache_write_5m += calls.cache_write_5m
        found.cache_write_1h += calls.cache_write_1h
        found.output += calls.output
    return found

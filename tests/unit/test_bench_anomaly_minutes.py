"""The generator of the anomaly bench: seeded, exact, and true to what it says was injected."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cache
from itertools import islice, pairwise
from pathlib import Path

import pytest

from schemas.decimals import from_bytes
from schemas.records import CostLine
from streams.core.allocation import Policy, allocate
from streams.core.call_price import by_meter
from streams.core.catalog import api_pool
from streams.core.lines import Edition, WindowPool, to_record
from streams.core.money import PICO
from streams.core.pools import Pool
from streams.core.rating import Rater
from streams.core.sums import Key
from streams.core.tally import Tally
from streams.core.windows import MINUTE_US
from streams.demo.chance import stream
from streams.demo.trace_row import Row
from tests.bench.anomaly.customers import Use
from tests.bench.anomaly.demand import poisson
from tests.bench.anomaly.forms import REVISION
from tests.bench.anomaly.gpus import CLUSTERS, Job, sums_of
from tests.bench.anomaly.injection import Injection, Kind
from tests.bench.anomaly.minutes import Minute, minutes_of
from tests.bench.anomaly.mishaps import APART, COUNTS, QUIET
from tests.bench.anomaly.priced import CHEAP_TO_DEAR, Raise, rates_of
from tests.bench.anomaly.recorded import Recorded
from tests.bench.anomaly.season import DAY, WEEK, Shape, at_us, weights
from tests.bench.anomaly.world import Inputs, World, draw_world

pytestmark = pytest.mark.shared

MINUTES = 30
FROM, TO = 10, 25  # minutes in which something goes wrong


@cache
def inputs(folder: Path) -> Inputs:
    return Inputs(folder)


@pytest.fixture
def calm(shared_data: Path) -> World:
    """A world in which nothing goes wrong."""
    whole = draw_world(7, 28 * DAY, inputs(shared_data))
    return replace(whole, minutes=MINUTES).untroubled()


def busiest(world: World, *models: str) -> Use:
    return max(
        (use for use in world.uses if use.model in models or not models), key=lambda use: use.rate
    )


def injected(world: World, kind: Kind) -> World:
    """Return the world with one injection of a kind."""
    use = busiest(world, *(CHEAP_TO_DEAR if kind == "model switch" else ()))
    names = frozenset([use.name])
    tenants: tuple[str, ...] = (use.tenant,)
    strength = Decimal(500) if kind == "slow leak" else Decimal("2.5")
    if kind == "forgotten job":
        job = Job(use.tenant, "notebooks", "forgot", "train", 24, FROM, TO, 0.03)
        return replace(world, injections=(Injection(kind, FROM, TO, tenants, job=job),))
    if kind == "price change":
        users = [each for each in world.uses if each.model == use.model]
        names = frozenset(each.name for each in users)
        tenants = tuple(sorted({each.tenant for each in users}))
        book = world.inputs.prices.raised([Raise(use.model, strength, at_us(FROM), at_us(TO))])
        wrong = Injection(kind, FROM, TO, tenants, names, strength, use.model)
        return replace(world, injections=(wrong,), book=book)
    return replace(world, injections=(Injection(kind, FROM, TO, tenants, names, strength),))


def total(lines: Sequence[CostLine], *tenants: str) -> int:
    counted = [line for line in lines if not tenants or line["tenant"] in tenants]
    return sum(from_bytes(line["cost"] or b"") for line in counted)


@pytest.mark.parametrize(
    "kind",
    ["runaway loop", "price change", "model switch", "prompt bloat", "slow leak", "dead source",
     "traffic holiday", "retry burst", "forgotten job"],
)  # fmt: skip
def test_what_an_injection_is_said_to_cost_is_what_lines_with_it_cost_more(
    calm: World, kind: Kind
) -> None:
    world = injected(calm, kind)
    (wrong,) = world.injections
    extras = []
    for with_it, without in zip(minutes_of(world), minutes_of(calm), strict=True):
        difference = total(with_it.lines, *wrong.tenants) - total(without.lines, *wrong.tenants)
        assert difference == with_it.extra[0]
        extras.append(difference)
        if not wrong.is_on(with_it.number):
            assert {line["line_id"]: line["cost"] for line in with_it.lines} == {
                line["line_id"]: line["cost"] for line in without.lines
            }
    falls = kind in {"dead source", "traffic holiday"}
    assert sum(extras) < 0 if falls else sum(extras) > 0
    assert any(extras[FROM:TO])
    assert not any((*extras[:FROM], *extras[TO:]))


def test_a_seed_makes_the_same_lines_and_another_makes_others(shared_data: Path) -> None:
    def some(seed: int) -> list[Minute]:
        return list(islice(minutes_of(draw_world(seed, 28 * DAY, inputs(shared_data))), 3))

    assert some(7) == some(7)
    assert some(7)[0].lines != some(8)[0].lines


def test_a_pool_of_gpus_costs_its_price_in_every_minute_whatever_is_forgotten(calm: World) -> None:
    # 128 H100s at $2.99 an hour; a sixtieth of it, in pico, comes out even up to the last digits
    train = CLUSTERS[0]
    an_hour = train.gpus * 2_990_000_000_000
    for minute in minutes_of(injected(calm, "forgotten job")):
        cost = total([line for line in minute.lines if line["pool"] == train.pool.name])
        assert abs(cost * 60 - an_hour) <= 30


def test_lines_are_those_that_meter_and_allocate_draw(calm: World) -> None:
    start_us = at_us(0)
    tally = Tally(MINUTE_US)
    rater = Rater(calm.book, tally)
    for use, demand in zip(calm.uses, calm.demands(), strict=True):
        used = calm.inputs.recordings.of(use.trace).used(*next(demand.minutes()))
        if used.events:
            rates = rates_of(calm.book, use.model, start_us)
            key = Key(use.tenant, use.project, use.provider, use.model, None, None)
            place = (start_us, api_pool(use.provider))
            rater.add(place, key, by_meter(used, rates), rates).events += used.events
    pools = [(Pool(name), sums, 0) for (_, name), sums in tally.by_window_pool.items()]
    for each in CLUSTERS:
        jobs = [job for job in calm.jobs if job.pool == each.pool.name and job.is_on(0)]
        pools.append((each.pool, sums_of(each, jobs, calm.book, start_us), each.gpus))
    edition = Edition("USD", calm.book.version, "bench", 0, REVISION, "final")
    drawn = [
        to_record(WindowPool(start_us, start_us + MINUTE_US, pool.name), what, figures, edition)
        for pool, sums, events in pools
        for what, figures in allocate(
            sums, Policy(pool, start_us, start_us + MINUTE_US), events
        ).items()
    ]
    assert len(drawn) > 40
    assert nameless(drawn) == nameless(next(minutes_of(calm)).lines)


def nameless(lines: Sequence[CostLine]) -> list[list[tuple[str, object]]]:
    """Return lines in an order of their own, without their identities."""
    named = [[pair for pair in sorted(line.items()) if pair[0] != "line_id"] for line in lines]
    return sorted(named, key=repr)


def test_no_line_is_said_twice_and_all_have_a_price(calm: World) -> None:
    seen: set[str] = set()
    lines = 0
    for minute in minutes_of(calm):
        seen.update(line["line_id"] for line in minute.lines)
        lines += len(minute.lines)
        assert len(seen) == lines
        assert all(line["cost"] is not None for line in minute.lines)


def test_costs_are_those_of_a_platform_worth_watching(shared_data: Path) -> None:
    whole = draw_world(7, 28 * DAY, inputs(shared_data))
    cost: Counter[str] = Counter()
    noon = replace(whole, minutes=14 * 60)
    for minute in islice(minutes_of(noon), 12 * 60, None, 20):
        for line in minute.lines:
            cost[line["tenant"]] += from_bytes(line["cost"] or b"")
    by_size = sorted((each / PICO * 10 for each in cost.values()), reverse=True)  # of 6 minutes
    assert len(cost) > 15
    assert by_size[0] > 50 > by_size[-1]


def test_runs_of_calls_are_summed_as_one_by_one_round_the_end_of_the_trace() -> None:
    rows = [Row(line, line, 100 * line, line, 10 * line) for line in range(1, 6)]
    recorded = Recorded(rows)
    for first in range(5):
        for calls in range(13):
            played = [rows[(first + each) % 5] for each in range(calls)]
            used = recorded.used(first, calls)
            assert used.cache_read == sum(row.cache_read_tokens or 0 for row in played)
            assert used.uncached + used.cache_read == sum(row.input_tokens for row in played)
            assert (used.output, used.events) == (sum(row.output_tokens for row in played), calls)


@pytest.mark.parametrize("seed", range(4))
def test_injections_of_a_seed_are_of_all_kinds_apart_and_after_the_quiet_days(
    shared_data: Path, seed: int
) -> None:
    world = draw_world(seed, 28 * DAY, inputs(shared_data))
    counts = Counter(each.kind for each in world.injections)
    assert set(counts) == set(COUNTS)
    assert all(counts[kind] <= most for kind, most in COUNTS.items())
    assert all(QUIET <= each.begin < each.end <= world.minutes for each in world.injections)
    forgotten = [each for each in world.injections if each.kind == "forgotten job"]
    assert all(one.end <= other.begin for one, other in pairwise(forgotten))
    for tenant in {tenant for each in world.injections for tenant in each.tenants}:
        own = [each for each in world.injections if tenant in each.tenants]
        assert all(one.end + APART <= other.begin for one, other in pairwise(own))


@pytest.mark.parametrize("shape", ["office", "consumer", "steady"])
def test_a_shape_of_all_day_is_one_on_the_mean(shape: Shape) -> None:
    assert sum(weights(shape)) == pytest.approx(WEEK)


@pytest.mark.parametrize("mean", [0.3, 5.0, 39.0, 400.0])
def test_counts_have_the_mean_and_the_spread_of_poisson(mean: float) -> None:
    chance = stream(1, "poisson")
    drawn = [poisson(chance, mean) for _ in range(20_000)]
    found = sum(drawn) / len(drawn)
    assert found == pytest.approx(mean, rel=0.05)
    assert sum((each - found) ** 2 for each in drawn) / len(drawn) == pytest.approx(mean, rel=0.05)

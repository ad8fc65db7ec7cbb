"""Steps of how much a tenant borrowed and lent: its balance with the pool, in GPU-seconds. Pure."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from streams.core.entitlement import Balance, balances
from streams.core.gpu import GPU, OUT_OF_SERVICE, UNOBSERVED
from streams.core.lending import LENT_CREDIT, RESERVED_IDLE, UNMET, reserved_times
from streams.core.lines import Dimensions
from streams.core.money import PICO
from streams.core.pools import GPU_SCALE
from streams.core.time_lines import BORROWED, TIME_KINDS
from streams.explain.made import Made
from streams.explain.step import Step
from streams.explain.time_cost import seconds
from streams.prices.wording import figure

OUT = frozenset({OUT_OF_SERVICE, UNOBSERVED})
ABOUT = frozenset({BORROWED, RESERVED_IDLE, LENT_CREDIT, UNMET})


def lending_steps(made: Made, what: Dimensions) -> Iterator[Step]:
    """Yield how a tenant's reservation stands, on lines that follow from it."""
    policy = made.window.policy
    reserved = reserved_times(policy.pool.reservations, policy.length_us)
    if what.kind not in ABOUT or not reserved:
        return
    found = balances(reserved, held_times(made), in_service_us(made))
    mine = found[what.tenant]
    if what.kind == UNMET and made.lines[what].quantity != mine.unmet * PICO:
        raise AssertionError(f"expected {made.lines[what]} unmet, explained {mine}")
    yield from _reserved(made, what.tenant, mine)
    if mine.burst:
        yield from _borrowed(found, mine, in_service_us(made))
    elif mine.surplus:
        yield from _lent(mine)


def held_times(made: Made) -> dict[str, int]:
    """Return the GPU-microseconds that each tenant held, borrowed ones included."""
    found: dict[str, int] = {}
    for what, figures in made.lines.items():
        if what.kind in {*TIME_KINDS, BORROWED}:
            found[what.tenant] = found.get(what.tenant, 0) + figures.quantity // PICO
    return found


def in_service_us(made: Made) -> int:
    """Return all priced time of the pool but that out of service, and that nobody looked."""
    return sum(
        totals[0]
        for _, entry in made.entries
        for meter, totals in entry.meters.items()
        if meter.name.startswith(GPU) and meter.priced and meter.name not in OUT
    )


def _reserved(made: Made, tenant: str, mine: Balance) -> Iterator[Step]:
    policy = made.window.policy
    for each in policy.pool.reservations:
        if each.tenant == tenant:
            gpus = figure(Decimal(each.milli_gpus) / GPU_SCALE)
            time_us = each.milli_gpus * policy.length_us // GPU_SCALE
            said = f"{gpus} x {seconds(policy.length_us)} = {seconds(time_us)}"
            yield Step("GPU-seconds that it reserved", said)
    if mine.unmet:
        said = f"{seconds(mine.entitled + mine.unmet)} - {seconds(mine.unmet)}"
        words = "the pool had less than all reservations, so its part of what there was"
        yield Step(words, f"{said} = {seconds(mine.entitled)}")


def _borrowed(found: Mapping[str, Balance], mine: Balance, capacity_us: int) -> Iterator[Step]:
    said = f"{seconds(mine.used)} - {seconds(mine.entitled)} = {seconds(mine.burst)}"
    yield Step("GPU-seconds that it held beyond that", said)
    bursts = sum(each.burst for each in found.values())
    free_us = capacity_us - sum(each.entitled for each in found.values())
    borrowed = sum(each.borrowed for each in found.values())
    if not borrowed:
        words = "nobody had reserved so many, so nothing is borrowed"
        yield Step(f"{words}: {seconds(free_us)} GPU-seconds for {seconds(bursts)} beyond")
        return
    said = f"{seconds(bursts)} - {seconds(free_us)} = {seconds(borrowed)}"
    yield Step("borrowed by all: what they held beyond, less what nobody had reserved", said)
    said = f"{seconds(borrowed)} x {seconds(mine.burst)} / {seconds(bursts)}"
    yield Step("its part of that", f"{said} = {seconds(mine.borrowed)}, to a microsecond")


def _lent(mine: Balance) -> Iterator[Step]:
    said = f"{seconds(mine.entitled)} - {seconds(mine.used)} = {seconds(mine.surplus)}"
    yield Step("GPU-seconds that it left of that", said)
    said = f"{seconds(mine.surplus)} - {seconds(mine.lent)} = {seconds(mine.unused)}"
    yield Step("less what others borrowed of it", said)

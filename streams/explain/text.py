"""An explanation for people: each line, the events behind it, its steps, and what they add up to.

Pure. Amounts are exact, to the last pico.
"""

from collections.abc import Iterable, Iterator, Sequence

from schemas.decimals import EXACT, to_decimal
from streams.core.lines import NO_MONEY, Dimensions, Figures, Money
from streams.core.money import PICO
from streams.explain.amounts import money
from streams.explain.evidence import Evidence, attribution
from streams.explain.explained import CHARGES, NOTHING, ExplainedLine, ExplainedWindow
from streams.explain.kinds import MEANING
from streams.explain.step import AMOUNTS, Step
from streams.explain.time_cost import seconds
from streams.readable import instant

TIME = "GPU-Microseconds"


def to_text(windows: Sequence[ExplainedWindow], tenant: str) -> Iterator[str]:
    """Yield an explanation line by line."""
    for window in windows:
        yield from _window(window, tenant)
        yield ""
    lines = [line for window in windows for line in window.lines]
    for currency in sorted({window.terms.currency for window in windows}):
        mine = [each for each in windows if each.terms.currency == currency]
        yield f"{tenant}, all pools: {_amounts(_sum(mine), currency)}"
    unexplained = sum(not line.is_explained for line in lines)
    if unexplained:
        yield f"{unexplained} of {len(lines)} lines are not what the archive makes, see above"
    else:
        yield "every line is what the archive makes, and its steps add up to it"


def _window(window: ExplainedWindow, tenant: str) -> Iterator[str]:
    where, terms = window.where, window.terms
    yield f"{tenant} in {where.pool}, {_clock(where.start_us)} until {_clock(where.end_us)}"
    status = "provisional" if terms.is_open else "corrected" if terms.generation else "final"
    note = f", note: {terms.note}" if terms.note else ""
    yield f"  in force  {status}, generation {terms.generation}, revision {terms.revision}{note}"
    yield f"  under     price book {terms.price_book}, catalog {terms.catalog}"
    yield f"  archive   {_archive(window)}"
    if window.why_not:
        yield f"  but       {window.why_not}"
    if window.pool:
        yield ""
        yield f"what {where.pool} costs"
        yield from _steps(window.pool)
    shown = [line for line in window.lines if not _is_nothing(line)]
    before: tuple[Evidence, ...] = ()
    for line in shown:
        yield ""
        yield from _line(window, line, before)
        before = line.evidence
    nothing = [line for line in window.lines if _is_nothing(line)]
    if nothing:
        yield ""
        yield f"nothing on: {', '.join(sorted({line.what.kind for line in nothing}))}"
    if len(shown) > 1:
        yield ""
        yield f"{tenant} in {where.pool}: {_amounts(_sum([window]), terms.currency)}"


def _archive(window: ExplainedWindow) -> str:
    if window.where.pool.startswith(CHARGES):
        return "not asked: these lines follow from other lines"
    if window.batches is None:
        return "makes no lines here"
    batches = "1 batch" if window.batches == 1 else f"{window.batches:,} batches"
    return f"{batches}, which make {'these lines' if not window.why_not else 'other lines'}"


def _line(
    window: ExplainedWindow, line: ExplainedLine, before: tuple[Evidence, ...]
) -> Iterator[str]:
    figures = line.in_force or line.made or NOTHING
    yield f"{_head(line.what)}: {_quantity(line.what, figures)}"
    if line.what.kind in MEANING:
        yield f"  is        {MEANING[line.what.kind]}"
    yield from _evidence(window, line, before)
    yield from _steps(line.steps)
    if line.is_explained:
        yield f"  together  {_amounts(figures.money, window.terms.currency)}"
        return
    currency = window.terms.currency
    yield f"  in force  {_figures(line.what, line.in_force, currency)}"
    yield f"  archive   {_figures(line.what, line.made, currency)}"


def _evidence(
    window: ExplainedWindow, line: ExplainedLine, before: tuple[Evidence, ...]
) -> Iterator[str]:
    if line.evidence and line.evidence == before:
        yield "  from      the same events as the line before"
        return
    for each in line.evidence:
        rules = window.made.window.rules if window.made else None
        why = attribution(rules, window.where, each, line.what.tenant) if rules else ""
        what = each.what.removesuffix("s") if each.events == 1 else each.what
        yield f"  from      {each.source}: {each.events:,} {what}, {why}"
        for words in each.first:
            yield f"            {words}"
        rest = each.events - len(each.first)
        if rest > 0:
            yield f"            and {rest:,} more"


def _steps(steps: Iterable[Step]) -> Iterator[str]:
    for step in steps:
        yield f"  {step.what}"
        for note in step.notes:
            yield f"      {note}"
        if step.arithmetic:
            yield f"      {step.arithmetic}"


def _head(what: Dimensions) -> str:
    named = {
        "model": what.model,
        "provider": what.provider,
        "endpoint": what.endpoint,
        "project": what.project,
        "job": what.job,
        "region": what.region,
        "tier": what.service_tier,
    }
    about = ", ".join(f"{name} {value}" for name, value in named.items() if value is not None)
    kind = what.kind if what.kind == what.meter else f"{what.kind} ({what.meter})"
    return f"{kind}, {about}" if about else kind


def _quantity(what: Dimensions, figures: Figures) -> str:
    if what.unit == TIME:
        return f"{seconds(figures.quantity // PICO)} GPU-seconds"
    if figures.quantity % PICO == 0:
        return f"{figures.quantity // PICO:,} {what.unit}"
    return f"{to_decimal(figures.quantity).normalize(EXACT):,f} {what.unit}"


def _figures(what: Dimensions, figures: Figures | None, currency: str) -> str:
    if figures is None:
        return "no such line"
    return f"{_quantity(what, figures)}, {_amounts(figures.money, currency)}"


def _amounts(amounts: Money | None, currency: str) -> str:
    if amounts is None:
        return "no price, so no cost"
    of = {"cost": amounts.cost, "list": amounts.listed, "billed": amounts.billed}
    return ", ".join(f"{name} {money(of[name])} {currency}" for name in AMOUNTS)


def _sum(windows: Iterable[ExplainedWindow]) -> Money:
    """Return the lines in force together; what has no price adds nothing."""
    rows = [
        (line.in_force or NOTHING).money or NO_MONEY for window in windows for line in window.lines
    ]
    return Money(*map(sum, zip(*rows, strict=True))) if rows else NO_MONEY


def _clock(at_us: int) -> str:
    return instant(at_us).replace(".000000Z", "Z")


def _is_nothing(line: ExplainedLine) -> bool:
    figures = [each for each in (line.in_force, line.made) if each is not None]
    return all(each.quantity == 0 and each.money == NO_MONEY for each in figures)

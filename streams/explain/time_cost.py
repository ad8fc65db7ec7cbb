"""What the GPU time of a (window, pool) costs: time at each rate, rounded once as a whole. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from streams.core.gpu import GPU
from streams.core.price import GPU_DIVISOR, GPU_HOURS, GPU_METER, Rate
from streams.core.windows import SECOND_US
from streams.explain.amounts import shown
from streams.explain.contributions import Contribution, TimeOf
from streams.explain.made import Made
from streams.explain.step import Amount, Step
from streams.prices.choice import Choice, SoughtTime, choose_time
from streams.prices.explanation_text import entry_words, not_words
from streams.prices.wording import figure, price_of
from streams.prices.wording import priced as price_words

HOUR_S = 3_600


@dataclass(frozen=True, slots=True)
class TimeAt:
    """GPU-microseconds of a model, bought one way, at one rate; None: no price was in force."""

    model: str
    purchase: str | None
    rate: Rate | None
    for_us: int

    def rate_of(self, name: Amount) -> int:
        """Return what an hour costs, or costs by the list, in pico."""
        if self.rate is None:
            return 0
        return self.rate.listed if name == "list" else self.rate.cost

    def in_full(self, name: Amount) -> str:
        """Return time times rate, in full."""
        rate = figure(price_of(self.rate_of(name), GPU_METER))
        exact = shown(Fraction(self.for_us * self.rate_of(name), GPU_DIVISOR))
        return f"{seconds(self.for_us)} x {rate} / {HOUR_S:,} = {exact}"


def seconds(for_us: int) -> str:
    """Return a duration in seconds, shown.

    >>> seconds(1_500_000), seconds(7)
    ('1.50', '0.000007')
    """
    return figure(Decimal(for_us) / SECOND_US)


def times_at(parts: list[Contribution]) -> list[TimeAt]:
    """Return contributions of GPU time by model, purchase and rate."""
    found: dict[tuple[str, str | None, Rate | None], int] = {}
    for each in parts:
        if not isinstance(each.of, TimeOf):
            raise TypeError(f"expected GPU time, got {each.of}")
        addition = each.addition
        cost, listed, _ = (amount // addition.quantity for amount in addition.amounts)
        rate = Rate(cost, listed) if addition.meter.priced else None
        what = (each.of.where.gpu_model, each.of.where.purchase_option, rate)
        found[what] = found.get(what, 0) + addition.quantity
    return [TimeAt(*what, for_us) for what, for_us in found.items()]


def gpu_parts(made: Made) -> list[Contribution]:
    """Return all GPU time of a window."""
    return [each for each in made.contributions.all if each.addition.meter.name.startswith(GPU)]


def time_steps(made: Made, parts: list[Contribution]) -> Iterator[Step]:
    """Yield what some GPU time costs before it is rounded, and which entry prices it."""
    for time in times_at(parts):
        bought = f", {time.purchase}" if time.purchase else ""
        of = f"{seconds(time.for_us)} GPU-seconds of {time.model}{bought}"
        if time.rate is None:
            yield Step(f"{of}: no price was in force", notes=_why(made, time))
            continue
        at = price_words(time.rate.cost, GPU_METER, GPU_HOURS)
        yield Step(f"{of} at {at}", time.in_full("cost"), notes=_why(made, time))


def _why(made: Made, time: TimeAt) -> tuple[str, ...]:
    choice = chosen(made, time)
    entry = [] if choice.price is None else [f"entry    {entry_words(choice.price)}"]
    return (*entry, *(line.removeprefix("  ") for line in not_words(choice.passed_over)))


def chosen(made: Made, time: TimeAt) -> Choice:
    """Return how time is priced. Raises where no price explains it: a bug here."""
    where, book = made.window.where, made.window.rules.book
    for at_us in (where.start_us, *book.edges(where.start_us, where.end_us)):
        choice = choose_time(book, SoughtTime(time.model, where.pool, time.purchase, at_us))
        if choice.rate == time.rate:
            return choice
    raise AssertionError(f"expected a price of {time}")

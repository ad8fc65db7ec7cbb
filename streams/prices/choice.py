"""Which entries of a price book usage was matched against, and why one of them prices it. Pure.

The same rules as `streams.core.price_book`, one entry at a time: there they are applied to whole
timelines. Whoever uses this compares what it chose with what core has, see `explanation`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from streams.core.price import GPU_METER, Price, Rate
from streams.core.price_book import MeterUnit, PriceBook
from streams.core.timeline import WEEK_US
from streams.core.uplifts import Uplift, uplifted
from streams.prices.wording import day, weekly


@dataclass(frozen=True, slots=True)
class Sought:
    """What decides about the price of a call. `tier` None is the regular one."""

    provider: str
    model: str
    region: str | None
    tier: str | None
    at_us: int
    prompt_tokens: int


@dataclass(frozen=True, slots=True)
class PassedOver:
    """An entry that does not price a call, and why."""

    price: Price
    why: str


@dataclass(frozen=True, slots=True)
class Choice:
    """The entry that prices a meter, None for none; at which rate, once raised; and the others."""

    price: Price | None
    uplifts: tuple[Uplift, ...]
    rate: Rate | None
    passed_over: tuple[PassedOver, ...]


def choose(book: PriceBook, meter: MeterUnit, sought: Sought) -> Choice:
    """Return how a meter of a call is priced."""
    commitments = (each.price() for each in book.agreements.commitments)
    of_model = [
        each
        for each in (*book.prices, *commitments)
        if (each.model, each.meter) == (sought.model, meter[0])
    ]
    passed, left = _sift(of_model, lambda each: _not_for(each, meter, sought))
    best = max((_rank(each) for each in left), default=(False, False))
    less, left = _sift(left, lambda each: _less_special(each, best))
    other_dates, left = _sift(left, lambda each: _not_then(each, sought.at_us))
    hours, left = _sift(left, lambda each: _not_these_hours(each, left, sought.at_us))
    steps, left = _sift(left, lambda each: _not_this_size(each, left, sought.prompt_tokens))
    price = left[0] if left else None
    return Choice(
        price,
        *_raised(price, book.agreements.uplifts, sought),
        (*passed, *less, *other_dates, *hours, *steps),
    )


@dataclass(frozen=True, slots=True)
class SoughtTime:
    """What decides about the price of GPU time."""

    model: str
    pool: str
    purchase: str | None
    at_us: int


def choose_time(book: PriceBook, sought: SoughtTime) -> Choice:
    """Return how GPU time is priced."""
    of_model = [
        each for each in book.prices if (each.model, each.meter) == (sought.model, GPU_METER)
    ]
    passed, left = _sift(of_model, lambda each: _not_for_time(each, sought))
    best = max((_rank_of_time(each) for each in left), default=(False, False))
    less, left = _sift(left, lambda each: _less_special_time(each, best))
    other_dates, left = _sift(left, lambda each: _not_then(each, sought.at_us))
    hours, left = _sift(left, lambda each: _not_these_hours(each, left, sought.at_us))
    price = left[0] if left else None
    passed_over = (*passed, *less, *other_dates, *hours)
    return Choice(price, (), price.both if price else None, passed_over)


def _not_for_time(price: Price, sought: SoughtTime) -> str | None:
    if price.pool not in (sought.pool, None):
        return f"pool {price.pool}"
    return None if price.purchase in (sought.purchase, None) else f"bought {price.purchase}"


def _rank_of_time(price: Price) -> tuple[bool, bool]:
    return price.pool is not None, price.purchase is not None


def _less_special_time(price: Price, best: tuple[bool, bool]) -> str | None:
    if _rank_of_time(price) == best:
        return None
    what = "pool" if best[0] and price.pool is None else "purchase option"
    return f"for any {what}, and one names it"


def _sift(
    prices: Sequence[Price], why_not: Callable[[Price], str | None]
) -> tuple[list[PassedOver], list[Price]]:
    """Split entries into those there is something against, and the others."""
    reasons = [(price, why_not(price)) for price in prices]
    passed = [PassedOver(price, why) for price, why in reasons if why is not None]
    return passed, [price for price, why in reasons if why is None]


def _not_for(price: Price, meter: MeterUnit, sought: Sought) -> str | None:
    if price.unit != meter[1]:
        return f"per {price.unit}, not {meter[1]}"
    if price.provider not in (sought.provider, None):
        return f"provider {price.provider}"
    if price.tier != sought.tier:
        return "regular tier" if price.tier is None else f"tier {price.tier}"
    if price.region not in (sought.region, None):
        return f"region {price.region}"
    return None


def _rank(price: Price) -> tuple[bool, bool]:
    return price.provider is not None, price.region is not None


def _less_special(price: Price, best: tuple[bool, bool]) -> str | None:
    if _rank(price) == best:
        return None
    what = "provider" if best[0] and price.provider is None else "region"
    return f"for any {what}, and one names it"


def _not_then(price: Price, at_us: int) -> str | None:
    if at_us < price.from_us:
        return f"begins {day(price.from_us)}"
    return f"ended {day(price.to_us)}" if at_us >= price.to_us else None


def _not_these_hours(price: Price, among: Sequence[Price], at_us: int) -> str | None:
    week_us = at_us % WEEK_US
    if price.hours:
        return None if price.covers(week_us) else f"only {weekly(price.hours)}"
    special = any(
        each.hours and each.covers(week_us) and each.from_tokens == price.from_tokens
        for each in among
    )
    return "other hours: these have a price of their own" if special else None


def _not_this_size(price: Price, among: Sequence[Price], tokens: int) -> str | None:
    if tokens < price.from_tokens:
        return f"prompts from {price.from_tokens:,} tokens"
    reached = max(each.from_tokens for each in among if each.from_tokens <= tokens)
    return None if price.from_tokens == reached else f"prompts below {reached:,} tokens"


def _raised(
    price: Price | None, uplifts: Iterable[Uplift], sought: Sought
) -> tuple[tuple[Uplift, ...], Rate | None]:
    """Return the uplifts in force of a price, and its rate with them."""
    if price is None:
        return (), None
    region, at_us = sought.region, sought.at_us
    pieces = uplifted([price], uplifts, sought.provider, region)
    [piece] = [each for each in pieces if each.holds_at(at_us)]
    if not region or price.region:
        return (), piece.both
    here = (each for each in uplifts if each.is_of(sought.provider, region) and each.raises(price))
    return tuple(each for each in here if each.from_us <= at_us < each.to_us), piece.both

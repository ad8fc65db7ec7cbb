"""The sentence of an alert about an unusual cost, for people."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from schemas.decimals import to_decimal
from streams.core.series.keys import SeriesKey
from streams.core.series.parts import Contribution
from streams.core.series.verdict import Verdict

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def words(  # noqa: PLR0913 - what a sentence is about, each once
    key: SeriesKey,
    verdict: Verdict,
    since_us: int,
    excess: int,
    parts: Sequence[Contribution],
    *,
    is_over: bool,
) -> str:
    """Return what happens and what to do."""
    what, currency = subject_words(key), key.currency
    total = f"{money(abs(excess))} {currency} {'extra' if excess >= 0 else 'less'} in all"
    since = f"since {instant(since_us)}"
    if is_over and key.is_price:
        return f"{what} is as before, or the usual one by now; {since} it was {total}."
    if is_over:
        return f"{what} is as usual again; {since} it was {total}."
    actual, expected = (
        money(verdict.per_hour(each)) for each in (verdict.actual, verdict.expected)
    )
    main = f" Most of it: {part_words(parts[0])}." if parts else ""
    if key.is_price:
        return (
            f"{what} has changed {since}: calls are {actual} {currency} an hour, "
            f"{expected} at the prices of before; so far {total}.{main} {advice(key, verdict)}"
        )
    low, high = money(verdict.low_per_hour), money(verdict.high_per_hour)
    per_hour = verdict.per_hour(verdict.actual)
    of_one = verdict.low_per_hour <= per_hour <= verdict.high_per_hour
    lone = " in any one minute" if of_one else ""  # it is what they are together that is not
    return (
        f"{what} is {actual} {currency} an hour {since}, "
        f"expected {expected} ({low} to {high}{lone}); "
        f"so far {total}.{main} {advice(key, verdict)}"
    )


def subject_words(key: SeriesKey) -> str:
    """Return what a series is of."""
    match key.subject:
        case "price":
            return f"Price of {key.model}"
        case "tenant":
            return f"Cost of {key.tenant}"
        case "model":
            return f"Cost of {key.tenant} for {key.model}"
        case "unit":
            return f"Cost of {key.tenant} for {key.model} at its price per token"
        case "idle":
            return f"Cost of idle time in pool {key.pool}"


def advice(key: SeriesKey, verdict: Verdict) -> str:
    """Return what to do."""
    if verdict.turn < 0:
        return "Look whether its usage still arrives."
    match key.subject:
        case "price":
            return "Look at the price book, and at what the provider says."
        case "idle":
            return "Give the pool work, or take nodes out of it."
        case "unit":
            return "Look at prices, token kinds and sizes of prompts."
        case "tenant" | "model":
            return "Look who began to use more; stop it, or mute it in the catalog if it is wanted."


def over_words(summary: str) -> str:
    """Return that it is over, behind what was said last."""
    return f"It is as usual again. Said last: {summary}"


def part_words(of: Contribution) -> str:
    """Return who has which part.

    >>> from streams.core.series.parts import Part
    >>> [part_words(Contribution(Part("model", "m"), 1, share)) for share in (0.5, 2.24)]
    ['model m (50%)', 'model m (more than all, others cost less)']
    """
    share = f"{of.share:.0%}" if round(of.share, 2) <= 1 else "more than all, others cost less"
    return f"{of.part.dimension} {of.part.name} ({share})"


def money(pico: int) -> str:
    """Return an amount for people.

    >>> money(1_234_567_000_000_000)
    '1,234.57'
    """
    return f"{to_decimal(pico):,.2f}"


def instant(at_us: int) -> str:
    """Return an instant to the minute.

    >>> instant(60_000_000)
    '1970-01-01 00:01 UTC'
    """
    return f"{EPOCH + timedelta(microseconds=at_us):%Y-%m-%d %H:%M} UTC"

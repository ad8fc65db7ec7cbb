"""Entries of a catalog as people read them: short, complete, and the same for the same. Pure."""

from collections.abc import Callable, Iterator
from dataclasses import fields as fields_of
from decimal import Decimal
from fractions import Fraction
from functools import singledispatch
from typing import Final, TypeAlias

from schemas.decimals import to_decimal
from schemas.owner_rules import Given, Question, Rule
from streams.core.alert_rules import AlertRule
from streams.core.budgets.budget import Budget
from streams.core.forecast.drivers import Driver
from streams.core.job_caps import JobCap
from streams.core.pools import (
    GPU_SCALE,
    WEIGHT_SCALE,
    Endpoint,
    IdlePolicy,
    Lending,
    Pool,
    Reservation,
    TokenWeights,
)
from streams.core.routes import Route
from streams.core.shared_costs import SHARE_SCALE, Share, SharedCost
from streams.core.tenants import Sla, Source, Tenant
from streams.core.timeline import FOREVER
from streams.core.windows import DAY_US
from streams.prices.wording import day, figure

Entry: TypeAlias = (
    Tenant
    | Sla
    | Source
    | Pool
    | Endpoint
    | SharedCost
    | Rule
    | JobCap
    | Route
    | AlertRule
    | Budget
    | Driver
)

DATES: Final = ("from_us", "to_us")
PERCENT: Final = SHARE_SCALE // 100
UNSAID: Final = (None, (), "")


def name_of(entry: Entry) -> str:
    """Return what an entry is called."""
    if isinstance(entry, Source):
        return f"{' '.join(entry.sources)} of {' '.join(entry.tenants)}"
    return entry.name


def words(entry: Entry) -> str:
    """Return what an entry says beside its name, dates last."""
    said = [f"{name} {text}" for name, text in facts(entry)]
    return "; ".join([*said, *filter(None, [when(entry)])])


def when(entry: Entry | Reservation) -> str:
    """Return from when until when an entry holds; nothing for always."""
    since = f"from {day(entry.from_us)}" if entry.from_us else ""
    until = f"until {day(entry.to_us)}" if entry.to_us != FOREVER else ""
    return " ".join(filter(None, [since, until]))


def facts(entry: Entry) -> Iterator[tuple[str, str]]:
    """Yield each field of an entry that is not its default, as text."""
    for field in fields_of(entry):
        value = getattr(entry, field.name)
        if field.name not in ("name", *DATES) and value not in UNSAID and value != field.default:
            name, *_ = NUMBERS.get(field.name, (CALLED.get(field.name, field.name),))
            yield name.replace("_", " "), said_as(field.name, value)


def said_as(field: str, value: object) -> str:
    """Return the value of a field as text."""
    if isinstance(value, int):
        return NUMBERS[field][1](value)
    return text(value)


@singledispatch
def text(value: object) -> str:
    """Return a value as text."""
    return str(value)


@text.register
def _(value: tuple) -> str:  # type: ignore[type-arg]  # singledispatch takes no tuple[object, ...]
    return ", ".join(map(text, value))


@text.register
def _(value: Fraction) -> str:
    return f"{(Decimal(value.numerator) / value.denominator).normalize():f}"  # as it was written


@text.register
def _(value: IdlePolicy) -> str:
    return f"{value.basis} {value.share}"


@text.register
def _(value: TokenWeights) -> str:
    weights = (value.input, value.output, value.cache_read)
    return "/".join(parts(each, WEIGHT_SCALE) for each in weights)


@text.register
def _(value: Lending) -> str:
    terms = f"burst {text(value.burst)} credit {text(value.credit)}"
    return f"{terms} margin {value.margin_account}"


@text.register
def _(value: Reservation) -> str:
    return " ".join(filter(None, [value.tenant, parts(value.milli_gpus, GPU_SCALE), when(value)]))


@text.register
def _(value: Question) -> str:
    return f"{value.fact} {' or '.join(value.globs)}"


@text.register
def _(value: Given) -> str:
    return value.text or f"as {value.fact}"


@text.register
def _(value: Share) -> str:
    return f"{value.of} {parts(value.millionths, PERCENT)} %"


def parts(count: int, of: int) -> str:
    """Return parts of one as a number.

    >>> parts(2500, 1000), parts(8000, 1000)
    ('2.5', '8')
    """
    return f"{(Decimal(count) / of).normalize():f}"


CALLED: Final = {"questions": "of"}
NUMBERS: Final[dict[str, tuple[str, Callable[[int], str]]]] = {
    "milli_gpus": ("gpus", lambda count: parts(count, GPU_SCALE)),
    "monthly": ("monthly", lambda pico: figure(to_decimal(pico))),
    "precedence": ("precedence", str),
    "per_day": ("per_day", lambda pico: figure(to_decimal(pico))),
    "ramp_us": ("ramp_days", lambda ramp_us: parts(ramp_us, DAY_US)),
    "goes_on": ("goes_on", lambda _: "to the next"),
    "muted": ("muted", lambda _: "while it holds"),
    **{
        name: (name, lambda pico: figure(to_decimal(pico)))
        for name in ("min_per_hour", "min_total", "critical_per_hour")
    },
    "limit": ("limit", lambda pico: figure(to_decimal(pico))),
}

"""Fields that several kinds of entries share, and what their values may be."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    ValidationInfo,
    field_validator,
)

from streams.config.document import Strict
from streams.config.faults import Fault, Loc
from streams.core.meters import CALL_PREFIX, TOKEN_METERS, tier_of
from streams.core.windows import SECOND_US

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MAX_DIGITS = 38  # as many as a cost has; exact arithmetic on 1e999999999 would not end
AMOUNT_LIMIT = 10**15  # a line has 26 digits before the point: one too large would stop the store
NUMBER: Final = re.compile(r"\s*[-+]?[0-9._]+\s*$")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def no_number(said: object) -> object:
    """Return an instant as it was written. Raises ValueError for a number, which is not one.

    20240101 would be taken for seconds since 1970.
    """
    if isinstance(said, int | float | Decimal) or (isinstance(said, str) and NUMBER.match(said)):
        raise ValueError(f"expected an instant, got {said!r}; write it like 2026-01-31T00:00:00Z")
    return said


def some_time(hours: str) -> str:
    """Check that hours end at another time than they begin."""
    if hours[:5] == hours[6:]:
        raise ValueError(
            f"expected hours that end at another time than they begin, got {hours}; a whole "
            "day is 00:00-24:00, or no hours"
        )
    return hours


Instant: TypeAlias = Annotated[AwareDatetime, BeforeValidator(no_number)]
Amount: TypeAlias = Annotated[
    Decimal,
    Field(
        ge=0,
        lt=AMOUNT_LIMIT,
        max_digits=MAX_DIGITS,
        description='A decimal in quotes, e.g. "2.50".',
    ),
]
Name: TypeAlias = Annotated[str, Field(min_length=1)]
Tier: TypeAlias = Annotated[str | None, AfterValidator(tier_of)]
Hours: TypeAlias = Annotated[
    str,
    Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$"),
    AfterValidator(some_time),
]
Day: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Dated(Strict):
    """What holds from one instant until another, by the word of a source."""

    effective_from: Instant | None = Field(
        default=None,
        description="First instant it holds for, by the time of the usage. Left out: defaults say.",
    )
    effective_to: Instant | None = Field(
        default=None, description="First instant it holds for no more. Left out: none."
    )
    source: str | None = Field(
        default=None,
        min_length=1,
        description="Who says so: a page, a contract, an invoice. Left out: defaults say.",
    )


class ByCall(Dated):
    """What may hold only for some calls, and only at some hours."""

    region: Name | None = Field(
        default=None,
        description="Calls only: the region that serves them, as usage names it. Left out: any "
        "region without a price of its own.",
    )
    service_tier: Tier = Field(
        default=None,
        description="Calls only: batch, flex, priority, or a tier of the provider's own. Left out: "
        "the regular one.",
    )
    above_tokens: int | None = Field(
        default=None,
        ge=0,
        description="Calls only: for whole calls whose prompt, cached tokens included, has more "
        "tokens than this.",
    )
    from_tokens: int | None = Field(
        default=None,
        gt=0,
        description="Calls only: for whole calls whose prompt, cached tokens included, has at "
        "least so many tokens.",
    )
    hours: Hours | None = Field(
        default=None,
        description='Only at these hours (UTC), e.g. "16:30-00:30"; may end on the next day. Left '
        "out: at all hours without a price of their own.",
    )
    days: tuple[Day, ...] | None = Field(
        default=None,
        min_length=1,
        description="Days (UTC) on which the hours begin. Left out: every day.",
    )

    @field_validator("from_tokens")
    @classmethod
    def _one_step(cls, value: int | None, info: ValidationInfo) -> int | None:
        if value is not None and info.data.get("above_tokens") is not None:
            raise ValueError(
                "expected above_tokens (more than) or from_tokens (at least), got both; remove one"
            )
        return value

    @field_validator("days")
    @classmethod
    def _in_order(cls, value: tuple[Day, ...] | None) -> tuple[Day, ...] | None:
        return value and tuple(sorted(set(value), key=DAYS.index))

    @property
    def step(self) -> int:
        """The least tokens of a prompt that it is for."""
        if self.above_tokens is not None:
            return self.above_tokens + 1
        return self.from_tokens or 0


def is_of_calls(meter: str) -> bool:
    """Whether a meter counts model calls."""
    return meter.startswith(CALL_PREFIX) or meter in TOKEN_METERS


def instant_us(instant: datetime) -> int:
    """Return an instant in UTC microseconds, exactly."""
    since = instant - EPOCH
    return (since.days * 86_400 + since.seconds) * SECOND_US + since.microseconds


def missing_faults(entry: Dated, loc: Loc) -> list[Fault]:
    """Name what an entry lacks although defaults were filled in."""
    return [
        Fault((*loc, name), f"expected {name} here or in defaults, got neither; add it")
        for name in ("effective_from", "source")
        if getattr(entry, name) is None
    ]


def order_faults(entry: Dated, loc: Loc) -> list[Fault]:
    """Name an end that is not after the begin."""
    start, end = entry.effective_from, entry.effective_to
    if start is None or end is None or end > start:
        return []
    text = f"expected effective_to after effective_from, got {end.isoformat()} after "
    return [Fault((*loc, "effective_to"), f"{text}{start.isoformat()}; correct one of them")]

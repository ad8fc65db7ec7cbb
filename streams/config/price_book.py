"""The price book document: dated, sourced prices that are whole picos per million or hour."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Self

from pydantic import AwareDatetime, Field, model_validator

from schemas.decimals import ONE
from streams.config.document import Strict, read, version_of
from streams.config.errors import InvalidDocument
from streams.core.meters import TOKEN_METERS, TOKENS
from streams.core.price import GPU_HOURS, GPU_METER, TOKEN_DIVISOR, Price
from streams.core.price_book import PriceBook
from streams.core.timeline import FOREVER
from streams.core.windows import SECOND_US

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
RESOURCE_PREFIX = "resource."
MAX_DIGITS = 38  # as many as a cost has; exact arithmetic on 1e999999999 would not end


class Entry(Strict):
    """One price of one thing from one instant on."""

    meter: str
    model: str
    provider: str | None = None
    pool: str | None = None
    price: Decimal = Field(ge=0, max_digits=MAX_DIGITS)
    per: int = Field(default=1, gt=0)
    unit: str
    above_tokens: int | None = Field(default=None, ge=0)
    from_tokens: int | None = Field(default=None, gt=0)
    effective_from: AwareDatetime
    effective_to: AwareDatetime | None = None
    source: str = Field(min_length=1)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        faults = [*self._meter_faults(), *self._figure_faults()]
        if faults:
            raise ValueError("; ".join(f"expected {fault}" for fault in faults))
        return self

    def _meter_faults(self) -> Iterator[str]:
        """Name what no usage could be looked up by: such a price would never be in force."""
        unit = {GPU_METER: GPU_HOURS}.get(
            self.meter, TOKENS if self.meter in TOKEN_METERS else None
        )
        if unit is None and not self.meter.startswith(RESOURCE_PREFIX):
            yield f"a meter of {', '.join(TOKEN_METERS)}, {GPU_METER} or resource.<kind>"
        if unit is not None and self.unit != unit:
            yield f"unit {unit} for {self.meter}"
        if self.provider is not None and self.meter not in TOKEN_METERS:
            yield f"no provider for {self.meter}: only calls have one"
        if self.pool is not None and self.meter != GPU_METER:
            yield f"no pool for {self.meter}: only GPUs have one"
        if self.step and self.meter not in TOKEN_METERS:
            yield f"no step by the size of the prompt for {self.meter}: only tokens have one"
        if self.above_tokens is not None and self.from_tokens is not None:
            yield "above_tokens (more than) or from_tokens (at least), not both"

    def _figure_faults(self) -> Iterator[str]:
        if self.effective_to is not None and self.effective_to <= self.effective_from:
            yield "effective_to after effective_from"
        if self.rate() != self._exact_rate():
            yield (
                "a price with no more decimals than 1e-12 of the currency per million tokens or "
                "units, or per GPU-hour"
            )

    def _exact_rate(self) -> Fraction:
        scale = 1 if self.meter == GPU_METER else TOKEN_DIVISOR
        return Fraction(self.price) * ONE * scale / self.per

    @property
    def step(self) -> int:
        """The least tokens of a prompt that this price is for."""
        if self.above_tokens is not None:
            return self.above_tokens + 1
        return self.from_tokens or 0

    def rate(self) -> int:
        """Return the rate as `core` wants it; see streams.core.price_book."""
        return int(self._exact_rate())

    def to_core(self) -> Price:
        """Return the entry as `core` looks it up."""
        end = self.effective_to
        return Price(
            self.meter,
            self.provider,
            self.model,
            self.pool,
            self.unit,
            self.rate(),
            instant_us(self.effective_from),
            FOREVER if end is None else instant_us(end),
            self.source,
            self.step,
        )


class Document(Strict):
    """A whole book."""

    currency: str = Field(pattern="^[A-Z]{3}$")
    prices: list[Entry]


def instant_us(instant: datetime) -> int:
    """Return an instant in UTC microseconds, exactly."""
    since = instant - EPOCH
    return (since.days * 86_400 + since.seconds) * SECOND_US + since.microseconds


def load_price_book(text: str) -> PriceBook:
    """Return the book a YAML document describes. Raises InvalidDocument with every fault."""
    document = read(Document, text, "price book")
    prices = [entry.to_core() for entry in document.prices]
    faults = overlaps(prices)
    if faults:
        raise InvalidDocument("price book", faults)
    return PriceBook(version_of(document), document.currency, prices)


def overlaps(prices: list[Price]) -> list[str]:
    """Name every two entries that are in force at once for the same thing."""
    ordered = sorted(
        prices,
        key=lambda p: (
            p.meter,
            p.provider or "",
            p.model,
            p.pool or "",
            p.unit,
            p.from_tokens,
            p.from_us,
        ),
    )
    return [
        f"{one.meter} of {one.model}: expected one price at a time, got {one.source} until "
        f"{one.to_us} us and {two.source} from {two.from_us} us; end the first where the second "
        "begins"
        for one, two in pairwise(ordered)
        if (one.meter, one.provider, one.model, one.pool, one.unit, one.from_tokens)
        == (two.meter, two.provider, two.model, two.pool, two.unit, two.from_tokens)
        and two.from_us < one.to_us
    ]

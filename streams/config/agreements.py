"""What a price book says beside prices: regional uplifts, agreements by tenant, commitments."""

from collections.abc import Hashable, Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Annotated, Final, TypeAlias

from pydantic import ConfigDict, Field, ValidationInfo, field_validator

from streams.config.document import Strict
from streams.config.exact import FINEST, NODE_HOURS, rate_of, whole
from streams.config.faults import Fault, Loc
from streams.config.fields import MAX_DIGITS, Amount, Dated, Name, is_of_calls
from streams.config.price_entry import Meter, units_of
from streams.config.spelling import instead
from streams.core.meters import TOKEN_METERS
from streams.core.price import GPU_METER

WEIGHT_SCALE: Final = 1000
WAYS: Final = ("discount", "markup", "price", "volume")

Globs: TypeAlias = tuple[Name, ...]


class Uplift(Dated):
    """What a provider adds where it serves calls in a region; prices that name one have it all."""

    region: Name = Field(description='A glob of regions, e.g. "eu-*".')
    factor: Annotated[Decimal, Field(gt=0, max_digits=MAX_DIGITS)] = Field(
        description='What prices are multiplied by, e.g. "1.10" for a tenth more.'
    )
    provider: str | None = Field(default=None, description="Left out: every provider.")
    models: Globs = Field(default=(), description='Globs, e.g. "gpt-5*". Left out: every model.')

    @property
    def thing(self) -> Hashable:
        """What it is for; there is one uplift at a time of it."""
        return self.region, self.provider, frozenset(self.models)


class VolumeStep(Strict):
    """The price of what a tenant uses in a calendar month (UTC) beyond so many units."""

    model_config = ConfigDict(validate_by_name=True, serialize_by_alias=True)

    from_units: int = Field(
        alias="from", ge=0, description="Units of the month before it; the first step has 0."
    )
    price: Amount = Field(description='Price of `per` units: a decimal in quotes, e.g. "2.50".')


class Override(Dated):
    """What a tenant is charged instead of what its usage costs: exactly one way of saying it."""

    tenant: Name | None = Field(default=None, description="Left out: every tenant.")
    meter: Meter | None = Field(default=None, description="Left out: every meter.")
    provider: Name | None = Field(default=None, description="Left out: every provider.")
    model: Name | None = Field(default=None, description="Model, GPU or sku. Left out: every one.")
    discount: Annotated[Decimal, Field(ge=0, le=1, max_digits=MAX_DIGITS)] | None = Field(
        default=None, description='Part of the cost that is not charged, e.g. "0.15".'
    )
    markup: Amount | None = Field(
        default=None, description='Part of the cost that is charged on top, e.g. "0.05".'
    )
    price: Amount | None = Field(
        default=None, description="Negotiated price of `per` units; needs meter and unit."
    )
    volume: tuple[VolumeStep, ...] | None = Field(
        default=None,
        min_length=1,
        description="Graduated prices of `per` units by the units of a calendar month (UTC); needs "
        "meter and unit.",
    )
    per: int = Field(default=1, gt=0, description="For how many units a price is.")
    unit: str | None = Field(default=None, description="Unit of the price, as of the meter.")

    @field_validator("provider")
    @classmethod
    def _only_of_calls(cls, value: str | None, info: ValidationInfo) -> str | None:
        meter = info.data.get("meter")
        if value is not None and meter is not None and not is_of_calls(meter):
            raise ValueError(f"expected no provider for {meter}: only calls have one; remove it")
        return value

    @field_validator("unit")
    @classmethod
    def _unit_of_meter(cls, value: str | None, info: ValidationInfo) -> str | None:
        meter = info.data.get("meter")
        units = [unit for unit in units_of(meter or "") if unit != NODE_HOURS]
        if value is not None and units and value not in units:
            raise ValueError(f"expected unit {units[0]} for {meter}, got {value[:80]!r}")
        return value

    @property
    def thing(self) -> Hashable:
        """What it is for; there is one override at a time of it."""
        return self.tenant, self.provider, self.model, self.meter

    @property
    def ways(self) -> list[str]:
        """The ways in which it says what is charged; a valid one has exactly one."""
        return [name for name in WAYS if getattr(self, name) is not None]

    @property
    def factor(self) -> Fraction | None:
        """What costs are multiplied by, if they are."""
        if self.discount is not None:
            return 1 - Fraction(self.discount)
        return None if self.markup is None else 1 + Fraction(self.markup)

    def faults(self, loc: Loc) -> Iterator[Fault]:
        """Name what does not fit in it."""
        if len(self.ways) != 1:
            got = " and ".join(self.ways) or "none of them"
            yield Fault(loc, f"expected one of {', '.join(WAYS)}, got {got}; keep one")
        if self.price is not None or self.volume:
            yield from self._price_faults(loc)
        elif self.unit is not None or self.per != 1:
            text = "expected per and unit only beside price or volume, got neither; remove them"
            yield Fault(loc, text)

    def _price_faults(self, loc: Loc) -> Iterator[Fault]:
        for name in ("meter", "unit"):
            if getattr(self, name) is None:
                yield Fault((*loc, name), f"expected {name} beside a price, got none; add {name}")
        for path, amount in self.amounts():
            if self.meter is not None and rate_of(self.meter, amount, self.per) is None:
                yield Fault((*loc, *path), f"{FINEST}, got {amount:f} per {self.per}; round it")
        steps = self.volume or ()
        if steps and steps[0].from_units:
            text = f"expected the first step from 0, got {steps[0].from_units}; add one from 0"
            yield Fault((*loc, "volume", 0, "from"), text)
        for number, (one, two) in enumerate(pairwise(steps), 1):
            if two.from_units <= one.from_units:
                text = f"expected more than {one.from_units}, where the step before begins, got "
                at = (*loc, "volume", number, "from")
                yield Fault(at, f"{text}{two.from_units}; put steps in order, each once")

    def amounts(self) -> Iterator[tuple[Loc, Decimal]]:
        """Yield every price in it, and where it is said."""
        if self.price is not None:
            yield ("price",), self.price
        for number, step in enumerate(self.volume or ()):
            yield ("volume", number, "price"), step.price


class Commitment(Dated):
    """Capacity of a provider's API that is paid for by the hour, used or not."""

    name: Name = Field(description="Its name on cost lines: one commitment, one name.")
    provider: Name = Field(description="Who sells it, as usage names it.")
    models: Globs = Field(min_length=1, description='Globs of models it serves, e.g. "gpt-4o*".')
    work: dict[Meter, Amount] = Field(
        min_length=1,
        description="Work of a token of each meter, to three decimals, in the unit of per_hour; "
        "meters left out draw nothing.",
        json_schema_extra={"propertyNames": {"enum": [*TOKEN_METERS]}},
    )
    per_hour: int = Field(gt=0, description="Work it covers an hour.")
    price_per_hour: Amount = Field(description='A decimal in quotes, e.g. "4.50".')

    def faults(self, loc: Loc) -> Iterator[Fault]:
        """Name what does not fit in it."""
        for meter, weight in self.work.items():
            at = (*loc, "work", meter)
            if meter not in TOKEN_METERS:
                text = f"expected a meter of tokens, got {meter}; {instead(meter, TOKEN_METERS)}"
                yield Fault(at, text)
            elif whole(weight, WEIGHT_SCALE) is None:
                yield Fault(at, f"expected at most 3 decimals, got {weight:f}; round it")
        if rate_of(GPU_METER, self.price_per_hour, 1) is None:
            text = f"expected at most 12 decimals, got {self.price_per_hour:f}; round it"
            yield Fault((*loc, "price_per_hour"), text)

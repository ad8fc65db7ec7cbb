"""One price as a document writes it.

Not here: whether entries fit each other. Invariant: an entry that exists can be looked up by some
usage, but for what `figure_faults` names.
"""

from collections.abc import Iterator
from typing import Annotated, Final, TypeAlias

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from streams.config.document import Strict
from streams.config.exact import FINEST, NODE_HOURS, rate_of
from streams.config.fields import Amount, ByCall, Name, is_of_calls
from streams.config.spelling import instead
from streams.core.meters import CALL_PREFIX, CALL_UNITS, TOKEN_METERS, TOKENS
from streams.core.price import GPU_HOURS, GPU_METER

RESOURCE_PREFIX: Final = "resource."
ONLY_GPUS: Final = ("pool", "purchase_option", "gpus_per_node")


def known_meter(meter: str) -> str:
    """Return a meter that usage can have. Raises ValueError."""
    is_open = any(
        meter.startswith(prefix) and meter != prefix for prefix in (CALL_PREFIX, RESOURCE_PREFIX)
    )
    if is_open or meter in TOKEN_METERS or meter == GPU_METER:
        return meter
    open_ones = f"{CALL_PREFIX}<kind>, {RESOURCE_PREFIX}<kind>"
    do = instead(meter, [*TOKEN_METERS, GPU_METER], open_ones)
    raise ValueError(f"expected a meter that usage has, got {meter[:80]!r}; {do}")


def units_of(meter: str) -> tuple[str, ...]:
    """Return the units that usage of a meter comes in; nothing: any."""
    if meter == GPU_METER:
        return GPU_HOURS, NODE_HOURS
    if meter in TOKEN_METERS:
        return (TOKENS,)
    return (CALL_UNITS[meter],) if meter in CALL_UNITS else ()


Meter: TypeAlias = Annotated[
    str,
    AfterValidator(known_meter),
    Field(
        description="What is priced: tokens.<kind> or call.<kind> of model calls, gpu, or "
        "resource.<kind>.",
        examples=[*TOKEN_METERS, *CALL_UNITS, GPU_METER, "resource.storage"],
    ),
]


class Metered(Strict):
    """What begins with a meter, so that later fields can be checked against it."""

    meter: Meter


class Entry(ByCall, Metered):
    """One price of one thing from one instant on."""

    model: str = Field(
        description="The model called, the GPU as NVML names it, or the resource's sku."
    )
    provider: str | None = Field(
        default=None,
        description="Calls only: who serves the model, as usage names it. Left out: any provider "
        "without a price of its own.",
    )
    pool: str | None = Field(
        default=None,
        description="GPUs only: the pool. Left out: any pool without a price of its own.",
    )
    purchase_option: Name | None = Field(
        default=None,
        description="GPUs only: on_demand, spot, reserved, owned, or one's own word, as usage "
        "names it. Left out: any without a price of its own.",
    )
    price: Amount = Field(description='Price of `per` units: a decimal in quotes, e.g. "2.50".')
    list_price: Amount | None = Field(
        default=None,
        description="What the public pays for `per` units, where `price` was negotiated.",
    )
    per: int = Field(default=1, gt=0, description="For how many units the price is.")
    unit: str = Field(
        description="Tokens, GPU-Hours, Node-Hours, or the unit usage comes in, e.g. GB-Hours."
    )
    gpus_per_node: int | None = Field(
        default=None, gt=0, description="GPUs of a node, where the unit is Node-Hours."
    )

    @field_validator("provider", "region", "service_tier", "above_tokens", "from_tokens")
    @classmethod
    def _only_of_calls(cls, value: object, info: ValidationInfo) -> object:
        meter = info.data.get("meter")
        if value is not None and meter is not None and not is_of_calls(meter):
            raise ValueError(
                f"expected no {info.field_name} for {meter}, got {value!r}: only calls have one; "
                "remove it"
            )
        return value

    @field_validator(*ONLY_GPUS)
    @classmethod
    def _only_of_gpus(cls, value: object, info: ValidationInfo) -> object:
        meter = info.data.get("meter")
        if value is not None and meter is not None and meter != GPU_METER:
            raise ValueError(
                f"expected no {info.field_name} for {meter}, got {value!r}: only GPUs have one; "
                "remove it"
            )
        return value

    @field_validator("unit")
    @classmethod
    def _unit_of_meter(cls, value: str, info: ValidationInfo) -> str:
        units = units_of(info.data.get("meter", ""))
        if units and value not in units:
            meter = info.data["meter"]
            raise ValueError(f"expected unit {' or '.join(units)} for {meter}, got {value[:80]!r}")
        return value

    @property
    def per_units(self) -> int:
        """For how many of the units that usage comes in the price is."""
        return self.per * (self.gpus_per_node or 1)

    @property
    def core_unit(self) -> str:
        """The unit that usage comes in."""
        return GPU_HOURS if self.unit == NODE_HOURS else self.unit

    def figure_faults(self) -> Iterator[tuple[str, str]]:
        """Yield fields whose figures fit no usage or are not exact, and what is wrong."""
        if (self.unit == NODE_HOURS) != (self.gpus_per_node is not None):
            both = f"unit {NODE_HOURS} and gpus_per_node"
            yield "unit", f"expected {both}, or neither, got one of them; add or remove one"
        for name, amount in (("price", self.price), ("list_price", self.list_price)):
            if amount is not None and rate_of(self.meter, amount, self.per_units) is None:
                of = f" nodes of {self.gpus_per_node} GPUs" if self.gpus_per_node else ""
                yield name, f"{FINEST}, got {amount:f} per {self.per}{of}; round it"

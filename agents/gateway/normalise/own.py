"""Our own JSON: one object a call, for whatever has no dialect of its own.

Fields are those of `InferenceUsage` (docs/topics.md), spelled for people: instants are RFC 3339,
amounts are decimals. docs/usage-event.schema.json is made from this model. CloudEvents carry the
same fields as their data.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeAlias, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict, ValidationError

from agents.gateway.normalise import values
from agents.gateway.normalise.outcome import Call, Declared, Outcome, refused
from agents.gateway.normalise.values import Unfit
from schemas.decimals import WHOLE_DIGITS
from schemas.records import CallQuantity, InferenceUsage

Name: TypeAlias = Annotated[str, Field(min_length=1, max_length=values.LONGEST_NAME)]
Count: TypeAlias = Annotated[int, Strict(), Field(ge=0, le=values.MOST)]
Amount: TypeAlias = Annotated[
    Decimal,
    BeforeValidator(values.no_truth),
    Field(ge=0, allow_inf_nan=False, lt=Decimal(10) ** WHOLE_DIGITS),
]
Instant: TypeAlias = Annotated[
    str, Field(max_length=64, json_schema_extra={"format": "date-time"})
]  # read by `values.instant`: numbers would have to be guessed to be seconds or more
Word: TypeAlias = Annotated[str, Field(pattern=f"^{values.WORD.pattern}$")]
Status = Literal["ok", "error", "client_disconnect", "timeout", "rate_limited", "blocked"]
FAULTS_TOLD = 3


class Quantity(BaseModel):
    """Something else that a call is priced by."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    meter: Name = Field(description="e.g. call.images_output, tokens.input_audio.")
    unit: Name = Field(description="Its unit, as the price book has it: Images, Tokens, Seconds.")
    quantity: Amount = Field(description="How much, at most twelve decimals.")


class UsageEvent(BaseModel):
    """One attempt of one model call. Totals are inclusive; null is not told, 0 is zero."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    request_id: Name = Field(
        description="Your id of this attempt: the same again is the same call, and counts once."
    )
    at: Instant = Field(description="When the attempt ended, with an offset.")
    tenant: Name | None = Field(default=None, description="Who pays.")
    project: Name | None = Field(default=None, description="Project of the tenant.")
    provider: Name = Field(description="As the price book names it, e.g. openai.")
    model: Name = Field(description="The model that answered.")
    endpoint: Name | None = Field(default=None, description="Your deployment that served it.")
    input_tokens: Count | None = Field(default=None, description="Cached ones included.")
    cache_read_tokens: Count | None = None
    cache_write_5m_tokens: Count | None = None
    cache_write_1h_tokens: Count | None = None
    output_tokens: Count | None = Field(default=None, description="Reasoning included.")
    reasoning_tokens: Count | None = None
    region: Name | None = None
    service_tier: Word | None = None
    quantities: tuple[Quantity, ...] | None = Field(default=None, max_length=64)
    response_id: Name | None = Field(default=None, description="The provider's id of the answer.")
    operation_id: Name | None = Field(default=None, description="What attempts have in common.")
    attempt: Annotated[int, Strict(), Field(ge=1, lt=2**31)] | None = None
    operation: Word | None = Field(default=None, description="chat, embeddings, ...")
    status: Status | None = None
    error_type: Word | None = Field(default=None, description="A class of errors, no message.")
    usage_source: Literal["provider", "estimate", "none"] | None = None
    is_stream: Annotated[bool, Strict()] | None = None
    started_at: Instant | None = None
    first_token_at: Instant | None = None
    reported_cost: Amount | None = Field(default=None, description="To compare with, never billed.")
    reported_currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] | None = None
    key_hash: Name | None = None
    user_hash: Name | None = None


INSTANTS = {
    "at": "at_us",
    "started_at": "started_at_us",
    "first_token_at": "first_token_at_us",
}
MADE = {*INSTANTS, "reported_cost", "quantities", "tenant", "provider"}
PLAIN = tuple(name for name in UsageEvent.model_fields if name not in MADE)


def from_own(told: object, source: Declared) -> Outcome:
    """Return what becomes of one object of ours."""
    try:
        event = event_of(told, source)
    except Unfit as error:
        return refused(error)
    return Call(event, ("own", str(event["request_id"])))


def event_of(told: object, source: Declared) -> InferenceUsage:
    """Return the event of an object. Raises Unfit naming its first faults, without their values."""
    if not isinstance(told, Mapping):
        raise Unfit("bad_event", f"expected a JSON object, got {values.said(told)}")
    try:
        read = UsageEvent.model_validate(told)
    except ValidationError as error:
        raise Unfit("bad_event", faults(error)) from None
    if (read.reported_cost is None) != (read.reported_currency is None):
        raise Unfit("bad_event", "expected reported_cost and reported_currency together")
    return event_from(read, source)


def event_from(read: UsageEvent, source: Declared) -> InferenceUsage:
    """Return what was read as an event. Raises Unfit."""
    made: dict[str, Any] = {name: getattr(read, name) for name in PLAIN}
    made["provider"] = source.provider(read.provider)
    made["tenant"] = read.tenant if source.tenant is None else source.tenant
    for name, field in INSTANTS.items():
        made[field] = values.instant(getattr(read, name), name)
    made["quantities"] = None if read.quantities is None else [*map(quantity, read.quantities)]
    made["reported_cost"] = values.amount(read.reported_cost, "reported_cost")
    made["gateway"] = source.name
    return cast("InferenceUsage", made)


def quantity(read: Quantity) -> CallQuantity:
    """Return a quantity as Avro has it."""
    amount = values.amount(read.quantity, "quantity") or b"\0"
    return CallQuantity(meter=read.meter, unit=read.unit, quantity=amount)


def faults(error: ValidationError) -> str:
    """Return the first faults, by place; never a value, which may be anything."""
    told = error.errors(include_url=False, include_context=False, include_input=False)
    shown = [
        f"{'.'.join(map(str, each['loc']))[:80]}: {each['msg'][:120]}"
        for each in told[:FAULTS_TOLD]
    ]
    more = f"; and {len(told) - FAULTS_TOLD} more" if len(told) > FAULTS_TOLD else ""
    return "; ".join(shown) + more

"""Many prices of one model at once, as a document writes them: a short form of entries."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any, Final, Self, TypeAlias

from pydantic import AfterValidator, Field, model_validator

from streams.config.faults import Loc
from streams.config.fields import Amount, ByCall
from streams.config.price_entry import Entry
from streams.config.spelling import instead
from streams.core.meters import CALL_PREFIX, CALL_UNITS, TOKEN_METERS, TOKENS

MILLION: Final = 10**6
TOKEN_PREFIX: Final = "tokens."  # noqa: S105  # of meters, not of a secret
TOKEN_KINDS: Final = tuple(meter.removeprefix(TOKEN_PREFIX) for meter in TOKEN_METERS)
CALL_KINDS: Final = tuple(meter.removeprefix(CALL_PREFIX) for meter in CALL_UNITS)
NOT_SHARED: Final = frozenset({"per_million_tokens", "per_unit"})


def token_kind(kind: str) -> str:
    """Return a kind of tokens. Raises ValueError."""
    if kind not in TOKEN_KINDS:
        do = instead(kind, TOKEN_KINDS)
        raise ValueError(f"expected a kind of tokens, got {kind[:80]!r}; {do}")
    return kind


def call_kind(kind: str) -> str:
    """Return a kind of other quantities of a call. Raises ValueError."""
    if kind not in CALL_KINDS:
        do = instead(kind, CALL_KINDS)
        raise ValueError(
            f"expected a kind of quantities of a call, got {kind[:80]!r}; {do}, or price others "
            "under prices, with their unit"
        )
    return kind


TokenKind: TypeAlias = Annotated[str, AfterValidator(token_kind)]
CallKind: TypeAlias = Annotated[str, AfterValidator(call_kind)]


class ModelPrices(ByCall):
    """Prices of one model that hold for the same calls and from the same instant on."""

    model: str = Field(description="The model called, as usage names it.")
    provider: str | None = Field(
        default=None, description="Who serves it, as usage names it. Left out: any provider."
    )
    per_million_tokens: dict[TokenKind, Amount] = Field(
        default={},
        description="Price of a million tokens, by their kind.",
        json_schema_extra={"propertyNames": {"enum": [*TOKEN_KINDS]}},
    )
    per_unit: dict[CallKind, Amount] = Field(
        default={},
        description="Price of one request, image, second, character, page, and so on, by kind.",
        json_schema_extra={"propertyNames": {"enum": [*CALL_KINDS]}},
    )

    @model_validator(mode="after")
    def _prices_something(self) -> Self:
        if not self.per_million_tokens and not self.per_unit:
            raise ValueError("expected prices in per_million_tokens or per_unit, got none")
        return self

    def entries(self) -> Iterator[tuple[Loc, Entry]]:
        """Yield the entries it stands for, in the order of the meters, and where each is said."""
        shared = {
            name: getattr(self, name) for name in self.model_fields_set if name not in NOT_SHARED
        }
        for kind in sorted(self.per_million_tokens, key=TOKEN_KINDS.index):
            price = self.per_million_tokens[kind]
            entry = _entry(shared, TOKEN_PREFIX + kind, price, MILLION, TOKENS)
            yield ("per_million_tokens", kind), entry
        for kind in sorted(self.per_unit, key=CALL_KINDS.index):
            meter = CALL_PREFIX + kind
            entry = _entry(shared, meter, self.per_unit[kind], 1, CALL_UNITS[meter])
            yield ("per_unit", kind), entry


def _entry(shared: dict[str, Any], meter: str, price: Decimal, per: int, unit: str) -> Entry:
    """Return an entry all of whose fields were checked already."""
    return Entry.model_construct(**shared, meter=meter, price=price, per=per, unit=unit)

"""A price book as people write it, whole.

Not here: reading it from YAML, and what `core` makes of it. Invariant: `normal` says the same in
one way only, so that versions depend on what is said and not on how.
"""

from collections.abc import Container, Hashable, Iterator
from collections.abc import Set as AbstractSet
from functools import cached_property
from typing import ClassVar, TypeVar

from pydantic import Field

from streams.config.agreements import Commitment, Override, Uplift
from streams.config.document import Strict, Whole
from streams.config.faults import Fault, Loc
from streams.config.fields import Dated, Instant, missing_faults, order_faults
from streams.config.model_prices import ModelPrices
from streams.config.price_entry import Entry
from streams.config.price_order import Stay, overlaps, price_faults, stay

AnyDated = TypeVar("AnyDated", bound=Dated)


class Defaults(Strict):
    """What entries have that leave it out."""

    effective_from: Instant | None = Field(
        default=None, description="First instant that entries without their own hold for."
    )
    source: str | None = Field(
        default=None, min_length=1, description="Who says so, of entries without their own."
    )


class Document(Whole):
    """A price book: dated, sourced prices, and what goes with them."""

    stand_ins: ClassVar[dict[str, object]] = {"currency": "XXX"}

    currency: str = Field(
        pattern="^[A-Z]{3}$", description="Currency of every price, as ISO 4217 writes it."
    )
    defaults: Defaults = Field(default=Defaults(), description="For entries that leave them out.")
    prices: tuple[Entry, ...] | None = Field(default=None, description="Prices, one by one.")
    models: tuple[ModelPrices, ...] = Field(
        default=(), description="Prices of calls, many of one model at once."
    )
    uplifts: tuple[Uplift, ...] = Field(
        default=(), description="What is added where calls are served in a region."
    )
    overrides: tuple[Override, ...] = Field(
        default=(), description="What tenants are charged instead of what their usage costs."
    )
    commitments: tuple[Commitment, ...] = Field(
        default=(), description="Capacity that is paid for by the hour, used or not."
    )

    @cached_property
    def entries(self) -> list[tuple[Loc, Entry]]:
        """Every price as an entry of its own, defaults filled in, and where it is said."""
        flat = [(("prices", n), self._filled(each)) for n, each in enumerate(self.prices or ())]
        grouped = [
            (("models", n, *loc), self._filled(entry))
            for n, each in enumerate(self.models)
            for loc, entry in each.entries()
        ]
        return [*flat, *grouped]

    def normal(self) -> "Document":
        """Return the one document of many that say the same: no defaults, no short forms."""
        return Document.model_construct(
            currency=self.currency,
            prices=tuple(entry for _, entry in self.entries),
            uplifts=tuple(map(self._filled, self.uplifts)),
            overrides=tuple(map(self._filled, self.overrides)),
            commitments=tuple(map(self._filled, self.commitments)),
        )

    def faults(self, ill: AbstractSet[object] = frozenset(), /) -> Iterator[Fault]:
        """Name what is wrong between the fields of an entry, and between entries."""
        undated = set()
        for loc, each in self._dated():
            filled = self._filled(each)
            faults = order_faults(filled, loc)
            if faults or filled.effective_from is None or filled.source is None:
                undated.add(loc)
            if "defaults" not in ill:
                yield from missing_faults(filled, loc)
            yield from faults
        if self.prices is None and not self.models and not {"prices", "models"} & ill:
            yield Fault((), "expected prices or models, got neither; add one")
        for loc, entry in self.entries:
            for field, text in entry.figure_faults():
                yield Fault((*loc, field) if len(loc) == 2 else loc, text)  # noqa: PLR2004
        yield from price_faults(each for each in self.entries if each[0][:2] not in undated)
        yield from self._agreement_faults(undated)

    def _dated(self) -> Iterator[tuple[Loc, Dated]]:
        for name in ("prices", "models", "uplifts", "overrides", "commitments"):
            for number, each in enumerate(getattr(self, name) or ()):
                yield (name, number), each

    def _agreement_faults(self, undated: Container[Loc]) -> Iterator[Fault]:
        for number, override in enumerate(self.overrides):
            yield from override.faults(("overrides", number))
        names: dict[str, Loc] = {}
        for number, commitment in enumerate(self.commitments):
            loc = ("commitments", number)
            yield from commitment.faults(loc)
            first = names.setdefault(commitment.name, loc)
            if first != loc:
                text = f"expected another name, got {commitment.name!r} again; rename one"
                yield Fault((*loc, "name"), text, first)
        yield from self._overlaps("uplifts", undated, "one uplift at a time for the same calls")
        yield from self._overlaps("overrides", undated, "one override at a time for the same usage")

    def _overlaps(self, name: str, undated: Container[Loc], expected: str) -> Iterator[Fault]:
        things: dict[Hashable, list[Stay]] = {}
        for number, each in enumerate(getattr(self, name)):
            if (name, number) not in undated:
                stays = things.setdefault(each.thing, [])
                stays.append(stay(self._filled(each), (name, number)))
        for stays in things.values():
            yield from overlaps(stays, expected)

    def _filled(self, each: AnyDated) -> AnyDated:
        lacking = {
            name: value for name, value in self._shared.items() if getattr(each, name) is None
        }
        return each.model_copy(update=lacking) if lacking else each

    @cached_property
    def _shared(self) -> dict[str, object]:
        defaults = self.defaults
        shared = {"effective_from": defaults.effective_from, "source": defaults.source}
        return {name: value for name, value in shared.items() if value is not None}

"""Pools and endpoints, as a catalog document has them."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field

from schemas.records import IdleBasis
from streams.config.catalog_dates import Lasting
from streams.config.catalog_tenants import Factor
from streams.config.document import Strict
from streams.config.faults import Fault, Loc
from streams.config.fields import MAX_DIGITS, Name
from streams.core.catalog import DERIVED_MARK
from streams.core.pools import Share
from streams.core.reserved import PLATFORM

COUNT_LIMIT: Final = 10**9  # GPUs, or work of a token: what follows from it fits a line
Thousandths: TypeAlias = Annotated[
    Decimal, Field(ge=0, lt=COUNT_LIMIT, decimal_places=3, max_digits=MAX_DIGITS)
]


class Idle(Strict):
    """What a pool counts as idle, and how it hands the cost of it out."""

    basis: IdleBasis = Field(
        default="unheld",
        description="unheld: capacity that nobody held; unheld_and_held_idle: also what holders "
        "left unused.",
    )
    share: Share = Field(
        default="weighted",
        description="weighted: by what each tenant used; even: the same for each; reservation: by "
        "what each has reserved; separate: on a line of its own, __idle__.",
    )


class Lending(Strict):
    """On what terms tenants use more than they have reserved."""

    burst: Factor = Field(
        default=Decimal(1),
        description='What the cost of borrowed time is multiplied by, e.g. "1.25".',
    )
    credit: Factor = Field(
        default=Decimal(1),
        description='The part of the cost of what it lent that a tenant gets back, e.g. "0.8".',
    )
    margin_account: Name = Field(
        default=PLATFORM, description="The tenant that gets, or pays, what is between the two."
    )


class Reservation(Lasting):
    """GPUs that a tenant pays for, used or not."""

    tenant: Name = Field(description="Who has reserved them.")
    gpus: Thousandths = Field(description='How many, to three decimals, e.g. "8".')


class Pool(Lasting):
    """Capacity paid for as a whole."""

    name: str = Field(
        pattern="^([^_]|_[^_])", description="Its name on cost lines; no __ at the front."
    )
    nodes: tuple[str, ...] = Field(
        default=(),
        description='Globs of host names, e.g. "gpu-*"; the first pool that matches counts.',
    )
    idle: Idle = Field(default=Idle(), description="Who pays for what was idle.")
    platform_account: Name = Field(
        default=PLATFORM, description="The tenant that pays for time out of service."
    )
    gpus: Thousandths | None = Field(
        default=None,
        description="How many GPUs it has: time reported beyond them becomes an adjustment. Left "
        "out: as many as are reported.",
    )
    lending: Lending | None = Field(
        default=None, description="How reserved GPUs are lent. Left out: they are not."
    )
    reservations: tuple[Reservation, ...] = Field(
        default=(), description="GPUs that tenants have reserved."
    )

    def faults(self, loc: Loc) -> Iterator[Fault]:
        """Name what does not fit in it."""
        if DERIVED_MARK in self.name:
            text = f"expected a pool without {DERIVED_MARK} in its name, got {self.name!r}"
            yield Fault((*loc, "name"), f"{text}; rename it")


class Weights(Strict):
    """Work of a token, as a multiple of an input token's, to three decimals."""

    input: Thousandths = Field(default=Decimal(1), description="Of an uncached input token.")
    output: Thousandths = Field(default=Decimal("2.5"), description="Of an output token.")
    cache_read: Thousandths = Field(default=Decimal("0.1"), description="Of a cached input token.")


class Endpoint(Lasting):
    """A deployment that serves many tenants."""

    name: str = Field(min_length=1, description="Its name, as usage names it.")
    pool: str | None = Field(default=None, description="The pool whose GPUs it runs on.")
    pools: tuple[str, ...] | None = Field(
        default=None,
        min_length=1,
        description="Instead of pool: several. Its calls share what it held in each of them; they "
        "are counted in the first.",
    )
    basis: Literal["gpu_time", "tokens"] = Field(
        default="gpu_time",
        description="gpu_time: tenants share the cost of the GPUs it held, by the work of their "
        "tokens; tokens: tenants pay the price book's token prices.",
    )
    weights: Weights = Field(default=Weights(), description="How much work tokens are.")

    @property
    def every(self) -> tuple[str, ...]:
        """All its pools."""
        return self.pools or (() if self.pool is None else (self.pool,))

    def named(self, loc: Loc) -> Iterator[tuple[Loc, str]]:
        """Yield its pools, and where each is said."""
        if self.pool is not None:
            yield (*loc, "pool"), self.pool
        for number, name in enumerate(self.pools or ()):
            yield (*loc, "pools", number), name

    def faults(self, loc: Loc) -> Iterator[Fault]:
        """Name what does not fit in it."""
        if (self.pool is None) == (self.pools is None):
            got = "neither" if self.pool is None else "both"
            yield Fault(loc, f"expected pool, or pools where it runs on several, got {got}; add or "
                        "remove one")  # fmt: skip
        for place, name in self.named(loc):
            if self.every.count(name) > 1:
                yield Fault(place, f"expected each pool once, got {name!r} again; remove one")
                return

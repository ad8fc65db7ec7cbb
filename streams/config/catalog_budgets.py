"""Budgets, as a catalog document has them."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from streams.config.catalog_dates import Lasting
from streams.config.exact import whole
from streams.config.faults import Fault, Loc
from streams.config.fields import Amount, Name
from streams.core.budgets.periods import LONGEST_US, nominal_us
from streams.core.money import PICO
from streams.core.windows import DAY_US

PERIOD = r"^(month|week|day|[1-9][0-9]{0,4} (hours|days))$"
PART_DECIMALS = 6

Part = Annotated[
    Decimal, Field(gt=0, lt=1, description='A part of the limit in quotes, e.g. "0.8".')
]


class Budget(Lasting):
    """What some costs together may be in a period. Costs count that fit in every respect said."""

    name: Name = Field(description="Its name in alerts, and in the id of its state.")
    tenant: Name | None = Field(
        default=None,
        description="Costs of this tenant and of all below it; may be a row like __idle__. Left "
        "out: of everybody.",
    )
    projects: tuple[Name, ...] = Field(
        default=(), description="Globs of projects. Left out: all costs, also without a project."
    )
    models: tuple[Name, ...] = Field(
        default=(), description='Globs of models, GPU models too, e.g. "gpt-*". Left out: all.'
    )
    jobs: tuple[Name, ...] = Field(
        default=(), description="Globs of the ids of jobs that hold GPUs. Left out: all costs."
    )
    pools: tuple[Name, ...] = Field(
        default=(), description='Globs of pools, e.g. "api:*" for calls by token. Left out: all.'
    )
    period: Annotated[str, Field(pattern=PERIOD)] = Field(
        description='month, week (from Monday) or day, in UTC; or the last "6 hours", "30 days".'
    )
    limit: Annotated[Amount, Field(gt=0)] = Field(
        description="What they may cost in a period. Cost counts, not what is charged for it."
    )
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = Field(
        description="Of the limit: the price book's."
    )
    warn_at: tuple[Part, ...] = Field(
        default=(Decimal("0.8"),), description="Parts of the limit at which an alert warns."
    )

    def faults(self, loc: Loc) -> Iterator[Fault]:
        """Name what does not fit in it."""
        if whole(self.limit, PICO) is None:
            text = f"expected at most 12 decimals, got {self.limit:f}; round it"
            yield Fault((*loc, "limit"), text)
        if nominal_us(self.period) > LONGEST_US:
            days = LONGEST_US // DAY_US
            text = f"expected a period of at most {days} days, got {self.period!r}; shorten it"
            yield Fault((*loc, "period"), text)
        for number, part in enumerate(self.warn_at):
            if whole(part, 10**PART_DECIMALS) is None:
                text = f"expected at most {PART_DECIMALS} decimals, got {part:f}; round it"
                yield Fault((*loc, "warn_at", number), text)
            if part in self.warn_at[:number]:
                text = f"expected each part once, got {part:f} again; remove it"
                yield Fault((*loc, "warn_at", number), text)

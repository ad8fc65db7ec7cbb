"""Caps of jobs, as a catalog document has them."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from streams.config.catalog_dates import Lasting
from streams.config.exact import whole
from streams.config.faults import Fault, Loc
from streams.config.fields import Amount, Name
from streams.core.money import PICO


class JobCap(Lasting):
    """What a batch or training job may cost, each for itself. The first that fits a job counts."""

    name: Name = Field(description="Its name in alerts.")
    tenants: tuple[Name, ...] = Field(
        min_length=1, description='Globs of tenants whose jobs it is for, e.g. "research".'
    )
    jobs: tuple[Name, ...] = Field(
        min_length=1, description='Globs of the ids of jobs, e.g. "train-*".'
    )
    limit: Annotated[Amount, Field(gt=0)] = Field(
        description='What one job may cost, e.g. "5000.00". An alert says when it is reached.'
    )
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = Field(
        description="Of the limit: the price book's."
    )

    def faults(self, loc: Loc) -> Iterator[Fault]:
        """Name what does not fit in it."""
        if whole(self.limit, PICO) is None:
            text = f"expected at most 12 decimals, got {self.limit:f}; round it"
            yield Fault((*loc, "limit"), text)

"""A catalog as people write it, whole."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from streams.config.catalog_budgets import Budget
from streams.config.catalog_dates import order_faults
from streams.config.catalog_drivers import Driver
from streams.config.catalog_faults import faults_between
from streams.config.catalog_jobs import JobCap
from streams.config.catalog_owners import OwnerRule
from streams.config.catalog_pools import Endpoint, Pool
from streams.config.catalog_sections import Sections
from streams.config.catalog_shared import SharedCost
from streams.config.faults import Fault


class Document(Sections):
    """A catalog: who there is, what capacity is shared, and what costs are.

    Entries may be dated. Of a window, what is in force at its begin counts.
    """

    def faults(self, ill: AbstractSet[object] = frozenset(), /) -> Iterator[Fault]:
        """Name what is wrong between the fields of an entry, and between entries."""
        disordered = list(order_faults(self.lasting()))
        yield from disordered
        for loc, each in self.lasting():
            if isinstance(
                each, Pool | Endpoint | SharedCost | OwnerRule | JobCap | Budget | Driver
            ):
                yield from each.faults(loc)
        if not disordered:
            yield from faults_between(self, ill)

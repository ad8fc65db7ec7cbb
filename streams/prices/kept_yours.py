"""What a site wrote into its book itself, which an import leaves alone."""

from collections.abc import Iterable
from datetime import datetime
from fnmatch import fnmatchcase

from streams.config.agreements import Uplift
from streams.config.price_entry import Entry
from streams.prices.found import Raise
from streams.prices.map_entries import Place, is_ours


class Yours:
    """A site's own prices and uplifts.

    One that names no provider or region is for all of them: a price that names them would be found
    first and take its place, so it is not imported either. What ended before `begin` is past.
    """

    def __init__(
        self, entries: Iterable[Entry], uplifts: Iterable[Uplift], begin: datetime
    ) -> None:
        own = [
            entry
            for entry in entries
            if not is_ours(entry.source)
            and (entry.effective_to is None or entry.effective_to > begin)
        ]
        self._prices = {(e.meter, e.model, e.service_tier, e.provider, e.region) for e in own}
        self._models = {(e.model, e.provider) for e in own}
        self._uplifts = [each for each in uplifts if not is_ours(each.source)]

    def has_price(self, place: Place) -> bool:
        """Whether the site says what a thing costs, at any size of prompt or hour."""
        return any(
            (place.meter, place.model, place.tier, provider, region) in self._prices
            for provider in (place.provider, None)
            for region in (place.region, None)
        )

    def has_uplift(self, raised: Raise) -> bool:
        """Whether the site prices a model, or raises it in a region, itself."""
        if {(raised.model, raised.provider), (raised.model, None)} & self._models:
            return True
        return any(
            uplift.provider in {raised.provider, None}
            and (uplift.region == raised.region or fnmatchcase(raised.region, uplift.region))
            and any(fnmatchcase(raised.model, glob) for glob in uplift.models or ("*",))
            for uplift in self._uplifts
        )

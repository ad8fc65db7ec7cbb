"""The product's watch of growth, given the hours of a world as ClickHouse would sum them up."""

from collections.abc import Iterable
from typing import Final

from schemas.decimals import from_bytes
from schemas.records import Alert, CostLine
from streams.config.catalog import load_catalog
from streams.config_topic import CATALOG
from streams.core.growth_alerts import Judged, alerts, whose_of
from streams.core.growths import Growths, HourCost, Whose, with_tenants
from streams.core.reserved import IDLE
from streams.core.windows import DAY_US, HOUR_US, window_start

MAX_SERIES: Final = 5_000


class Daily:
    """Days of costs, and what was said of their growth."""

    def __init__(self) -> None:
        self._catalog = load_catalog(CATALOG.default())
        self._growths = Growths(MAX_SERIES)
        self._said: dict[Whose, Alert] = {}
        self._sums: dict[tuple[Whose, int], int] = {}

    def add(self, lines: Iterable[CostLine]) -> None:
        """Add lines that are final."""
        for line in lines:
            if line["tenant"] != IDLE and line["cost"] is not None:
                whose = Whose(line["tenant"], line["model"] or "", line["currency"])
                self.spend(whose, line["window_start_us"], from_bytes(line["cost"]))

    def spend(self, whose: Whose, at_us: int, pico: int) -> None:
        """Add what something costs at an instant."""
        place = whose, at_us // HOUR_US
        self._sums[place] = self._sums.get(place, 0) + pico

    def said(self, day_us: int) -> list[Alert]:
        """Return what is said of a day that is over; of the next one there may be something."""
        rows = [
            HourCost(whose, hour, pico)
            for (whose, hour), pico in self._sums.items()
            if window_start(hour * HOUR_US, DAY_US) == day_us
        ]
        for each in rows:
            del self._sums[each.of, each.hour]
        self._growths.learn(day_us, with_tenants(rows))
        judged = Judged(self._growths.until_us, self._growths.growing(), self._growths)
        found = alerts(judged, self._said, self._catalog)
        self._said |= {whose: each for each in found if (whose := whose_of(each)) is not None}
        return found

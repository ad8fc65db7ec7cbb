"""Who was reported and cannot be charged: the largest spend that a catalog leaves to nobody.

What counts is the catalog asked about, at the begin of the window each event began in; lines drawn
under another one stay as they are until they are replayed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from streams.core.catalog import Catalog, Nobody
from streams.core.reserved import UNATTRIBUTED
from streams.replay.ask import Asker, Params, Row
from streams.replay.ranking import ranking_of
from streams.replay.span import Span


class Reported(NamedTuple):
    """What was reported alike, and why nobody is charged for it."""

    source: str
    tenant: str | None
    kind: str
    what: str | None  # model or sku
    endpoint: str | None
    why: Nobody
    currency: str


@dataclass(slots=True)
class Spend:
    """How much it was. `list_pico` None: none of it had a list price, or it is paid by GPU time."""

    events: int = 0
    tokens: int = 0
    list_pico: int | None = None

    def add(self, events: int, tokens: int, list_pico: int | None) -> None:
        """Add more of the same."""
        self.events += events
        self.tokens += tokens
        if list_pico is not None:
            self.list_pico = (self.list_pico or 0) + list_pico


def unattributed(asker: Asker, span: Span, catalog: Catalog) -> list[tuple[Reported, Spend]]:
    """Return what a catalog leaves to nobody, the largest spend first; raises what asking does."""
    params: Params = {
        **ranking_of(asker, span, catalog).params,
        "since": span.since_us,
        "until": span.until_us,
        "window": span.window_us,
        "edges": [0, *catalog.edges(0, span.until_us)],
    }
    return largest(asker.rows("reported_spend", params), catalog)


def largest(rows: Iterable[Row], catalog: Catalog) -> list[tuple[Reported, Spend]]:
    """Return what rows of reported_spend amount to, by all but when."""
    found: dict[Reported, Spend] = {}
    for at_us, kind, source, tenant, what, endpoint, currency, *figures in rows:
        names = catalog.said_by(source)
        if names.tenant(tenant, at_us) == UNATTRIBUTED:
            why = names.why_nobody(tenant, at_us)
            reported = Reported(source, tenant or None, kind, what, endpoint, why, currency)
            found.setdefault(reported, Spend()).add(*figures)
    return sorted(found.items(), key=by_size)


def by_size(each: tuple[Reported, Spend]) -> tuple[int, int, str]:
    """Order the largest spend first, then the most events."""
    of, spend = each
    return -(spend.list_pico or 0), -spend.events, str(of)

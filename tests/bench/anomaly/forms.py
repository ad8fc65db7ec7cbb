"""Cost lines with little work: what a line says of whom is made once, its figures every minute.

Drawing every line anew, as allocate does, takes most of the time that a bench of weeks has.
A test holds these lines against those.
"""

from collections.abc import Iterable
from typing import NamedTuple

from schemas.decimals import to_bytes
from schemas.records import CostLine
from streams.core.lines import Dimensions, Edition, Figures, WindowPool, to_record
from streams.core.windows import MINUTE_US

REVISION = 2  # of the lines of a minute that is over
ID_DIGITS = 16  # of a line's identity that say what it is about; the others say when


class Drawn(NamedTuple):
    """One line of a pool. Quantity in 1e-12 of its unit, cost in pico."""

    pool: str
    what: Dimensions
    quantity: int
    cost: int
    events: int


class Forms:
    """Lines as far as they are the same in every minute."""

    def __init__(self, price_book: str) -> None:
        self._edition = Edition("USD", price_book, "bench", 0, REVISION, "final")
        self._known: dict[tuple[str, Dimensions], CostLine] = {}

    def filled(self, start_us: int, lines: Iterable[Drawn]) -> list[CostLine]:
        """Return the lines of a minute, as final."""
        end_us, moment = start_us + MINUTE_US, f"{start_us:0{ID_DIGITS}x}"
        found: list[CostLine] = []
        for pool, what, quantity, cost, events in lines:
            form = self._known.get((pool, what)) or self._new(pool, what)
            amount = to_bytes(cost)
            found.append(
                {
                    **form,
                    "line_id": form["line_id"] + moment,
                    "window_start_us": start_us,
                    "window_end_us": end_us,
                    "quantity": to_bytes(quantity),
                    "cost": amount,
                    "events": events,
                    "list_cost": amount,
                    "billed_cost": amount,
                }
            )
        return found

    def _new(self, pool: str, what: Dimensions) -> CostLine:
        form = to_record(WindowPool(0, MINUTE_US, pool), what, Figures(), self._edition)
        form["line_id"] = form["line_id"][:ID_DIGITS]
        self._known[pool, what] = form
        return form

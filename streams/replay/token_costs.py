"""What a thousand tokens truly cost each tenant and model, beside what the list says."""

from dataclasses import dataclass

from streams.core.money import half_even
from streams.replay.ask import Asker

THOUSAND = 1000


@dataclass(frozen=True, slots=True)
class TokenCost:
    """Calls of a tenant to a model, in pico; empty endpoint: none. `unpriced_lines`: how many.

    None: nothing of it has a price. Of an endpoint paid by GPU time, cost is its part of the time
    that the endpoint held, and the list is that of GPU time. Idle time is not of a model, and not
    in it.
    """

    tenant: str
    provider: str
    model: str
    endpoint: str
    tokens: int
    cost: int | None
    listed: int | None
    currency: str
    unpriced_lines: int

    @property
    def per_1k(self) -> int | None:
        """What a thousand tokens cost, in pico, rounded half-even; None without tokens or price."""
        return self._per_1k(self.cost)

    @property
    def list_per_1k(self) -> int | None:
        """What they cost by the list."""
        return self._per_1k(self.listed)

    def _per_1k(self, pico: int | None) -> int | None:
        return None if pico is None or not self.tokens else half_even(pico * THOUSAND, self.tokens)


def token_costs(asker: Asker, since_us: int, until_us: int) -> list[TokenCost]:
    """Return what calls cost in hours that begin in a stretch, dearest first. Blocks."""
    rows = asker.rows("token_costs", {"since": since_us, "until": until_us})
    return [TokenCost(*row) for row in rows]

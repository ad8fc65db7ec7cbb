"""What a thousand tokens truly cost each tenant and model, beside what the list says."""

from dataclasses import dataclass

from streams.core.money import half_even
from streams.replay.ask import Asker
from streams.replay.span import Span

THOUSAND = 1000


@dataclass(frozen=True, slots=True)
class TokenCost:
    """Calls of a tenant to a model, in pico; empty endpoint: none. `unpriced_lines`: how many.

    Of an endpoint paid by GPU time, cost is its part of the time that the endpoint held, and the
    list is that of GPU time. Idle time is not of a model, and not in it.
    """

    tenant: str
    provider: str
    model: str
    endpoint: str
    tokens: int
    cost: int
    listed: int
    currency: str
    unpriced_lines: int

    @property
    def per_1k(self) -> int | None:
        """What a thousand tokens cost, in pico, rounded half-even; None without tokens."""
        return half_even(self.cost * THOUSAND, self.tokens) if self.tokens else None

    @property
    def list_per_1k(self) -> int | None:
        """What they cost by the list."""
        return half_even(self.listed * THOUSAND, self.tokens) if self.tokens else None


def token_costs(asker: Asker, span: Span) -> list[TokenCost]:
    """Return what calls cost in windows that begin in a span, dearest first. Blocks."""
    rows = asker.rows("token_costs", {"since": span.since_us, "until": span.until_us})
    return [TokenCost(*row) for row in rows]

"""What tenants are charged above what they cost: by tier of service, discount, agreed price."""

from typing import NamedTuple

from streams.replay.ask import Asker


class Margin(NamedTuple):
    """One tenant's amounts in pico. Monthly settlements of graduated prices are in them."""

    tenant: str
    currency: str
    cost: int
    listed: int
    billed: int
    provisional_lines: int

    @property
    def margin(self) -> int:
        """What it is charged above its cost; negative: below."""
        return self.billed - self.cost


def margins(asker: Asker, since_us: int, until_us: int) -> list[Margin]:
    """Return every tenant with lines in windows that begin in a stretch, the dearest first."""
    rows = asker.rows("margins", {"since": since_us, "until": until_us})
    return [
        Margin(str(tenant), str(currency), *map(int, numbers))
        for tenant, currency, *numbers in rows
    ]

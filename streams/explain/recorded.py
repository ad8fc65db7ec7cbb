"""A tally that remembers what was added to it: each addition was rated at one rate. Pure."""

from collections.abc import Iterator
from typing import NamedTuple

from streams.core.sums import Entry, Key, MeterKey, Sums
from streams.core.tally import Tally


class Addition(NamedTuple):
    """What one call of `Entry.add` added: a quantity, and cost, list and billed amounts."""

    key: Key
    meter: MeterKey
    quantity: int
    amounts: tuple[int, int, int]


class RecordedEntry(Entry):
    """An entry that remembers."""

    __slots__ = ("additions", "key")

    def __init__(self, key: Key) -> None:
        super().__init__()
        self.key = key
        self.additions: list[Addition] = []

    def add(
        self,
        meter: MeterKey,
        quantity: int,
        amount: int,
        listed: int | None = None,
        billed: int | None = None,
    ) -> None:
        """Add to one meter, and remember it."""
        super().add(meter, quantity, amount, listed, billed)
        listed = amount if listed is None else listed
        amounts = (amount, listed, amount if billed is None else billed)
        self.additions.append(Addition(self.key, meter, quantity, amounts))


class RecordedSums(Sums):
    """Sums whose entries remember."""

    __slots__ = ()

    def entry(self, key: Key) -> Entry:
        """Return the entry of a key, made when it is new."""
        found = self.entries.get(key)
        if found is None:
            found = self.entries[key] = RecordedEntry(key)
        return found


class RecordedTally(Tally):
    """A tally whose entries remember."""

    __slots__ = ()

    def sums(self, window_start_us: int, pool: str) -> Sums:
        """Return the sums of a (window, pool), made when they are new."""
        return self.by_window_pool.setdefault((window_start_us, pool), RecordedSums())

    def additions(self, window_start_us: int, pool: str) -> Iterator[Addition]:
        """Yield what was added to a (window, pool)."""
        sums = self.by_window_pool.get((window_start_us, pool), Sums())
        for entry in sums.entries.values():
            if isinstance(entry, RecordedEntry):
                yield from entry.additions

"""Which injections a seed has, and when: so many of each kind in the days that are not quiet."""

from collections.abc import Iterator
from typing import Final

from streams.demo.chance import stream
from tests.bench.anomaly.customers import Use
from tests.bench.anomaly.draws import Draws, Worth
from tests.bench.anomaly.injection import Injection, Kind
from tests.bench.anomaly.season import DAY, HOUR

QUIET = 10 * DAY  # minutes at the begin in which nothing goes wrong
BUSY = 18 * DAY  # the rest of four weeks
APART = 6 * HOUR  # minutes between two injections of one tenant
TRIES = 400  # draws until one fits
COUNTS: Final[dict[Kind, int]] = {  # of four weeks; those of many tenants come first
    "slow leak": 1, "late data": 2, "price change": 2, "traffic holiday": 1, "dead source": 3,
    "forgotten job": 5, "runaway loop": 8, "model switch": 4, "prompt bloat": 4, "retry burst": 8,
}  # fmt: skip


class Diary:
    """When each tenant has something going wrong: who would tell two at once apart?"""

    def __init__(self) -> None:
        self._forgotten: list[Injection] = []  # one job at a time, as GPUs are limited
        self._taken: dict[str, list[tuple[int, int]]] = {}

    def is_free(self, tenant: str, begin: int, end: int) -> bool:
        """Whether a tenant has nothing near a stretch."""
        return all(
            end + APART <= other_begin or other_end + APART <= begin
            for other_begin, other_end in self._taken.get(tenant, ())
        )

    def takes(self, drawn: Injection) -> bool:
        """Write an injection down, if all its tenants are free."""
        begin, end = drawn.begin, drawn.end
        if not all(self.is_free(tenant, begin, end) for tenant in drawn.tenants):
            return False
        if drawn.job is not None:
            if any(each.begin < end and begin < each.end for each in self._forgotten):
                return False
            self._forgotten.append(drawn)
        for tenant in drawn.tenants:
            self._taken.setdefault(tenant, []).append((begin, end))
        return True


def draw_injections(
    seed: int, minutes: int, uses: tuple[Use, ...], worth: Worth
) -> tuple[Injection, ...]:
    """Return the injections of a seed by their begin; a kind of which no draw fits has fewer."""
    diary = Diary()
    draws = Draws(stream(seed, "mishaps"), (QUIET, minutes), uses, worth, diary.is_free)
    found = [
        injection
        for kind, count in COUNTS.items()
        for _ in range(max(round(count * (minutes - QUIET) / BUSY), 1))
        for injection in first_fit(draws, kind, diary)
    ]
    return tuple(sorted(found, key=lambda each: (each.begin, each.kind)))


def first_fit(draws: Draws, kind: Kind, diary: Diary) -> Iterator[Injection]:
    """Yield the first draw of a kind that the diary takes; nothing after so many tries."""
    for _ in range(TRIES):
        drawn = draws.one(kind)
        if drawn is not None and diary.takes(drawn):
            yield drawn
            return

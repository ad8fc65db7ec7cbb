"""Recorded model calls as sums: how many tokens any run of consecutive calls has, at once.

Sizes and cached prefixes are those of the traces, so calls that follow each other are as alike as
real ones are.
"""

from collections.abc import Iterable, Iterator
from itertools import accumulate
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from streams.core.call_price import Used
from streams.core.windows import MINUTE_US
from streams.demo import azure_trace, mooncake_trace
from streams.demo.trace_row import Row

Trace: TypeAlias = Literal["azure", "mooncake"]

AROUND = 7  # minutes to either side that the rate of a minute is compared with


class Recorded:
    """The calls of one trace, played round and round."""

    def __init__(self, rows: Iterable[Row]) -> None:
        kept = [(row.input_tokens, row.cache_read_tokens or 0, row.output_tokens) for row in rows]
        self.calls = len(kept)
        self._inputs = [*accumulate((row[0] for row in kept), initial=0)]
        self._reads = [*accumulate((row[1] for row in kept), initial=0)]
        self._outputs = [*accumulate((row[2] for row in kept), initial=0)]

    @property
    def all(self) -> Used:
        """What all calls of the trace used."""
        return self.used(0, self.calls)

    def used(self, first: int, calls: int) -> Used:
        """Return what so many calls from the first on used."""
        read = self._between(self._reads, first, calls)
        return Used(
            uncached=self._between(self._inputs, first, calls) - read,
            cache_read=read,
            output=self._between(self._outputs, first, calls),
            events=calls,
        )

    def _between(self, sums: list[int], first: int, calls: int) -> int:
        rounds, last = divmod(first + calls, self.calls)
        return rounds * sums[-1] + sums[last] - sums[first]


class Recordings(NamedTuple):
    """Both traces, and how the rate of the first goes up and down from minute to minute."""

    azure: Recorded
    mooncake: Recorded
    ripple: tuple[float, ...]

    def of(self, trace: Trace) -> Recorded:
        """Return the calls of a trace."""
        return self.azure if trace == "azure" else self.mooncake


def read_recordings(folder: Path) -> Recordings:
    """Read the traces of a folder."""
    azure = list(read(folder / "azure_llm_2023_conv.csv", "azure"))
    mooncake = read(folder / "mooncake_synthetic.jsonl", "mooncake")
    return Recordings(Recorded(azure), Recorded(mooncake), ripple(azure))


def read(path: Path, trace: Trace) -> Iterator[Row]:
    """Yield the calls of one trace."""
    with path.open(encoding="utf-8") as file:
        yield from (azure_trace if trace == "azure" else mooncake_trace).rows(path, file)


def ripple(rows: Iterable[Row]) -> tuple[float, ...]:
    """Return the calls of each minute but the last over the mean of the minutes around it."""
    counts: dict[int, int] = {}
    begin_us = None
    for row in rows:
        begin_us = row.at_us if begin_us is None else begin_us
        minute = (row.at_us - begin_us) // MINUTE_US
        counts[minute] = counts.get(minute, 0) + 1
    whole = [counts.get(minute, 0) for minute in range(max(counts))]
    found = []
    for minute, count in enumerate(whole):
        near = whole[max(minute - AROUND, 0) : minute + AROUND + 1]
        found.append(count * len(near) / sum(near))
    return tuple(found)

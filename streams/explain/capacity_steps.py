"""Steps of lines of GPU time: from what was metered through every sum and split. Pure.

They follow what capacity remembers of its way (see `streams.core.capacity`).
"""

from collections.abc import Iterator
from fractions import Fraction

from streams.core.capacity import Capacity, Joined, Metered, Multiple, Opposite, Share
from streams.core.gpu import UNIT
from streams.core.lines import Dimensions
from streams.core.price import GPU_DIVISOR
from streams.core.sums import MeterKey
from streams.explain.amounts import money, rounded, shown
from streams.explain.capacity_words import BY, amount_of, kinds_of, label, weight_words
from streams.explain.made import Made
from streams.explain.step import Amount, Step
from streams.explain.time_cost import TimeAt, times_at
from streams.prices.agreement_words import factor_words

FEW = 4  # parts of a sum that are explained one by one


def capacity_steps(made: Made, what: Dimensions) -> Iterator[Step]:
    """Yield the steps of a line of GPU time."""
    figures = made.lines[what]
    if figures.money is None:
        return
    names: tuple[Amount, ...] = ("cost", "list")
    for name in names if figures.money.listed != figures.money.cost else names[:1]:
        for part in figures.came:
            yield from _Walk(made, name).to(part, name)


class _Walk:
    """Walks to one amount of a line, from what was metered."""

    def __init__(self, made: Made, name: Amount) -> None:
        self.made = made
        self.name = name

    def to(self, part: Capacity, adds: Amount | None = None) -> Iterator[Step]:
        """Yield the steps to a part; the last may add it to the line."""
        match part.origin:
            case Metered():
                yield self._metered(part, part.origin, adds)
            case Joined(parts):
                yield from self._joined(part, parts, adds)
            case Share(whole=whole):
                yield from self.to(whole)
                yield self._share(part, part.origin, adds)
            case Multiple(whole, factor):
                yield from self.to(whole)
                exact = self._pico(whole) * factor
                said = f"{self._money(whole)} x {factor_words(factor)}"
                said += f" = {rounded(exact, self._pico(part))}"
                yield self._step(f"{factor_words(factor)} of that", said, part, adds)
            case Opposite(whole):
                yield from self.to(whole)
                yield self._step("taken away", f"0 - {self._money(whole)} = {self._money(part)}",
                                 part, adds)  # fmt: skip
            case None:
                raise AssertionError(f"expected capacity to say where it came from, got {part}")

    def _metered(self, part: Capacity, origin: Metered, adds: Amount | None) -> Step:
        """Return what some time costs by itself, and its part of the pool's rounded cost."""
        meter = MeterKey(origin.meter, UNIT, GPU_DIVISOR, priced=True)
        _, cost, listed, _ = self.made.window.sums.entries[origin.key].meters[meter]
        exact = Fraction(listed if self.name == "list" else cost, GPU_DIVISOR)
        times = times_at(self.made.contributions.by_meter[origin.key, meter])
        said = " + ".join(map(self._product, times)) + f" = {shown(exact)}"
        if exact != self._pico(part):
            said += f"; of the pool's cost, rounded as a whole, {self._money(part)}"
        return self._step(label(part), said, part, adds)

    def _product(self, time: TimeAt) -> str:
        return time.in_full(self.name).rpartition(" = ")[0]

    def _joined(
        self, part: Capacity, parts: tuple[Capacity, ...], adds: Amount | None
    ) -> Iterator[Step]:
        """Yield each of a few parts, or equal ones of many together; then their sum."""
        if len(parts) == 1:
            yield from self.to(parts[0], adds)
            return
        if len(parts) <= FEW:
            for each in parts:
                yield from self.to(each)
            picos = [self._pico(each) for each in parts]
        else:
            kinds = kinds_of(part, self.name)
            for words, pico in kinds.items():
                yield Step(f"{self.name}: {words}", money(pico))
            picos = [*kinds.values()]
        said = f"{' + '.join(map(money, picos))} = {self._money(part)}"
        yield self._step("together", said, part, adds)

    def _share(self, part: Capacity, origin: Share, adds: Amount | None) -> Step:
        """Return one part of a split."""
        mine, all_ = origin.weights[origin.index], sum(origin.weights)
        exact = Fraction(self._pico(origin.whole) * mine, all_)
        parts = f"{weight_words(mine, origin.by)} / {weight_words(all_, origin.by)}"
        said = f"{self._money(origin.whole)} x {parts} = {self._money(part)}"
        if exact != self._pico(part):
            said += ", rounded so that the shares sum to the whole"
        takers = sum(1 for weight in origin.weights if weight)
        of = "it alone" if takers == 1 else f"{takers} takers"
        words = f"its share, {BY[origin.by]}, of {of}"
        if origin.by == "time":
            words = "the part of it, by GPU-seconds"
        return self._step(words, said, part, adds)

    def _step(self, words: str, said: str, part: Capacity, adds: Amount | None) -> Step:
        return Step(f"{self.name}: {words}", said, adds, self._pico(part))

    def _pico(self, part: Capacity) -> int:
        return amount_of(part, self.name)

    def _money(self, part: Capacity) -> str:
        return money(self._pico(part))

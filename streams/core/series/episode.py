"""When verdicts of a series become something to say, and when that is over.

It begins with the first of `OPENS` unusual stretches among `OF` in a row, or at once when what it
cost extra is what an hour of a critical one does, or where chance has no part in it. It is over
after `QUIET` usual ones in a row, by their final costs.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from streams.core.alert_rules import AlertRule
from streams.core.series.verdict import Verdict

OPENS: Final = 3
OF: Final = 5
QUIET: Final = 10
REMEMBERED: Final = max(OF, QUIET)  # final verdicts that the next decision may need
KEPT: Final = 4 * REMEMBERED  # verdicts, before those that no decision needs are looked for


@dataclass(slots=True)
class Episode:
    """Something unusual, from its first stretch on. Pico; negative where too little was spent."""

    turn: int
    since_us: int
    settled: int = 0  # extra cost of stretches whose verdict is final
    spent: int = 0  # all that these cost
    is_over: bool = False
    counted_us: int = 0  # until when `settled` is what was said by who led before

    def has(self, verdict: Verdict) -> bool:
        """Whether a stretch is of it, and not counted yet."""
        return verdict.start_us >= max(self.since_us, self.counted_us)


@dataclass(slots=True)
class Course:
    """The last verdicts of a series, in the order of time, and what is going on in it.

    `is_certain`: chance has no part in it, so one unusual stretch is enough.
    """

    episode: Episode | None = None
    verdicts: dict[int, Verdict] = field(default_factory=dict)  # by begin
    is_certain: bool = False

    @property
    def excess(self) -> int:
        """What the episode cost extra so far; of stretches that are not final what is known."""
        if self.episode is None:
            return 0
        pending = (each.excess for each in self._of_episode() if not each.is_final)
        return self.episode.settled + sum(pending)

    def add(self, verdict: Verdict, rule: AlertRule, *, may_open: bool) -> None:
        """Take in a verdict; a final one in the place of that before it."""
        self.verdicts[verdict.start_us] = verdict
        episode = self.episode
        if episode is not None and verdict.is_final and episode.has(verdict):
            episode.settled += verdict.excess
            episode.spent += verdict.actual
        if episode is None:
            if may_open and verdict.turn:
                self._open(rule)
        elif self._is_quiet(episode.turn):
            episode.is_over = True  # until it was spoken of and is forgotten, no other one begins
        self._forget()

    def absolve(self) -> None:
        """Take what was judged for good for usual: nothing else begins there."""
        for start_us, each in self.verdicts.items():
            if each.is_final:
                self.verdicts[start_us] = each._replace(turn=0)

    def _open(self, rule: AlertRule) -> None:
        recent = self._in_order()[-OF:]
        for turn in (1, -1):
            unusual = [each for each in recent if each.turn == turn]
            total = abs(sum(each.excess for each in unusual))
            often = len(unusual) >= OPENS and total >= rule.min_total
            if unusual and (often or self.is_certain or total >= rule.critical_per_hour):
                self._begin(turn, unusual[0].start_us)
                return

    def _begin(self, turn: int, since_us: int) -> None:
        self.episode = Episode(turn, since_us)
        finals = [each for each in self._of_episode() if each.is_final]
        self.episode.settled = sum(each.excess for each in finals)
        self.episode.spent = sum(each.actual for each in finals)

    def _of_episode(self) -> Iterable[Verdict]:
        episode = self.episode
        return (each for each in self.verdicts.values() if episode is None or episode.has(each))

    def _is_quiet(self, turn: int) -> bool:
        ordered = self._in_order()
        finals = [each for each in ordered if each.is_final][-QUIET:]
        if len(finals) < QUIET:
            return False
        return all(each.turn != turn for each in ordered if each.start_us >= finals[0].start_us)

    def _in_order(self) -> list[Verdict]:
        return [self.verdicts[start_us] for start_us in sorted(self.verdicts)]

    def _forget(self) -> None:
        if len(self.verdicts) <= KEPT:
            return
        finals = [each.start_us for each in self._in_order() if each.is_final]
        for start_us in finals[:-REMEMBERED]:
            del self.verdicts[start_us]

"""When verdicts of a series become something to say, and when that is over.

It begins with the first of `OPENS` unusual stretches among `OF` in a row, or of some that are too
much together; at once when what it cost extra is what an hour of a critical one does, or where
chance has no part in it. It is over after `QUIET` usual ones in a row, by their final costs. Too
little is known of final costs alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from streams.core.alert_rules import AlertRule
from streams.core.series.together import Sag, surge, within
from streams.core.series.verdict import Verdict

OPENS: Final = 3
OF: Final = 5
QUIET: Final = 10
CALM: Final = 0.3  # of the way to what is unusual: usual stretches are nearer, on average
REMEMBERED: Final = max(OF, QUIET)  # final verdicts that the next decision may need
KEPT: Final = 4 * REMEMBERED  # verdicts, before those that no decision needs are looked for


@dataclass(slots=True)
class Episode:
    """Something unusual, from its first stretch on. Pico; negative where too little was spent.

    `settled`: the extra cost of stretches whose verdict is final, and of all before `counted_us`.
    """

    turn: int
    since_us: int
    settled: int = 0
    spent: int = 0  # all that stretches whose verdict is final cost
    is_over: bool = False
    counted_us: int = 0  # until when `settled` is what was said by who led before

    @property
    def from_us(self) -> int:
        """Since when stretches are counted here."""
        return max(self.since_us, self.counted_us)

    def has(self, verdict: Verdict) -> bool:
        """Whether a stretch is of it, and not counted yet."""
        return verdict.start_us >= self.from_us


@dataclass(slots=True)
class Course:
    """The last verdicts of a series, in the order of time, and what is going on in it.

    `is_certain`: chance has no part in it, so one unusual stretch is enough.
    """

    episode: Episode | None = None
    verdicts: dict[int, Verdict] = field(default_factory=dict)  # by begin
    is_certain: bool = False
    sag: Sag = field(default_factory=Sag)

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
        if verdict.is_final:
            self.sag.add(verdict)
        episode = self.episode
        if episode is not None and verdict.is_final and episode.has(verdict):
            episode.settled += verdict.excess
            episode.spent += verdict.actual
        if episode is None:
            if may_open and (verdict.turn or verdict.above > 0 or verdict.below > 0):
                self._open(rule)
        elif self._is_quiet(episode):
            episode.is_over = True  # until it was spoken of and is forgotten, no other one begins
        self._forget()

    def absolve(self) -> None:
        """Take what was judged for good for usual: nothing else begins there."""
        for start_us, each in self.verdicts.items():
            if each.is_final:
                self.verdicts[start_us] = each._replace(turn=0, above=0.0, below=0.0)
        self.sag = Sag()

    def turn_of(self, verdict: Verdict) -> int:
        """Return whether a stretch is too much or too little, by itself or as part of what is."""
        episode = self.episode
        if verdict.turn or episode is None or not episode.has(verdict):
            return verdict.turn
        return episode.turn if leaning(verdict, episode.turn) > 0 else 0

    def _open(self, rule: AlertRule) -> None:
        ordered = self._in_order()
        finals = [each for each in ordered if each.is_final]
        for turn, recent in ((1, ordered[-OF:]), (-1, finals[-OF:])):
            since_us = self._since(turn, recent, rule)
            if since_us is not None:
                self._begin(turn, since_us)
                return
        if self.sag.is_enough(rule):
            self.episode = Episode(-1, self.sag.since_us, self.sag.excess, self.sag.spent)

    def _since(self, turn: int, recent: Sequence[Verdict], rule: AlertRule) -> int | None:
        """Return since when the last stretches are too much, or too little; None: they are not."""
        unusual = [each for each in recent if each.turn == turn]
        total = abs(sum(each.excess for each in unusual))
        often = len(unusual) >= OPENS and total >= rule.min_total
        if unusual and (often or self.is_certain or total >= rule.critical_per_hour):
            return unusual[0].start_us
        return surge(recent, rule) if turn > 0 else None

    def _begin(self, turn: int, since_us: int) -> None:
        self.episode = Episode(turn, since_us)
        self.count_from(since_us, 0)

    def count_from(self, since_us: int, settled: int) -> None:
        """Take the extra cost of an episode before an instant as given."""
        episode = self.episode
        if episode is not None:
            episode.counted_us = since_us
            finals = [each for each in self._of_episode() if each.is_final]
            episode.settled = settled + sum(each.excess for each in finals)
            episode.spent = sum(each.actual for each in finals)

    def _of_episode(self) -> Iterable[Verdict]:
        episode = self.episode
        return (each for each in self.verdicts.values() if episode is None or episode.has(each))

    def _is_quiet(self, episode: Episode) -> bool:
        ordered, turn = self._in_order(), episode.turn
        finals = [each for each in ordered if each.is_final][-QUIET:]
        if len(finals) < QUIET or finals[0].start_us < episode.since_us:
            return False
        if any(each.turn == turn for each in ordered if each.start_us >= finals[0].start_us):
            return False
        return sum(within(leaning(each, turn), 1.0) for each in finals) < CALM * QUIET

    def _in_order(self) -> list[Verdict]:
        return [self.verdicts[start_us] for start_us in sorted(self.verdicts)]

    def _forget(self) -> None:
        if len(self.verdicts) <= KEPT:
            return
        finals = [each.start_us for each in self._in_order() if each.is_final]
        for start_us in finals[:-REMEMBERED]:
            del self.verdicts[start_us]


def leaning(verdict: Verdict, turn: int) -> float:
    """Return how far a stretch is on the way to what is too much, or too little."""
    return verdict.above if turn > 0 else verdict.below

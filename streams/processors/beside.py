"""What a leader of anomalies asks beside reading lines: sources, sizes, corrections, growth."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Final, TypeAlias, TypeVar

from schemas.records import Alert
from streams.core import incompleteness, silence
from streams.core.incompleteness import Came
from streams.core.rightsize import MILLE, Terms, terms_of
from streams.core.silence import Heard
from streams.metrics import Metrics
from streams.processors.anomaly_history import AnomalyHistory
from streams.processors.closings import Closings
from streams.processors.growing import Growing
from streams.processors.inquiry import Inquiry
from streams.processors.listening import Judge, Listening
from streams.processors.recounting import Recounting
from streams.processors.sizing import Sizing
from streams.settings import AnomalySettings

T = TypeVar("T")
RETRY_S = 1.0
HEARD_S: Final = 60.0  # between two looks at who was heard
CAME_S: Final = 300.0  # and at what came of them
Asking: TypeAlias = Listening[Heard] | Listening[Came] | Sizing | Recounting | Growing


@dataclass(frozen=True, slots=True)
class Beside:
    """Each with an inquiry of its own, so that one that waits holds no other up."""

    closings: Closings
    silences: Listening[Heard]
    shortfalls: Listening[Came]
    sizing: Sizing
    recounting: Recounting
    growing: Growing

    @property
    def trouble(self) -> str | None:
        """Why sources, sizes, corrections or growth are not known now; None when they are."""
        found = (each.inquiry.trouble for each in self._asking)
        return self.closings.trouble or next(filter(None, found), None)

    def begin(self, said: Sequence[Alert]) -> None:
        """Go on from what was said last of each alert."""
        for each in (self.silences, self.shortfalls, self.sizing):
            each.begin(said)

    def told(self, alerts: Sequence[Alert]) -> None:
        """Remember that something was said, for good."""
        for each in (self.silences, self.shortfalls, self.sizing, self.growing):
            each.told(alerts)

    async def stop(self) -> None:
        """Ask no more."""
        for each in self._asking:
            await each.stop()

    @property
    def _asking(self) -> tuple[Asking, ...]:
        return self.silences, self.shortfalls, self.sizing, self.recounting, self.growing


def beside_of(
    closings: Closings, history: AnomalyHistory, metrics: Metrics, settings: AnomalySettings
) -> Beside:
    """Return what is asked beside. Costs are judged while it has no answer."""

    def listening(
        kind: str, ask: Callable[[], tuple[int, list[T]] | None], judge: Judge[T], every_s: float
    ) -> Listening[T]:
        return Listening(kind, ask, judge, Inquiry(metrics, RETRY_S), every_s)

    least = Fraction(str(settings.complete_ratio))
    shortfalls = partial(incompleteness.shortfalls, least=least)
    return Beside(
        closings,
        listening(silence.KIND, history.heard, silence.silences, HEARD_S),
        listening(incompleteness.KIND, history.came, shortfalls, CAME_S),
        Sizing(history, Inquiry(metrics, RETRY_S), sizes(settings)),
        Recounting(history, Inquiry(metrics, RETRY_S)),
        Growing(history, Inquiry(metrics, RETRY_S), settings.max_series),
    )


def sizes(settings: AnomalySettings) -> Terms:
    """Return when there are too many GPUs, or too few."""
    low, high = (round(MILLE * each) for each in (settings.low_ratio, settings.high_ratio))
    return terms_of(low, high, settings.sustained_hours)

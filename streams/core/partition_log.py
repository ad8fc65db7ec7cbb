"""One partition of the partial log, folded: which windows are open, closed, finished, late.

Everything here is a function of the records read, in their order. Windows are closed by `Close`
records, not by a clock; control records count only when the last claimant wrote them. Reading may
begin at any valid `Close`, which says itself what was closed there. See the architecture page.

The shell feeds records in, carries out the actions that come back, and reports acknowledgements.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast

from schemas.records import CostLine, LatePartial, Partial
from streams.core.batch_ids import BatchIds
from streams.core.lines import WindowPool
from streams.core.policies import Policies
from streams.core.sums import events_in
from streams.core.window import Window
from streams.core.windows import MINUTE_US

CLOSE_AT_LEAST_EVERY_US = MINUTE_US  # of watermark, also when no window ends: commits need closes


@dataclass(frozen=True, slots=True)
class Write:
    """Append a control record to this partition."""

    name: Literal["Claim", "Close", "Closed"]
    record: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Finals:
    """Publish the final lines of the close at an offset, then call `finals_acknowledged`."""

    at: int
    lines: list[CostLine]


@dataclass(frozen=True, slots=True)
class PassOn:
    """Publish a late partial, then call `late_acknowledged` with its offset."""

    offset: int
    late: LatePartial


Action: TypeAlias = Write | Finals | PassOn


@dataclass(frozen=True, slots=True)
class Shadow:
    """Where reading may not begin: between a forgotten window and its last late duplicate.

    A reader that began there would not have the ids that told the duplicate, and pass it on. That
    is harmless, a restart that has to read for days is not: so it holds for a while only.
    """

    first_offset: int
    last_duplicate: int
    until_us: int  # of what is closed


@dataclass(slots=True)
class Finished:
    """A window whose finals are out: only the ids it has seen, to tell duplicates from late."""

    batches: BatchIds
    first_offset: int


class PartitionLog:
    """State of one partition since the offset reading began at.

    `policies` hold every version that a partial read names.
    `lateness_us`: how long after its end a window stays open. `remember_us`: how much longer the
    batch ids of a finished window are kept.
    """

    def __init__(self, policies: Policies, lateness_us: int, remember_us: int) -> None:
        self.policies = policies
        self.lateness_us = lateness_us
        self.remember_us = remember_us
        self.owner: str | None = None  # the name this worker claimed under
        self.claimant: str | None = None  # of the last claim read
        self.contested = False  # somebody claimed after us
        self.closed_through_us = 0
        self.windows: dict[WindowPool, Window] = {}
        self.duplicates = 0  # partials that changed nothing
        self._started = False
        self._requested_us = 0  # greatest close written, read back or not
        self._watermarks: dict[str, int] = {}
        self._origins = 0
        self._frozen: dict[int, list[Window]] = {}
        self._finished: dict[WindowPool, Finished] = {}
        self._last_duplicate: dict[WindowPool, int] = {}  # of windows closed and remembered
        self._shadows: list[Shadow] = []
        self._late: dict[int, LatePartial] = {}
        self._closes: deque[int] = deque()

    @property
    def active(self) -> bool:
        """Whether this worker's claim was read and is the last one: only then may it emit."""
        return self.owner is not None and self.claimant == self.owner

    @property
    def watermark_us(self) -> int | None:
        """Least of all origins' watermarks; None while one of them has not been heard."""
        if not self._origins or len(self._watermarks) < self._origins:
            return None
        return min(self._watermarks.values())

    @property
    def final_until_us(self) -> int:
        """Until when every window has its final lines on the topic; 0 while not active."""
        if not self.active:
            return 0
        unfinished = min((each.where.start_us for each in self._frozen_windows()), default=None)
        closed_us = max(0, self.closed_through_us - self.lateness_us)
        return closed_us if unfinished is None else min(closed_us, unfinished)

    def claim(self, owner: str) -> Write:
        """Claim the partition under a name that was never used before."""
        self.owner = owner
        self.contested = False
        return Write("Claim", {"owner": owner})

    def read(self, offset: int, name: str, record: Mapping[str, Any]) -> list[Action]:
        """Fold in the record at an offset. Offsets come in order, each once."""
        first, self._started = not self._started, True
        match name:
            case "Partial":
                return self._partial(offset, cast("Partial", record))
            case "Watermark":
                return self._watermark(record["origin"], record["at_us"], record["origins"])
            case "Claim":
                return self._claim(record["owner"])
            case "Close":
                if first:
                    self.claimant = record["owner"]
                return self._close(offset, record["owner"], record["through_us"])
            case "Closed":
                self._closed(record["owner"], record["at"])
        return []

    def _partial(self, offset: int, partial: Partial) -> list[Action]:
        where = WindowPool(partial["window_start_us"], partial["window_end_us"], partial["pool"])
        if where.end_us + self.lateness_us <= self.closed_through_us:
            return self._late_partial(offset, where, partial)
        window = self.windows.get(where)
        if window is None:
            window = self.windows[where] = Window(where, offset, self.policies)
        if not window.apply(partial):
            self.duplicates += 1
        return []

    def _late_partial(self, offset: int, where: WindowPool, partial: Partial) -> list[Action]:
        if not self._is_new_to(where, offset, partial):
            self.duplicates += 1
            self._last_duplicate[where] = offset
            return []
        late: LatePartial = {
            "window_start_us": where.start_us,
            "window_end_us": where.end_us,
            "pool": where.pool,
            "source": partial["source"],
            "epoch": partial["epoch"],
            "seq": partial["seq"],
            "events": partial["capacity_events"] + events_in(partial["sums"]),
            "closed_through_us": self.closed_through_us,
            "reason": "window_closed",
        }
        self._late[offset] = late
        return [PassOn(offset, late)] if self.active else []

    def _is_new_to(self, where: WindowPool, offset: int, partial: Partial) -> bool:
        """Whether a closed window neither counted the batch nor passed it on, as far as known."""
        batch = (partial["source"], partial["epoch"], partial["seq"])
        for window in self._frozen_windows():
            if window.where == where and batch in window.batches:
                return False
        finished = self._finished.get(where)
        if finished is None:
            finished = self._finished[where] = Finished(BatchIds(), offset)
        return finished.batches.add(*batch)

    def _frozen_windows(self) -> Iterable[Window]:
        return (window for windows in self._frozen.values() for window in windows)

    def _watermark(self, origin: str, at_us: int, origins: int) -> list[Action]:
        self._watermarks[origin] = max(at_us, self._watermarks.get(origin, 0))
        self._origins = max(self._origins, origins)
        return self._close_if_due()

    def _close_if_due(self) -> list[Action]:
        through_us = self.watermark_us
        if not self.active or through_us is None:
            return []
        done = max(self._requested_us, self.closed_through_us)
        ends = [where.end_us + self.lateness_us for where in self.windows]
        next_end = min((end for end in ends if end > done), default=through_us + 1)
        if next_end > through_us and through_us - done < CLOSE_AT_LEAST_EVERY_US:
            return []
        self._requested_us = through_us
        return [Write("Close", {"owner": self.owner, "through_us": through_us})]

    def _claim(self, owner: str) -> list[Action]:
        was_active = self.active
        self.claimant = owner
        if not self.active:
            self.contested = self.contested or was_active
            return []
        self._requested_us = 0
        finals: list[Action] = [self._finals(at) for at in self._frozen]
        lates = [PassOn(offset, late) for offset, late in self._late.items()]
        return finals + lates + self._close_if_due()

    def _close(self, offset: int, owner: str, through_us: int) -> list[Action]:
        if owner != self.claimant or through_us < self.closed_through_us:
            return []
        self.closed_through_us = through_us
        self._closes.append(offset)
        ended = [where for where in self.windows if where.end_us + self.lateness_us <= through_us]
        self._forget(through_us)
        if not ended:
            return []
        ended.sort(key=lambda where: (where.start_us, where.pool))
        self._frozen[offset] = [self.windows.pop(where) for where in ended]
        return [self._finals(offset)] if self.active else []

    def _closed(self, owner: str, at: int) -> None:
        if owner != self.claimant:
            return
        for window in self._frozen.pop(at, []):
            late = self._finished.get(window.where)
            if late is not None:
                window.batches.update(late.batches)
            self._finished[window.where] = Finished(window.batches, window.first_offset)

    def _forget(self, through_us: int) -> None:
        horizon = through_us - self.lateness_us - self.remember_us
        for where in [where for where in self._finished if where.end_us <= horizon]:
            finished = self._finished.pop(where)
            last_duplicate = self._last_duplicate.pop(where, None)
            if last_duplicate is not None:
                until_us = through_us + self.remember_us
                self._shadows.append(Shadow(finished.first_offset, last_duplicate, until_us))
        self._shadows = [shadow for shadow in self._shadows if shadow.until_us > through_us]

    def _finals(self, at: int) -> Finals:
        return Finals(at, [line for window in self._frozen[at] for line in window.final()])

    def finals_acknowledged(self, at: int) -> list[Action]:
        """Record that the broker has the final lines of a close; say so in the log."""
        if not self.active or at not in self._frozen:
            return []
        return [Write("Closed", {"owner": self.owner, "at": at})]

    def late_acknowledged(self, offset: int) -> None:
        """Record that the broker has a late partial."""
        self._late.pop(offset, None)

    def versions(self) -> set[tuple[str, str]]:
        """Return the versions of price book and catalog that lines are still drawn under."""
        windows = [*self.windows.values(), *self._frozen_windows()]
        return {versions for window in windows for versions in window.versions}

    def dirty_windows(self) -> list[Window]:
        """Return the open windows whose lines may have changed, oldest first; none when fenced."""
        if not self.active:
            return []
        dirty = [window for window in self.windows.values() if window.dirty]
        return sorted(dirty, key=lambda window: window.where.start_us)

    def committable(self) -> int | None:
        """Return the offset reading may begin at: the latest valid close no state reaches behind.

        None while there is none.
        """
        held = [window.first_offset for window in self.windows.values()]
        held += [window.first_offset for window in self._frozen_windows()]
        held += [finished.first_offset for finished in self._finished.values()]
        held += self._late
        first = min(held, default=None)
        found = None
        for close in self._closes:
            if first is not None and close >= first:
                break
            if not any(s.first_offset < close <= s.last_duplicate for s in self._shadows):
                found = close
        if found is not None:
            while self._closes[0] < found:
                self._closes.popleft()
            self._shadows = [s for s in self._shadows if s.last_duplicate >= found]
        return found

    @property
    def batch_ids(self) -> int:
        """How many batch ids are kept."""
        finished = sum(len(each.batches) for each in self._finished.values())
        frozen = sum(window.revision for window in self._frozen_windows())
        return finished + frozen + sum(window.revision for window in self.windows.values())

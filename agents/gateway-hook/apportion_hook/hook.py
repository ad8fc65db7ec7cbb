"""The hook: `record` a call and forget it.

    hook = Hook(HookConfig(source="gw-eu", directory=Path("/var/lib/apportion"),
                           kafka={"bootstrap.servers": "kafka:9092"}))
    hook.record(provider="openai", model="gpt-4o", tenant="acme", input_tokens=12, output_tokens=7)

Opening touches the disk, so it happens beside the request path: on the first event, in a thread.
Until then events wait in memory, as many as the outbox would buffer. A forked worker opens an
outbox of its own on its first event.
"""

import atexit
import os
import time
import weakref
from collections import Counter, deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from decimal import Decimal
from threading import Event as Flag
from threading import Lock, Thread
from typing import Final

from agents.errors import AgentError
from agents.gateway.normalise.values import Unfit
from agents.outbox.outbox import Outbox
from agents.outbox.stats import Left, Stats
from apportion_hook.answers import told_by
from apportion_hook.later import Later
from apportion_hook.log import LOG
from apportion_hook.settings import HookConfig
from apportion_hook.slots import open_first_free
from schemas.decimals import to_bytes, to_pico
from schemas.records import CallQuantity, InferenceUsage

FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 30.0
SAY_EVERY_S: Final = 1.0
THREAD: Final = "apportion-hook"
MOST_UNMADE: Final = 400  # two batches; answers of 300 kB each, were all of them that long
KNOWN: Final = frozenset(InferenceUsage.__annotations__)
_INHERITED: Final[list[object]] = []  # outboxes of a parent, kept until this process ends


class Hook:
    """Takes events. Thread-safe, fork-safe, and nothing that puts an event ever raises."""

    def __init__(
        self, config: HookConfig, *, opened: Callable[[HookConfig], Outbox] = open_first_free
    ) -> None:
        self.config = config
        self._opened = opened
        self._refused: Counter[str] = Counter()
        self._said_at_s = float("-inf")
        self._begin()
        _survive_forks(self)

    def _begin(self) -> None:
        """Start with nothing, as every process does."""
        self._lock = Lock()
        self._closing = Flag()
        self._outbox: Outbox | None = None
        self._opener: Thread | None = None
        self._waiting: deque[Mapping[str, object]] = deque()
        self._dropped = (0, 0, 0)  # events, and when the first and the last of them

    def record(self, **call: object) -> bool:
        """Tell of one attempt of a call, by the fields of `InferenceUsage`.

        `at_us` is now unless it is given; what is left out is null. False: it was dropped, and that
        is counted and told. Decimals are as the wire has them (`schemas.decimals`).
        """
        unknown = call.keys() - KNOWN
        if unknown or not (call.get("provider") and call.get("model")):
            self.refuse("bad_event", f"expected provider, model and known fields, got {unknown}")
            return False
        call.setdefault("at_us", time.time_ns() // 1_000)
        return self.put(call)  # what does not fit is counted as a loss

    def record_answer(self, dialect: str, body: Mapping[str, object], **call: object) -> bool:
        """Tell of a call by the provider's own answer, as JSON has it; `call` adds to it and wins.

        `dialect` is one of `apportion_hook.answers.DIALECTS`. Counts are read from the answer, its
        text is not. False: as for `record`.
        """
        try:
            told = told_by(dialect, body)
        except (Unfit, KeyError, TypeError, AttributeError) as error:
            detail = error.detail if isinstance(error, Unfit) else f"dialect {dialect!r}"
            self.refuse("unreadable_answer", detail)
            told = {"usage_source": "none"}
        return self.record(**{**told, **call})

    def put(self, event: Mapping[str, object]) -> bool:
        """Hand over an event, which the caller must not change afterwards."""
        outbox = self._outbox
        return self._wait(event) if outbox is None else outbox.put(event)

    def put_later(self, make: Callable[[], Mapping[str, object]]) -> bool:
        """Hand over an event that is made when it goes to disk, by the outbox's thread.

        `make` must not raise; where it returns an empty event there is none. What it holds on to
        stays in memory until then: so where `MOST_UNMADE` events wait, because the disk is slow, it
        is called at once.
        """
        outbox = self._outbox
        waiting = len(self._waiting) if outbox is None else outbox.buffered
        return self.put(Later(make) if waiting < MOST_UNMADE else make())

    def refuse(self, reason: str, detail: str) -> None:
        """Count something that could not become an event; say so at most once a second.

        `detail` holds no values: they may be text of a prompt.
        """
        with self._lock:
            self._refused[reason] += 1
        now_s = time.monotonic()
        if now_s - self._said_at_s >= SAY_EVERY_S:
            self._said_at_s = now_s
            LOG.warning("call_refused reason=%s count=%d %s", reason, self._refused[reason], detail)

    def open(self) -> None:
        """Open the outbox now, for a program that wants to know. Blocks. Raises OutboxError.

        Before the first event: with that it opens by itself.
        """
        if self._outbox is None and self._opener is None:
            self._take(self._opened(self.config))

    def flush(self, timeout_s: float = 10.0) -> bool:
        """Wait until what was put before is on disk. For tests and for programs that end."""
        deadline_s = time.monotonic() + timeout_s
        opener = self._opener
        if opener is not None:
            opener.join(timeout_s)
        outbox = self._outbox
        return outbox is not None and outbox.flush(max(0.0, deadline_s - time.monotonic()))

    def stats(self) -> Stats:
        """Return the state of the outbox; counts are zero before it is open."""
        outbox = self._outbox
        return Stats(buffered=len(self._waiting)) if outbox is None else outbox.stats()

    @property
    def refused(self) -> dict[str, int]:
        """What could not become an event, by reason."""
        return dict(self._refused)

    def close(self) -> Left | None:
        """Stop, send what there is within `close_s`, and say what is left on disk. Never raises.

        None: the outbox could not be opened, or has failed. May be called again.
        """
        self._closing.set()
        if self._opener is not None:
            self._opener.join(self.config.close_s)
        outbox = self._outbox
        if outbox is None:
            if self._waiting:
                LOG.error("events_lost count=%d: the outbox never opened", len(self._waiting))
            return None
        try:
            return outbox.close(self.config.close_s)
        except Exception:  # noqa: BLE001 -- a process that ends is not to be disturbed
            LOG.exception("close_failed source=%s", self.config.source)
            return None

    def _wait(self, event: Mapping[str, object]) -> bool:
        with self._lock:
            if self._outbox is not None:
                return self._outbox.put(event)
            if self._closing.is_set() or len(self._waiting) >= self._most_waiting:
                self._count_dropped()
                return False
            self._waiting.append(event)
            if self._opener is None:
                self._begin_opening()
        return True

    def _begin_opening(self) -> None:
        """Open the outbox in a thread; the next event tries again where none can be started."""
        opener = Thread(target=self._open_patiently, name=THREAD, daemon=True)
        with suppress(RuntimeError):  # no more threads, or the interpreter is ending
            opener.start()
            self._opener = opener

    @property
    def _most_waiting(self) -> int:
        return self.config.limits.max_buffered_events

    def _count_dropped(self) -> None:
        now_us = time.time_ns() // 1_000
        events, first_us, _ = self._dropped
        self._dropped = (events + 1, first_us or now_us, now_us)

    def _open_patiently(self) -> None:
        """Open the outbox, again and again if need be: a full disk gets room, a folder is made.

        Once at least: a process may end as soon as it has told of its only call.
        """
        pause_s = FIRST_PAUSE_S
        is_ending = False
        while not is_ending:
            try:
                self._take(self._opened(self.config))
            except (AgentError, OSError) as error:
                LOG.error("outbox_not_opened %s; trying again in %.0f s", error, pause_s)
                is_ending = self._closing.wait(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            else:
                return

    def _take(self, outbox: Outbox) -> None:
        """Let events go to the outbox, those that waited and those that come."""
        with self._lock:
            self._outbox = outbox
            events, first_us, last_us = self._dropped
        while self._waiting:
            outbox.put(self._waiting.popleft())
        if events:
            outbox.report_lost(events, first_us, last_us)

    def _forked(self) -> None:
        """Leave everything to the parent: its outbox, and the events that it still holds."""
        if self._outbox is not None:
            self._outbox.leave_after_fork()
        _INHERITED.extend((self._outbox, self._waiting))
        self._refused = Counter()
        self._begin()


def quantity(meter: str, unit: str, amount: Decimal) -> CallQuantity:
    """Return something else that a call is priced by, as `record` takes it.

    Raises ValueError for more than 12 decimals.
    """
    return {"meter": meter, "unit": unit, "quantity": to_bytes(to_pico(amount))}


def _survive_forks(hook: Hook) -> None:
    """Have a hook renewed in children of this process, and closed when it ends."""
    reference = weakref.ref(hook)

    def forked() -> None:
        mine = reference()
        if mine is not None:
            mine._forked()  # noqa: SLF001 -- same module

    def ended() -> None:
        mine = reference()
        if mine is not None:
            mine.close()

    os.register_at_fork(after_in_child=forked)
    atexit.register(ended)

"""How budgets stand, for a gateway that wants to know before it passes a call on.

    budgets = Budgets({"bootstrap.servers": "kafka:9092"})
    if budgets.of_call(tenant="acme", model="gpt-4o").stage == "exceeded": ...

A thread reads `budget.state.v1`; a question is answered from memory, without a network, a lock or
an exception. What to do is the gateway's: nothing here refuses a call.
"""

import os
import time
import weakref
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from typing import Final, Literal, TypeAlias

from agents.outbox.kafka_channel import Property
from apportion_hook.budget_topic import BudgetTopic
from apportion_hook.kept_budgets import SECOND_US, WORST_FIRST, Budget, Kept, Stage
from apportion_hook.log import LOG
from schemas.topics import BUDGET_STATE

__all__ = ["Budget", "Budgets", "Stage", "Verdict"]

MOST: Final = 10_000
Known: TypeAlias = Stage | Literal["unknown"]
_INHERITED: Final[list[object]] = []  # clients of a parent, kept until this process ends


@dataclass(frozen=True, slots=True)
class Verdict:
    """The worst stage of the budgets that a call counts in, and those in it.

    `unknown`: nothing was read yet. `age_s`: how long ago the oldest word on any of them is; it is
    said again every minute, so what is much older means that nobody looks. None: there is none.
    """

    stage: Known
    budgets: tuple[Budget, ...] = ()
    age_s: float | None = None


UNKNOWN: Final = Verdict("unknown")


class Budgets:
    """The stages of budgets. Thread-safe, fork-safe; no question ever raises or waits.

    `kafka`: librdkafka's properties. `only`: ids of budgets to keep (`budget:<name>`), none for
    all; at most `most` of them are kept. It begins to read with the first question, or `open`.
    """

    def __init__(
        self,
        kafka: Mapping[str, Property],
        *,
        only: Collection[str] = (),
        most: int = MOST,
        topic: str = BUDGET_STATE.name,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._kafka = dict(kafka)
        self._topic = topic
        self._clock = clock
        self._kept = Kept(only, most)
        self._begin()
        _survive_forks(self)

    def _begin(self) -> None:
        self._lock = Lock()
        self._follower: BudgetTopic | None = None
        self._is_closed = False

    def stage(self, budget_id: str) -> Known:
        """Return the stage of a budget, e.g. `budget:retail`; unknown where nothing was said."""
        self._follow()
        try:
            budget = self._kept.get(budget_id)
        except TypeError:  # not a name
            return "unknown"
        return "unknown" if budget is None else budget.stage_at(self._now_us())

    def of_call(
        self,
        *,
        tenant: str | None,
        model: str | None = None,
        project: str | None = None,
        pool: str | None = None,
    ) -> Verdict:
        """Return how the budgets stand that a call of a tenant would count in.

        What is left out fits only budgets that do not ask for it. `pool`: `api:<provider>` of calls
        paid by token.
        """
        self._follow()
        if not self.has_read_all:
            return UNKNOWN
        try:
            return self._judged(tenant or "", model, project, pool)
        except Exception as error:  # noqa: BLE001 -- somebody else's request path
            LOG.warning("budgets_not_judged reason=%s", type(error).__name__)
            return UNKNOWN

    @property
    def has_read_all(self) -> bool:
        """Whether all of the topic was read, since this process began."""
        follower = self._follower
        return follower is not None and follower.has_read_all.is_set()

    @property
    def fault(self) -> str | None:
        """Why what is known may be old; None: nothing is wrong."""
        follower = self._follower
        return None if follower is None else follower.fault

    @property
    def left_out(self) -> int:
        """States of budgets that there was no room for."""
        return self._kept.left_out

    def __len__(self) -> int:
        return len(self._kept)

    def open(self, timeout_s: float = 10.0) -> bool:
        """Read all of the topic now, for a program that wants to know before it serves. Blocks."""
        self._follow()
        follower = self._follower
        return follower is not None and follower.has_read_all.wait(timeout_s)

    def close(self) -> None:
        """Read no more. What is known stays."""
        with self._lock:
            self._is_closed = True
        if self._follower is not None:
            self._follower.close()

    def _judged(
        self, tenant: str, model: str | None, project: str | None, pool: str | None
    ) -> Verdict:
        now_us = self._now_us()
        fitting = [each for each in self._kept.of(tenant) if each.fits(model, project, pool)]
        by_stage = [(each.stage_at(now_us), each) for each in fitting]
        for stage in WORST_FIRST:
            found = tuple(each for at, each in by_stage if at == stage)
            if found:
                said_us = min(each.said_at_us for each in fitting)
                return Verdict(stage, found, max(0, now_us - said_us) / SECOND_US)
        return Verdict("ok")

    def _now_us(self) -> int:
        return round(self._clock() * SECOND_US)

    def _follow(self) -> None:
        """Begin to read, once; the next question tries again where no thread can be started."""
        if self._follower is None:
            with self._lock, suppress(RuntimeError):
                self._begin_to_follow()

    def _begin_to_follow(self) -> None:
        if self._follower is None and not self._is_closed:
            follower = BudgetTopic(self._kafka, self._topic, self._kept)
            follower.start()
            self._follower = follower

    def _forked(self) -> None:
        """Leave the parent its client; what is known so far is known here as well."""
        _INHERITED.append(self._follower)
        self._begin()


def _survive_forks(budgets: Budgets) -> None:
    """Have budgets read anew in children of this process."""
    reference = weakref.ref(budgets)

    def forked() -> None:
        mine = reference()
        if mine is not None:
            mine._forked()  # noqa: SLF001 -- same module

    os.register_at_fork(after_in_child=forked)

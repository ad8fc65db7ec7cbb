"""What was before watch read on: what jobs cost, by ClickHouse, and what was said of them. Blocks.

Offsets of the store's group are asked for first and the database after them. So whatever is before
such an offset is in the answer, and lines read from there on may be in it, too, which does no harm.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias, cast

import structlog
from confluent_kafka import Consumer, KafkaException, TopicPartition

from schemas import topics
from schemas.codec import Codec
from schemas.records import Alert
from schemas.topics import partition_of
from streams.core.cap_reached import KIND, Said, episode_of, job_of
from streams.core.job_cost import EVERYWHERE, JobKey, Newest, Past, Place, Told
from streams.core.job_watch import Job
from streams.core.windows import HOUR_US, SECOND_US
from streams.kafka import consumer
from streams.kafka.groups import committed
from streams.processors.said import records, states
from streams.replay.ask import Asker, Params, Row
from streams.replay.place import Place as Data
from streams.replay.place import Server, asker_of
from streams.settings import KafkaSettings, WorkerSettings

LOG = structlog.get_logger()
GROUP = "apportion-watch"
STORE_GROUP = "apportion-store"
LIVE_US = 2 * HOUR_US  # lines of windows before the newest are kept one by one for so long
EVER_US = 1 << 50  # 35 years
AT_ONCE = 100  # jobs asked for in one query

Wanted: TypeAlias = Callable[[JobKey], bool]


@dataclass(frozen=True, slots=True)
class Reading:
    """What ClickHouse had of some jobs. `stored`: offsets before which it had everything."""

    pasts: Mapping[JobKey, Past]
    stored: Mapping[int, int]
    mark: Row = field(default_factory=list)  # of the corrections there were; none: not asked


class History:
    """Asks the broker and ClickHouse. For one thread at a time. Close it."""

    def __init__(
        self, kafka: KafkaSettings, asker: Callable[[], Asker], remember_s: float, partitions: int
    ) -> None:
        self._kafka = kafka
        self._asked = asker  # each time: it may not be there yet
        self._remember_us = round(remember_s * SECOND_US)
        self._partitions = partitions
        self._codec = Codec()
        self._store = Consumer(consumer(kafka, STORE_GROUP))  # asks only, never joins

    def close(self) -> None:
        """Let go of the broker."""
        self._store.close()

    def whole(self, wanted: Wanted) -> Reading:
        """Return what all wanted jobs cost that there was anything of lately.

        Raises StoreUnavailable, SqlRefused and BrokerUnavailable.
        """
        stored, mark = self.stored(), self.mark()
        seen = self._seen(self._remember_us)
        keys = [key for key in seen if wanted(key)]
        return Reading(dict(self._pasts(keys, seen, stored)), stored, mark)

    def of(self, keys: Iterable[JobKey]) -> Reading:
        """Return what some jobs cost, of which there may be nothing. Raises as `whole` does."""
        keys, stored = list(keys), self.stored()
        seen: dict[JobKey, int] = {}
        for some in chunks(keys):
            seen |= self._seen(EVER_US, some)
        pasts = {key: Past(before=stored[self._partition(key)]) for key in keys}
        pasts |= self._pasts([key for key in keys if key in seen], seen, stored)
        return Reading(pasts, stored)

    def mark(self) -> Row:
        """Return what is another answer as soon as another correction is complete."""
        return self._asker.rows("corrections_mark", {})[0]

    def said(self, wanted: Callable[[Job], bool]) -> dict[Job, Said]:
        """Return what was said last of each job, by the topics and by ClickHouse.

        Whoever spoke before must not speak any more. Raises what reading does.
        """
        found: dict[Job, Said] = {}
        for alert in records(self._kafka, self._codec, topics.ALERT_COST.name, "Alert"):
            episode, job = episode_of(cast("Alert", alert)), alert["job"]
            if episode is not None and job is not None:
                of = (alert["tenant"], job)
                found[of] = found.get(of, Said()).later(episode)
        for tenant, job, name, state, since_us, currency in self._asker.rows(
            "job_alerts", {"kind": KIND}
        ):
            stored = {
                "alert_id": name, "state": state, "since_us": since_us, "currency": currency
            }  # fmt: skip
            episode = episode_of(cast("Alert", stored))
            if episode is not None:
                found[tenant, job] = found.get((tenant, job), Said()).later(episode)
        for budget, state in states(self._kafka, self._codec).items():
            of_job = job_of(budget)
            if of_job is not None:
                found[of_job] = Said(found.get(of_job, Said()).episode, state)
        return {job: said for job, said in found.items() if wanted(job)}

    def begin(self) -> None:
        """Have a group that never read anything begin where the store is.

        What is before that need not be read again. Does nothing when the group is at work.
        """
        asked = self._topic_partitions()
        group = Consumer(consumer(self._kafka, GROUP))
        try:
            if not any(committed(self._kafka, group, asked).values()):
                stored = self.stored()
                group.commit(
                    offsets=[
                        TopicPartition(each.topic, each.partition, stored[each.partition])
                        for each in asked
                    ],
                    asynchronous=False,
                )
        except KafkaException as error:
            LOG.info("group_at_work", detail=error.args[0].str())
        finally:
            group.close()

    def stored(self) -> dict[int, int]:
        """Return before which offset of each partition of cost lines the store has inserted all."""
        return committed(self._kafka, self._store, self._topic_partitions())

    @property
    def _asker(self) -> Asker:
        return self._asked()

    def _topic_partitions(self) -> list[TopicPartition]:
        return [TopicPartition(topics.COST_LINE.name, each) for each in range(self._partitions)]

    def _partition(self, key: JobKey) -> int:
        return partition_of(key.tenant, self._partitions)

    def _seen(self, within_us: int, keys: Iterable[JobKey] = ()) -> dict[JobKey, int]:
        """Return the begin of the newest window of some jobs, or of all that had one lately."""
        params: Params = {"within": within_us, **names_of(keys)}
        rows = self._asker.rows("jobs_seen", params)
        return {JobKey(tenant, job, currency): newest for tenant, job, currency, newest in rows}

    def _pasts(
        self, keys: list[JobKey], seen: Mapping[JobKey, int], stored: Mapping[int, int]
    ) -> Iterator[tuple[JobKey, Past]]:
        """Yield the past of each job, those of about the same time together."""
        for some in chunks(sorted(keys, key=seen.__getitem__)):
            since_us = seen[some[-1]] - LIVE_US
            # Asked first: of windows corrected meanwhile the lines come with their generation.
            found = self._asker.rows("corrected_windows", {"since": since_us})
            corrected = frozenset((start_us, pool) for start_us, pool in found)
            rows = self._asker.rows("job_pasts", {"since": since_us, **names_of(some)})
            by_key = {JobKey(*row[:3]): row[3:] for row in rows}
            for key in some:
                before = stored[self._partition(key)]
                row = by_key.get(key)
                if row is None:  # all that was seen of it is in force no more
                    yield key, Past(before, since_us, corrected=corrected)
                else:
                    yield key, past_of(row, before, since_us, corrected)


@asynccontextmanager
async def opened(settings: WorkerSettings, counts: Mapping[str, int]) -> AsyncIterator[History]:
    """Yield a history; a group that never read anything begins where the store is."""
    asker = partial(asker_of, data_of(settings))
    partitions = counts[topics.COST_LINE.name]
    history = History(settings.kafka, asker, settings.watch.remember_s, partitions)
    try:
        await asyncio.to_thread(history.begin)
        yield history
    finally:
        history.close()


def past_of(row: Row, before: int, since_us: int, corrected: frozenset[Place]) -> Past:
    """Return a row of `job_pasts`, from its fourth column on."""
    first_us, settled_lines, settled, unpriced, newest, lines = row
    told = tuple(
        (
            (start_us, pool),
            line_id,
            Told(revision, rank, -EVERYWHERE, pico, end_us, book),
        )
        for start_us, pool, line_id, revision, rank, pico, end_us, book in lines
    )
    return Past(
        before,
        since_us,
        settled,
        unpriced,
        first_us if settled_lines else None,
        Newest(*newest) if settled_lines else None,
        corrected,
        told,
    )


def names_of(keys: Iterable[JobKey]) -> dict[str, list[str]]:
    """Return jobs as parameters of a query, which may so find others of their tenants and names."""
    keys = list(keys)
    return {
        "tenants": sorted({key.tenant for key in keys}),
        "jobs": sorted({key.job for key in keys}),
    }


def chunks(keys: list[JobKey]) -> Iterator[list[JobKey]]:
    """Yield some jobs at a time."""
    for first in range(0, len(keys), AT_ONCE):
        yield keys[first : first + AT_ONCE]


def data_of(settings: WorkerSettings) -> Data:
    """Return who is asked: a server, or the store that holds the embedded engine."""
    if settings.sql_socket is not None:
        return settings.sql_socket
    return Server(settings.clickhouse.dsn, settings.clickhouse.database)

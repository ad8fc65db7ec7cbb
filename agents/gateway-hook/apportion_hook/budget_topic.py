"""Follows the topic of budgets in a thread, for ever, whatever happens to the broker.

No group is joined and nothing is committed. The topic keeps the last state of each budget, so
reading all of it says how every budget stands. It is read anew when all brokers were away: those
that come back may have another log.
"""

import time
from collections.abc import Mapping
from contextlib import closing
from threading import Event, Thread
from typing import Final

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from agents.outbox.kafka_channel import Property
from apportion_hook.kept_budgets import Kept
from apportion_hook.log import LOG
from schemas.codec import Codec
from schemas.errors import SchemaError

GROUP: Final = "apportion-hook"  # librdkafka wants a name; nothing joins or commits it
THREAD: Final = "apportion-budgets"
AT_ONCE: Final = 500
POLL_S: Final = 0.2
METADATA_S: Final = 5.0
PARTITIONS_EVERY_S: Final = 300.0  # a topic that gets more of them is read anew
RETRY_S: Final = 2.0
LAST_S: Final = 5.0  # for the thread to end
LAID_OUT: Final[dict[str, Property]] = {
    "group.id": GROUP,
    "enable.auto.commit": False,
    "enable.partition.eof": True,
    "auto.offset.reset": "earliest",
    "allow.auto.create.topics": False,
    "fetch.wait.max.ms": 100,  # a stage is wanted at once; some brokers look again after half of it
    "queued.max.messages.kbytes": 4_096,
    "reconnect.backoff.max.ms": 2_000,
    "log_level": 2,  # `fault` says it
}


class BudgetTopic:
    """One thread that keeps what the topic says. `kafka`: librdkafka properties."""

    def __init__(self, kafka: Mapping[str, Property], topic: str, kept: Kept) -> None:
        self.fault: str | None = None  # why what is kept may be old; None: nothing is known
        self.has_read_all = Event()  # of what there was, once
        self._settings = {**LAID_OUT, **kafka}
        self._topic = topic
        self._kept = kept
        self._codec = Codec()
        self._stop = Event()
        self._is_lost = False  # no broker answers
        self._thread = Thread(target=self._run, name=THREAD, daemon=True)

    def start(self) -> None:
        """Begin. Raises RuntimeError where no thread can be started."""
        self._thread.start()

    def close(self) -> None:
        """Stop following."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(LAST_S)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._follow()
            except KafkaException as error:
                self.fault = error.args[0].str()
            except Exception as error:  # noqa: BLE001 -- a bug; what is kept stays as it is
                self.fault = type(error).__name__
                LOG.exception("budgets_not_followed")
            self._stop.wait(RETRY_S)

    def _follow(self) -> None:
        """Read all of the topic, and what comes. Raises KafkaException."""
        with closing(Consumer({**self._settings, "error_cb": self._broken})) as consumer:
            partitions = self._partitions(consumer)
            self._is_lost = False
            consumer.assign([TopicPartition(self._topic, n, OFFSET_BEGINNING) for n in partitions])
            unread, seen = set(partitions), set[str]()
            is_first = True
            look_s = time.monotonic() + PARTITIONS_EVERY_S
            while not self._stop.is_set() and not self._is_lost:
                for message in consumer.consume(AT_ONCE, timeout=POLL_S):
                    if self._is_end(message):
                        unread.discard(message.partition() or 0)
                    else:
                        self._take(message, seen)
                    self.fault = None
                if is_first and not unread:
                    is_first = False
                    self._kept.keep_only(seen)  # others have gone while nobody read
                    self.has_read_all.set()
                if time.monotonic() > look_s:
                    look_s = time.monotonic() + PARTITIONS_EVERY_S
                    if self._partitions(consumer) != partitions:
                        return

    def _partitions(self, consumer: Consumer) -> list[int]:
        """Return the partitions. Raises KafkaException without a broker, or such a topic."""
        found = consumer.list_topics(timeout=METADATA_S).topics.get(self._topic)
        if found is None:
            raise KafkaException(KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART))
        return sorted(found.partitions)

    def _broken(self, error: KafkaError) -> None:
        self.fault = str(error.str())
        self._is_lost |= error.code() == KafkaError._ALL_BROKERS_DOWN  # noqa: SLF001 -- as below

    def _is_end(self, message: Message) -> bool:
        """Whether it says that a partition ends. Raises KafkaException for any other error."""
        error = message.error()
        if error is None:
            return False
        if error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001 -- its public name
            raise KafkaException(error)
        return True

    def _take(self, message: Message, seen: set[str]) -> None:
        budget_id, value = (message.key() or b"").decode(errors="replace"), message.value()
        if value is None:
            seen.discard(budget_id)
            self._kept.drop(budget_id)
            return
        try:
            name, state = self._codec.decode(value)
        except SchemaError as error:
            LOG.warning("budget_unreadable budget=%s %s", budget_id, error)
            return
        if name == "BudgetState":
            seen.add(budget_id)
            self._kept.put(state)

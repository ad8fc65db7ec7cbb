"""The real channel: one topic through one confluent-kafka producer.

The key is the source, and the partition is its CRC-32 modulo their number: librdkafka's partitioner
`consistent` computes what `schemas.topics.partition_of` does (a test proves it), so nobody has to
know the number. Nothing depends on the partition but locality: a source's batches lie together.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from agents.errors import OutboxMisconfigured
from agents.outbox.delivery import Report
from agents.outbox.limits import KIB, Limits
from agents.outbox.store import Stored

Property: TypeAlias = str | int | float | bool

LOG = logging.getLogger("agents.outbox.librdkafka")
LAST_REPORTS_S = 0.5  # for the reports of batches given up on

DEFAULTS: dict[str, Property] = {
    "allow.auto.create.topics": False,  # a topic made in passing has the wrong partitions
    "compression.type": "zstd",
    "log_level": 2,  # its lines about lost connections are many; our reports carry the last one
    "linger.ms": 5,  # batches are batches already
    "reconnect.backoff.max.ms": 2_000,
    "socket.keepalive.enable": True,
}
# Correctness hangs on these: a setting of the user's does not change them.
REQUIRED: dict[str, Property] = {
    "acks": "all",
    "enable.idempotence": True,
    "partitioner": "consistent",
}


@dataclass(frozen=True, slots=True)
class Destination:
    """Where batches go."""

    topic: str
    key: str  # the source
    kafka: Mapping[str, Property]  # librdkafka properties: bootstrap.servers, security, ...


class KafkaChannel:
    """A channel to Kafka. Raises OutboxMisconfigured for a property librdkafka refuses."""

    def __init__(self, path: Path, destination: Destination, limits: Limits) -> None:
        self._path = path
        self._topic = destination.topic
        self._key = destination.key.encode()
        self._settings = {
            **DEFAULTS,
            **destination.kafka,
            **REQUIRED,
            "message.timeout.ms": round(limits.delivery_timeout_s * 1_000),
            "queue.buffering.max.kbytes": 2 * limits.max_in_flight_bytes // KIB,
        }
        self._reports: list[Report] = []
        self._is_closed = False
        self._client_error: str | None = None
        self._producer = self._connect()

    def send(self, batch: Stored) -> bool:
        """Queue a batch in the client. Does not block."""
        try:
            self._producer.produce(
                self._topic,
                value=batch.payload,
                key=self._key,
                on_delivery=partial(self._delivered, batch.seq),
            )
        except BufferError:
            return False
        except KafkaException as error:  # too large for this client, or the client has failed
            self._reports.append(Report(batch.seq, self._describe(error.args[0])))
        return True

    def reports(self) -> list[Report]:
        """Return what became known since the last call. Does not block."""
        self._producer.poll(0)
        reports, self._reports = self._reports, []
        return reports

    def renew(self) -> None:
        """Replace the producer by one with a new producer id."""
        self._close()
        self._producer = self._connect()

    def abandon(self) -> list[Report]:
        """Purge, wait for the last reports and close. Blocks for about a second at most."""
        if self._is_closed:
            return []
        self._is_closed = True
        self._producer.purge()
        self._producer.flush(LAST_REPORTS_S)
        reports = self.reports()
        self._close()
        return reports

    def _connect(self) -> Producer:
        try:
            return Producer(self._settings, logger=LOG, error_cb=self._complained)
        except KafkaException as error:
            raise OutboxMisconfigured(
                self._path, f"the Kafka client refuses its settings: {error.args[0]}"
            ) from error

    def _close(self) -> None:
        self._producer.purge()
        self._producer.close()

    def _delivered(self, seq: int, error: KafkaError | None, _message: Message) -> None:
        if error is None:
            self._reports.append(Report(seq))
            self._client_error = None
        else:
            self._reports.append(Report(seq, self._describe(error)))

    def _complained(self, error: KafkaError) -> None:
        """Keep what the client says of its connections: a time-out alone says little."""
        if error.code() != KafkaError._ALL_BROKERS_DOWN:  # noqa: SLF001 -- its public name
            self._client_error = str(error.str())

    def _describe(self, error: KafkaError) -> str:
        name = str(error.name())
        return name if self._client_error is None else f"{name}: {self._client_error}"

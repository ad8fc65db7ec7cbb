"""Wait until a broker lets us in, or say why it never will. Blocks."""

import time
from typing import cast

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from streams.errors import BrokerUnavailable, LoginRefused, SettingsInvalid
from streams.kafka.connection import confluent
from streams.kafka.handshake import check_trust
from streams.settings import KafkaSettings

PROBE_S = 1.0  # one metadata request; a broker that starts answers in a few milliseconds
RETRY_S = 0.05
RECONNECT_MS = 100
REFUSALS = 3  # of a login: a broker that goes down in the middle of one may look like one


def wait_ready(kafka: KafkaSettings, deadline_s: float = 30.0) -> None:
    """Return once the broker answers a metadata request.

    Raises LoginRefused and NotTrusted as soon as they are certain, BrokerUnavailable after the
    deadline, and SettingsInvalid for settings that librdkafka refuses, e.g. a CA that is none.
    """
    began = time.monotonic()
    heard = Heard()
    admin = _admin(kafka, heard)
    while True:
        left_s = deadline_s - (time.monotonic() - began)
        try:
            admin.list_topics(timeout=max(0.01, min(PROBE_S, left_s)))
        except KafkaException as error:
            admin.poll(0)
            if heard.refusals >= REFUSALS or (heard.refusals and left_s <= RETRY_S):
                raise LoginRefused(
                    kafka.bootstrap, f"{kafka.sasl_username}", heard.said or ""
                ) from error
            check_trust(kafka)
            if left_s <= RETRY_S:
                detail = heard.said or error.args[0].str()
                raise BrokerUnavailable(kafka.bootstrap, deadline_s, detail) from error
            time.sleep(RETRY_S)
        else:
            return


class Heard:
    """What librdkafka says of its connections while it tries."""

    def __init__(self) -> None:
        self.refusals = 0
        self.said: str | None = None

    def __call__(self, error: KafkaError) -> None:
        """Take in one error."""
        if error.code() == KafkaError._ALL_BROKERS_DOWN:  # noqa: SLF001 - its public name
            return
        self.refusals += error.code() == KafkaError._AUTHENTICATION  # noqa: SLF001 - as above
        self.said = error.str()


def _admin(kafka: KafkaSettings, heard: Heard) -> AdminClient:
    config = {
        **confluent(kafka),
        "reconnect.backoff.max.ms": RECONNECT_MS,
        "log_level": 0,  # what it has to say comes to `heard`, and is said once
    }
    try:
        return AdminClient({**config, "error_cb": cast("str", heard)})  # its types know no callback
    except KafkaException as error:
        fault = f"APPORTION_KAFKA: librdkafka refuses it: {error.args[0].str()}"
        raise SettingsInvalid([fault]) from error

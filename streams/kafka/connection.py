"""KafkaSettings as each of the two clients wants them.

confluent-kafka (librdkafka) takes files and strings; Faust (aiokafka) takes an SSL context and a
credentials object. Nothing here connects.
"""

import logging
import ssl
from typing import TypeAlias, TypedDict, cast

from streams.settings import KafkaSettings

ConfluentConfig: TypeAlias = dict[str, str | int | float | bool]

LOGGER = logging.getLogger("librdkafka")  # quietened by streams.logs
LOGGER.addHandler(logging.NullHandler())  # where nobody set up logging it would print


def confluent(kafka: KafkaSettings) -> ConfluentConfig:
    """Return librdkafka's configuration for a producer or an admin client."""
    password = kafka.sasl_password.get_secret_value() if kafka.sasl_password else None
    config: dict[str, str | int | float | bool | None] = {
        "bootstrap.servers": kafka.bootstrap,
        "security.protocol": kafka.security_protocol,
        "sasl.mechanism": kafka.sasl_mechanism,
        "sasl.username": kafka.sasl_username,
        "sasl.password": password,
        "ssl.ca.location": str(kafka.ssl_ca) if kafka.ssl_ca else None,
        "ssl.certificate.location": str(kafka.ssl_cert) if kafka.ssl_cert else None,
        "ssl.key.location": str(kafka.ssl_key) if kafka.ssl_key else None,
        "socket.timeout.ms": round(kafka.request_timeout_s * 1000),
        "logger": cast("str", LOGGER),  # every client takes one here; its types do not know
    }
    return {name: value for name, value in config.items() if value is not None}


def consumer(kafka: KafkaSettings, group: str) -> ConfluentConfig:
    """Return librdkafka's configuration for a consumer that commits nothing by itself."""
    return {
        **confluent(kafka),
        "group.id": group,
        "session.timeout.ms": round(kafka.session_timeout_s * 1000),
        "heartbeat.interval.ms": round(kafka.heartbeat_s * 1000),
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",
    }


class FaustOptions(TypedDict):
    """Keyword arguments of `faust.App` that come from KafkaSettings."""

    broker: list[str]
    broker_credentials: object | None
    broker_session_timeout: float
    broker_heartbeat_interval: float
    broker_request_timeout: float


def faust_options(kafka: KafkaSettings) -> FaustOptions:
    """Return what `faust.App(id, **options)` needs to reach the same Kafka."""
    return {
        "broker": [f"kafka://{address.strip()}" for address in kafka.bootstrap.split(",")],
        "broker_credentials": _credentials(kafka),
        "broker_session_timeout": kafka.session_timeout_s,
        "broker_heartbeat_interval": kafka.heartbeat_s,
        "broker_request_timeout": kafka.request_timeout_s,
    }


def ssl_context(kafka: KafkaSettings) -> ssl.SSLContext | None:
    """Return a context that verifies the broker; None when the protocol is not TLS."""
    if not kafka.security_protocol.endswith("SSL"):
        return None
    context = ssl.create_default_context(cafile=kafka.ssl_ca)
    if kafka.ssl_cert:
        context.load_cert_chain(kafka.ssl_cert, kafka.ssl_key)
    return context


def _credentials(kafka: KafkaSettings) -> object | None:
    import faust  # noqa: PLC0415 - only processors pay for it

    context = ssl_context(kafka)
    if kafka.security_protocol.startswith("SASL") and kafka.sasl_password:
        return faust.SASLCredentials(
            mechanism=kafka.sasl_mechanism,
            username=kafka.sasl_username,
            password=kafka.sasl_password.get_secret_value(),
            ssl_context=context,
        )
    return faust.SSLCredentials(context) if context else None

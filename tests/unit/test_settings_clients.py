"""Both Kafka clients are told the same."""

import ssl

from streams.kafka.connection import confluent, consumer, faust_options
from streams.settings import KafkaSettings

PLAIN = KafkaSettings(bootstrap="a:1,b:2")
SASL = KafkaSettings.model_validate(
    {
        "bootstrap": "a:1",
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-256",
        "sasl_username": "me",
        "sasl_password": "hush",
    }
)


def test_a_plain_broker_needs_no_credentials() -> None:
    assert faust_options(PLAIN) == {
        "broker": ["kafka://a:1", "kafka://b:2"],
        "broker_credentials": None,
        "broker_session_timeout": 6.0,
        "broker_heartbeat_interval": 1.0,
        "broker_request_timeout": 30.0,
    }
    config = confluent(PLAIN)
    assert config["bootstrap.servers"] == "a:1,b:2"
    assert [name for name in config if name.startswith(("sasl", "ssl"))] == []


def test_sasl_over_tls_reaches_both_clients() -> None:
    credentials = faust_options(SASL)["broker_credentials"]
    assert {name: getattr(credentials, name) for name in ("username", "password")} == {
        "username": "me",
        "password": "hush",
    }
    context = getattr(credentials, "ssl_context", None)
    assert isinstance(context, ssl.SSLContext)
    assert context.verify_mode is ssl.CERT_REQUIRED
    config = confluent(SASL)
    assert config["security.protocol"] == "SASL_SSL"
    assert config["sasl.mechanism"] == "SCRAM-SHA-256"
    assert (config["sasl.username"], config["sasl.password"]) == ("me", "hush")


def test_tls_alone_sends_a_verifying_context() -> None:
    credentials = faust_options(KafkaSettings(security_protocol="SSL"))["broker_credentials"]
    context = getattr(credentials, "context", None)
    assert isinstance(context, ssl.SSLContext)
    assert context.check_hostname


def test_a_consumer_commits_nothing_by_itself() -> None:
    config = consumer(PLAIN, "group")
    assert (config["enable.auto.commit"], config["group.id"]) == (False, "group")
    assert (config["session.timeout.ms"], config["heartbeat.interval.ms"]) == (6000, 1000)

"""Whether a broker speaks TLS and shows a certificate we trust: what its client cannot say exactly.

librdkafka tries for ever and names one cause for all certificates. This shakes hands once, with the
context Faust's client uses, and is only asked when the broker did not answer.
"""

import socket
import ssl

from streams.errors import NotTrusted
from streams.kafka.connection import ssl_context
from streams.settings import KafkaSettings

PROBE_S = 1.0  # a broker that is there answers in milliseconds
PORT = 9092


def check_trust(kafka: KafkaSettings) -> None:
    """Raise NotTrusted when waiting cannot help; return when nothing can be said."""
    context = ssl_context(kafka)
    for host, port in addresses(kafka.bootstrap):
        if context is None:
            _expect_plain(host, port)
        else:
            _expect_trusted(host, port, context)


def addresses(bootstrap: str) -> list[tuple[str, int]]:
    """Return the hosts and ports of an address list.

    >>> addresses("kafka-1:9092, [::1]:9093")
    [('kafka-1', 9092), ('::1', 9093)]
    """
    found = []
    for each in bootstrap.split(","):
        host, _, port = each.strip().rpartition(":")
        found.append((host.strip("[]"), int(port) if port.isdigit() else PORT))
    return found


def _expect_plain(host: str, port: int) -> None:
    any_certificate = ssl.create_default_context()
    any_certificate.check_hostname = False
    any_certificate.verify_mode = ssl.CERT_NONE  # nothing is sent; only whether it speaks TLS
    try:
        _shake_hands(host, port, any_certificate)
    except OSError:
        return
    raise NotTrusted(
        f"expected Kafka without TLS at {host}:{port}, got TLS; set "
        "APPORTION_KAFKA__SECURITY_PROTOCOL to SASL_SSL (or SSL)"
    )


def _expect_trusted(host: str, port: int, context: ssl.SSLContext) -> None:
    try:
        _shake_hands(host, port, context)
    except ssl.SSLCertVerificationError as error:
        raise NotTrusted(
            f"expected a certificate for {host} that APPORTION_KAFKA__SSL_CA vouches for, got one "
            f"from {host}:{port} that fails: {error.verify_message}; give the CA that signed it, "
            "or an address it is for"
        ) from error
    except OSError:
        return


def _shake_hands(host: str, port: int, context: ssl.SSLContext) -> None:
    with (
        socket.create_connection((host, port), PROBE_S) as plain,
        context.wrap_socket(plain, server_hostname=host),
    ):
        return

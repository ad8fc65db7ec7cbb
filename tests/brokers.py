"""The broker that tests run on: the embedded one, or Apache Kafka under `make test-kafka`."""

import os
from contextlib import AbstractContextManager
from pathlib import Path

from tests import embedded_broker

CHOICE = "APPORTION_TEST_KAFKA"
IS_APACHE = os.environ.get(CHOICE) == "apache"


def running(folder: Path) -> AbstractContextManager[str]:
    """Yield the bootstrap address of a fresh broker; it is gone afterwards. Logs go to `folder`."""
    if not IS_APACHE:
        return embedded_broker.running(folder)
    from tests.servers import apache_kafka  # noqa: PLC0415 - needs a Java, which few tests do

    return apache_kafka.running(folder)

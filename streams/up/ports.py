"""Free TCP ports on loopback."""

import socket
from contextlib import ExitStack

HOST = "127.0.0.1"


def free_port(wanted: int = 0) -> int:
    """Return `wanted` when it is free, else any port that is free now. Somebody may yet take it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, wanted))
        except OSError:
            return free_ports(1)[0]
        return int(probe.getsockname()[1])


def free_ports(count: int) -> list[int]:
    """Return different ports that are free now. Raises OSError when there are not so many."""
    with ExitStack() as held:  # all at once, else the same may come twice
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind((HOST, 0))
        return [int(probe.getsockname()[1]) for probe in probes]

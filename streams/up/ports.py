"""Free TCP ports on loopback."""

import socket

HOST = "127.0.0.1"


def free_port(wanted: int = 0) -> int:
    """Return `wanted` when it is free, else any port that is free now. Somebody may yet take it."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError(f"expected a free port on {HOST}, got none")

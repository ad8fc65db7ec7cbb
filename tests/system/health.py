"""What a worker says of itself on /health."""

import json
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException

from tests.system.workers import Worker

OK, UNAVAILABLE = HTTPStatus.OK, HTTPStatus.SERVICE_UNAVAILABLE
WITHIN_S = 2.0


@dataclass(frozen=True, slots=True)
class Health:
    """An answer. `status` None: there was none."""

    status: int | None
    trouble: str = ""
    price_book: str = ""  # version in force, of those that have one


def of(worker: Worker) -> Health:
    """Ask a worker, which says in its log where it listens."""
    started = worker.entries("processor_started")
    if not started:
        return Health(None)
    connection = HTTPConnection("127.0.0.1", int(str(started[-1]["port"])), timeout=WITHIN_S)
    try:
        connection.request("GET", "/health")
        response = connection.getresponse()
        said = json.loads(response.read())
    except (OSError, HTTPException):
        return Health(None)
    finally:
        connection.close()
    return Health(response.status, said.get("trouble") or "", said.get("price_book") or "")

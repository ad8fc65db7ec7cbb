"""Schema ids over HTTP, from a registry as far as its API is used, and when it fails."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from schemas.catalogue import current
from schemas.codec import CONFLUENT, Codec
from schemas.errors import UnknownSchema
from streams.errors import RegistryUnavailable
from streams.kafka.registry_ids import RegistryIds

pytestmark = pytest.mark.integration

NOT_FOUND = 404


class Registry(BaseHTTPRequestHandler):
    """Keeps schemas by number; one that is there keeps its number."""

    texts: list[str]
    requests = 0

    def do_GET(self) -> None:
        type(self).requests += 1
        number = int(self.path.split("?")[0].rpartition("/")[2])
        if number <= len(self.texts):
            self.answer(200, {"schema": self.texts[number - 1], "schemaType": "AVRO"})
        else:
            self.answer(NOT_FOUND, {"error_code": 40403, "message": "Schema not found"})

    def do_POST(self) -> None:
        type(self).requests += 1
        length = int(self.headers["Content-Length"])
        text = json.loads(self.rfile.read(length))["schema"]
        if text not in self.texts:
            self.texts.append(text)
        self.answer(200, {"id": self.texts.index(text) + 1})

    def answer(self, status: int, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/vnd.schemaregistry.v1+json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def registry() -> Iterator[ThreadingHTTPServer]:
    Registry.texts, Registry.requests = [], 0
    server = ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def url(server: ThreadingHTTPServer) -> str:
    return f"http://127.0.0.1:{server.server_port}"


def test_a_record_in_confluent_framing_is_read_by_another_process(
    registry: ThreadingHTTPServer,
) -> None:
    data = Codec(RegistryIds(url(registry))).encode("Claim", {"owner": "me"})
    assert data[:1] == CONFLUENT
    assert Codec(RegistryIds(url(registry))).decode(data) == ("Claim", {"owner": "me"})


def test_single_object_encoding_is_read_beside_it(registry: ThreadingHTTPServer) -> None:
    data = Codec().encode("Claim", {"owner": "me"})
    assert Codec(RegistryIds(url(registry))).decode(data) == ("Claim", {"owner": "me"})
    assert Registry.requests == 0


def test_each_id_is_asked_for_once(registry: ThreadingHTTPServer) -> None:
    codec = Codec(RegistryIds(url(registry)))
    data = codec.encode("Claim", {"owner": "me"})
    codec.decode(data)
    seen = Registry.requests
    codec.encode("Claim", {"owner": "you"})
    codec.decode(data)
    assert Registry.requests == seen


def test_an_id_nobody_registered_is_an_unknown_schema(registry: ThreadingHTTPServer) -> None:
    with pytest.raises(UnknownSchema, match="schema id 7"):
        Codec(RegistryIds(url(registry))).decode(b"\x00\x00\x00\x00\x07rest")


def test_a_foreign_schema_is_an_unknown_schema(registry: ThreadingHTTPServer) -> None:
    Registry.texts += ['"string"', '{"type": "record", "name": "Foreign", "fields": []}', "{"]
    codec = Codec(RegistryIds(url(registry)))
    for number in (1, 2, 3):
        with pytest.raises(UnknownSchema):
            codec.decode(b"\x00" + number.to_bytes(4, "big"))


def test_a_registry_that_is_down_is_said_and_delays_nothing_seen_before(
    registry: ThreadingHTTPServer,
) -> None:
    codec = Codec(RegistryIds(url(registry)))
    data = codec.encode("Claim", {"owner": "me"})
    codec.decode(data)
    registry.shutdown()
    registry.server_close()
    assert codec.decode(data)[1] == {"owner": "me"}
    with pytest.raises(RegistryUnavailable, match="start it"):
        codec.decode(b"\x00\x00\x00\x00\x63rest")
    assert "Closed" in current()
    with pytest.raises(RegistryUnavailable):
        codec.encode("Closed", {"owner": "me", "at": 1})

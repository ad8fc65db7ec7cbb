"""Schema ids over HTTP, from a registry as far as its API is used, and when it fails."""

import json
from base64 import b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from pydantic import SecretStr

from schemas.catalogue import current
from schemas.codec import CONFLUENT, Codec
from schemas.errors import UnknownSchema
from streams.errors import RegistryRefused, RegistryUnavailable
from streams.kafka.registry_client import RegistryClient
from streams.kafka.registry_ids import MAX_UNKNOWN, RegistryIds

pytestmark = pytest.mark.integration

NOT_FOUND = 404
UNAUTHORIZED = 401


class Registry(BaseHTTPRequestHandler):
    """Keeps schemas by number; one that is there keeps its number. Every subject is empty."""

    texts: list[str]
    requests = 0
    login: str | None = None  # the header it asks for

    def do_GET(self) -> None:
        type(self).requests += 1
        path = self.path.split("?")[0]
        if self.login not in {None, self.headers["Authorization"]}:
            self.answer(UNAUTHORIZED, {"error_code": 401, "message": "Unauthorized"})
        elif path.startswith("/config/"):
            self.answer(200, {"compatibilityLevel": "FULL"})
        elif path.startswith("/subjects/"):
            self.answer(NOT_FOUND, {"error_code": 40401, "message": "Subject not found"})
        elif not path.startswith("/schemas/ids/"):
            self.answer(NOT_FOUND, "no API here")
        elif (number := int(path.rpartition("/")[2])) <= len(self.texts):
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
    Registry.texts, Registry.requests, Registry.login = [], 0, None
    server = ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def url(server: ThreadingHTTPServer) -> str:
    return f"http://127.0.0.1:{server.server_port}"


def ids(server: ThreadingHTTPServer) -> RegistryIds:
    return RegistryIds(RegistryClient(url(server)))


def test_a_record_in_confluent_framing_is_read_by_another_process(
    registry: ThreadingHTTPServer,
) -> None:
    data = Codec(ids(registry)).encode("Claim", {"owner": "me"})
    assert data[:1] == CONFLUENT
    assert Codec(ids(registry)).decode(data) == ("Claim", {"owner": "me"})


def test_single_object_encoding_is_read_beside_it(registry: ThreadingHTTPServer) -> None:
    data = Codec().encode("Claim", {"owner": "me"})
    assert Codec(ids(registry)).decode(data) == ("Claim", {"owner": "me"})
    assert Registry.requests == 0


def test_each_id_is_asked_for_once(registry: ThreadingHTTPServer) -> None:
    codec = Codec(ids(registry))
    data = codec.encode("Claim", {"owner": "me"})
    codec.decode(data)
    seen = Registry.requests
    codec.encode("Claim", {"owner": "you"})
    codec.decode(data)
    assert Registry.requests == seen


def test_an_id_nobody_registered_is_an_unknown_schema(registry: ThreadingHTTPServer) -> None:
    with pytest.raises(UnknownSchema, match="schema id 7"):
        Codec(ids(registry)).decode(b"\x00\x00\x00\x00\x07rest")


def test_a_foreign_schema_is_an_unknown_schema(registry: ThreadingHTTPServer) -> None:
    Registry.texts += ['"string"', '{"type": "record", "name": "Foreign", "fields": []}', "{"]
    codec = Codec(ids(registry))
    for number in (1, 2, 3):
        with pytest.raises(UnknownSchema):
            codec.decode(b"\x00" + number.to_bytes(4, "big"))


def test_a_registry_that_is_down_is_said_and_delays_nothing_seen_before(
    registry: ThreadingHTTPServer,
) -> None:
    codec = Codec(ids(registry))
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


def test_a_login_is_sent_and_a_wrong_one_is_said_at_once(registry: ThreadingHTTPServer) -> None:
    Registry.login = f"Basic {b64encode(b'me:hush').decode()}"
    right = RegistryClient(url(registry), "me", SecretStr("hush"))
    assert RegistryIds(right).id_of("Claim") == 1
    wrong = RegistryClient(url(registry), "me", SecretStr("loud"))
    with pytest.raises(RegistryRefused, match=r"HTTP 401.*credentials") as refused:
        RegistryIds(wrong).id_of("Claim")
    assert "loud" not in str(refused.value)


def test_an_address_without_the_api_is_said_and_no_message_is_blamed(
    registry: ThreadingHTTPServer,
) -> None:
    elsewhere = RegistryIds(RegistryClient(f"{url(registry)}/elsewhere"))
    with pytest.raises(RegistryRefused, match=r"HTTP 404.*check the address"):
        Codec(elsewhere).decode(b"\x00\x00\x00\x00\x07rest")


def test_ids_of_garbage_are_forgotten_before_they_are_many(registry: ThreadingHTTPServer) -> None:
    found = ids(registry)
    for number in range(1, MAX_UNKNOWN + 3):
        found._unknown.add(number)
    assert found.schema(MAX_UNKNOWN + 9) is None
    assert len(found._unknown) == 1


def test_a_worker_knows_all_ids_once_it_agreed(registry: ThreadingHTTPServer) -> None:
    found = ids(registry)
    found.agree()
    registry.shutdown()
    registry.server_close()
    data = Codec(found).encode("Claim", {"owner": "me"})
    assert Codec(found).decode(data) == ("Claim", {"owner": "me"})

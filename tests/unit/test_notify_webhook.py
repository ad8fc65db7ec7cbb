"""The signed webhook, judged by the reference receiver of Standard Webhooks."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from standardwebhooks import Webhook as Receiver
from standardwebhooks import WebhookVerificationError

from streams.notify.sink import Answer, Later, Refused, Saying, Told
from streams.notify.webhook import Webhook, id_of, key_of, signed
from tests.builders.alerts import alert, whole

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - the specification's example
TIMEOUT_S = 60.0


async def told(
    handle: Callable[[web.Request], Awaitable[web.StreamResponse]], *sayings: Saying
) -> list[Answer]:
    """Return what the sink answers of a receiver that does as `handle` does."""
    app = web.Application()
    app.router.add_post("/in", handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            sink = Webhook(session, f"http://127.0.0.1:{runner.addresses[0][1]}/in", SECRET)
            return [await sink.tell(saying) for saying in sayings]
    finally:
        await runner.cleanup()


def test_a_receiver_of_the_specification_takes_it() -> None:
    taken: list[Any] = []

    async def handle(request: web.Request) -> web.Response:
        taken.append(Receiver(SECRET).verify(await request.read(), dict(request.headers)))
        return web.Response(status=204)

    said = whole(tenant="Ä & <b>", job="j\n1")
    assert asyncio.run(told(handle, Saying(said))) == [Told()]
    (body,) = taken
    assert (body["type"], body["data"]["tenant"]) == ("alert.opened", "Ä & <b>")
    assert body["data"]["actual"] == "123.456000000000"
    assert body["timestamp"] == body["data"]["at_us"]


def test_a_body_that_was_changed_is_not_taken() -> None:
    headers = signed(key_of(SECRET), "msg_1", 2_000_000_000, b'{"a":1}')
    with pytest.raises(WebhookVerificationError):
        Receiver(SECRET).verify(b'{"a":2}', headers)


def test_it_is_signed_as_the_specification_s_example() -> None:
    """Its id, instant and body, and the signature that it gives for them."""
    headers = signed(
        key_of(SECRET), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b'{"test": 2432232314}'
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_saying_has_one_id_however_often_it_is_sent_and_others_have_others() -> None:
    names: list[str] = []

    async def handle(request: web.Request) -> web.Response:
        names.append(request.headers["webhook-id"])
        return web.Response(status=500)

    sayings = [Saying(alert(revision=1)), Saying(alert(revision=1)), Saying(alert(revision=2))]
    answers = asyncio.run(told(handle, *sayings, Saying(alert(2))))
    assert {type(answer) for answer in answers} == {Later}
    assert names[0] == names[1] == id_of(alert(revision=1))
    assert len({*names}) == 3


@pytest.mark.parametrize(
    ("status", "headers", "answer"),
    [
        (200, {}, Told()),
        (302, {"Location": "/elsewhere"}, Refused("HTTP 302")),
        (410, {}, Refused("HTTP 410")),
        (408, {}, Later("HTTP 408", is_doubted=True)),
        (429, {"Retry-After": "12"}, Later("HTTP 429", after_s=12.0)),
        (429, {"Retry-After": "soon"}, Later("HTTP 429")),
        (503, {"Retry-After": "9999999"}, Later("HTTP 503", after_s=3600.0, is_doubted=True)),
        (599, {}, Later("HTTP 599", is_doubted=True)),
    ],
)
def test_a_status_means_told_later_or_never(
    status: int, headers: dict[str, str], answer: Answer
) -> None:
    async def handle(_: web.Request) -> web.Response:
        return web.Response(status=status, headers=headers)

    assert asyncio.run(told(handle, Saying(alert()))) == [answer]


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_c2hvcnQ=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_%%%"]
)
def test_a_secret_that_is_none_is_refused_and_not_repeated(secret: str) -> None:
    with pytest.raises(ValueError, match="expected a signing secret of 24 to 64 bytes") as caught:
        key_of(secret)
    assert len(secret) <= len("whsec_") or secret not in str(caught.value)


def test_the_body_is_the_same_whenever_it_is_sent() -> None:
    bodies: list[bytes] = []

    async def handle(request: web.Request) -> web.Response:
        bodies.append(await request.read())
        return web.Response()

    asyncio.run(told(handle, Saying(whole()), Saying(whole())))
    assert bodies[0] == bodies[1]
    assert json.loads(bodies[0])["data"]["contributors"][0]["excess"] == "100.000000000000"

"""A webhook for programs: one request a saying, signed as Standard Webhooks has it.

The header `webhook-id` is the same whenever a saying is sent again, so a receiver that keeps the
ids it has seen takes each once. Spec: github.com/standard-webhooks/standard-webhooks, 1.0.
"""

import base64
import hashlib
import hmac
import json
import time
from binascii import Error as NotBase64
from typing import Final

import aiohttp

from schemas.records import Alert
from streams.core.notices import rank
from streams.notify.answers import NO_ANSWER, of_failure, of_status
from streams.notify.sink import Answer, Saying, Told
from streams.readable import instant_or_number, readable

OK, REDIRECTS = 200, 300  # statuses between them are successes
PREFIX: Final = "whsec_"
KEY_LEAST, KEY_MOST = 24, 64  # bytes, as the specification has them


class Webhook:
    """One receiver."""

    folds = False
    is_paced = False
    looks = False

    def __init__(self, session: aiohttp.ClientSession, url: str, secret: str) -> None:
        self._session = session
        self._url = url
        self._key = key_of(secret)

    async def tell(self, saying: Saying) -> Answer:
        """Send an alert as it is."""
        body = body_of(saying.alert)
        headers = signed(self._key, id_of(saying.alert), time.time_ns() // 1_000_000_000, body)
        try:
            async with self._session.post(
                self._url, data=body, headers=headers, allow_redirects=False
            ) as said:
                status = said.status
                retry_after = said.headers.get("Retry-After")
        except NO_ANSWER as error:
            return of_failure(error)
        if OK <= status < REDIRECTS:
            return Told()
        return of_status(status, retry_after, "")


def body_of(alert: Alert) -> bytes:
    """Return what is sent: type, when it was so, and the alert with exact amounts as text."""
    said = {
        "type": f"alert.{alert['state']}",
        "timestamp": instant_or_number(alert["at_us"]),
        "data": readable("Alert", alert),
    }
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def id_of(alert: Alert) -> str:
    """Return the identity of a saying, which fits a header whatever is in the alert's own."""
    now = rank(alert)
    said = json.dumps([alert["alert_id"], now.revision, now.word])
    return "msg_" + hashlib.sha256(said.encode()).hexdigest()[:32]


def signed(key: bytes, name: str, at_s: int, body: bytes) -> dict[str, str]:
    """Return the headers of a message sent at an instant."""
    digest = hmac.new(key, f"{name}.{at_s}.".encode() + body, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json",
        "webhook-id": name,
        "webhook-timestamp": str(at_s),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def key_of(secret: str) -> bytes:
    """Return the key of a secret. Raises ValueError, without the secret in it."""
    encoded = secret.removeprefix(PREFIX)
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except NotBase64:
        key = b""
    if not secret.startswith(PREFIX) or not KEY_LEAST <= len(key) <= KEY_MOST:
        raise ValueError(
            f"expected a signing secret of {KEY_LEAST} to {KEY_MOST} bytes as {PREFIX} and base64, "
            f'got another text; make one with `echo "{PREFIX}$(openssl rand -base64 32)"`'
        )
    return key

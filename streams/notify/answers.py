"""What HTTP answers and failures mean for a message: there, later, or never."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

import aiohttp

from streams.notify.sink import Later, Refused

TOO_MANY: Final = HTTPStatus.TOO_MANY_REQUESTS
AGAIN: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY})
NO_ANSWER: Final = (aiohttp.ClientError, TimeoutError, OSError)
LONGEST_WAIT_S: Final = 3_600.0  # of a sink that asks to be left alone


def of_status(status: int, retry_after: str | None, said: str) -> Later | Refused:
    """Return what a status says that is no success; `said` is what else it says, in a few words.

    >>> of_status(429, "30", "")
    Later(why='HTTP 429', after_s=30.0, is_doubted=False)
    >>> of_status(404, None, "no_team")
    Refused(why='HTTP 404: no_team')
    """
    why = f"HTTP {status}: {said}" if said else f"HTTP {status}"
    if status == TOO_MANY:
        return Later(why, wait_s(retry_after, datetime.now(UTC)))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in AGAIN:
        return Later(why, wait_s(retry_after, datetime.now(UTC)), is_doubted=True)
    return Refused(why)


def of_failure(error: BaseException) -> Later:
    """Return what a request says that got no answer. What was never connected is not there."""
    never_sent = isinstance(error, aiohttp.ClientConnectorError)
    why = "no answer in time" if isinstance(error, TimeoutError) else type(error).__name__
    return Later(why, is_doubted=not never_sent)


def wait_s(retry_after: str | None, now: datetime) -> float | None:
    """Return the seconds of a Retry-After, which may be an instant, too; None: none that counts.

    >>> wait_s("120", datetime(2026, 1, 1, tzinfo=UTC))
    120.0
    >>> wait_s("Thu, 01 Jan 2026 00:00:30 GMT", datetime(2026, 1, 1, tzinfo=UTC))
    30.0
    """
    if retry_after is None:
        return None
    if retry_after.strip().isdecimal():
        asked_s = float(retry_after)
    else:
        try:
            at = parsedate_to_datetime(retry_after)
        except ValueError:
            return None
        asked_s = (at - now).total_seconds() if at.tzinfo else 0.0
    return min(max(asked_s, 0.0), LONGEST_WAIT_S)

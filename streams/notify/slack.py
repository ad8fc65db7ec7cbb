"""Slack with a bot token: an alert is a message, what becomes of it a thread below.

Alerts of one group share a thread: the first of them is a message, the others are replies to it.
The first message is kept up to date, so whoever scrolls by sees the state of now. What is in doubt
is looked for by the metadata of messages, in a window that is bounded: it is told once.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Final, TypeAlias

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from streams.core.notices import is_worse
from streams.core.windows import SECOND_US
from streams.notify.answers import NO_ANSWER, of_failure, of_status
from streams.notify.sink import Answer, Later, Refused, Saying, Thread, Told
from streams.notify.slack_message import is_of, is_of_group, is_said, message, reply

API: Final = "https://slack.com/api/"
OK: Final = 200
PAGE: Final = 200  # messages; what Slack recommends at most
PAGES: Final = 5
CLOCKS_S: Final = 120  # how much earlier than by our clock a message may have been sent by Slack's
HEADS: Final = 3  # messages of a group below which an alert is looked for
PASSING: Final = frozenset(  # errors that pass by themselves; the message may be there
    {"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"}
)
LIMITED: Final = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
GONE: Final = frozenset({"message_not_found", "thread_not_found"})
FIXED: Final = frozenset({"cant_update_message", "edit_window_closed"})

First: TypeAlias = tuple[Mapping[str, Any], Thread]  # message of an alert, and where it is


class Slack:
    """One workspace's bot."""

    folds = True
    is_paced = True
    looks = True

    def __init__(self, session: aiohttp.ClientSession, token: str, api: str | None = None) -> None:
        self._client = AsyncWebClient(
            token, base_url=api or API, session=session, retry_handlers=[]
        )

    async def tell(self, saying: Saying) -> Answer:
        """Post an alert, or what is new of it below its first message."""
        if saying.channel is None:
            return Refused("the route names no channel; add the id of one")
        try:
            return await self._tell(saying, saying.channel)
        except SlackApiError as error:
            return answer_of(error)
        except (SlackClientError, AttributeError, UnicodeError) as error:  # a body it cannot read
            return Later(f"no answer of Slack's: {type(error).__name__}", is_doubted=True)
        except NO_ANSWER as error:
            return of_failure(error)

    async def _tell(self, saying: Saying, channel: str) -> Answer:
        if saying.is_doubted and not await self._looked(saying, channel):
            return Told(saying.thread)
        if saying.thread is None:
            return await self._post(saying, channel)
        return await self._go_on(saying, saying.thread)

    async def _post(self, saying: Saying, channel: str) -> Answer:
        """Post the first message of an alert, below another of its group where there is one."""
        below = saying.below
        try:
            said = await self._client.chat_postMessage(
                channel=channel if below is None else below.place,
                unfurl_links=False,
                unfurl_media=False,
                thread_ts=None if below is None else below.first,
                **message(saying.alert, saying.others if below is None else 0),
            )
        except SlackApiError as error:
            if below is None or code_of(error) not in GONE:
                raise
            saying.below = None  # somebody removed it
            return await self._post(saying, channel)
        place, first = said.get("channel"), said.get("ts")
        if not (isinstance(place, str) and isinstance(first, str)):
            return Later("an answer without channel and ts", is_doubted=True)
        return Told(Thread(place, first, below and below.first))

    async def _go_on(self, saying: Saying, thread: Thread) -> Answer:
        """Say in the thread what is new, then bring the first message up to date."""
        try:
            if not saying.is_replied:
                await self._reply(saying, thread)
            await self._client.chat_update(
                channel=thread.place,
                ts=thread.first,
                **message(saying.alert, 0 if thread.head else saying.others),
            )
        except SlackApiError as error:
            if code_of(error) in GONE:  # somebody removed it: begin anew, with what is left to say
                saying.thread = saying.below = None
                return Told() if saying.is_replied else await self._post(saying, thread.place)
            if code_of(error) not in FIXED:
                raise
        return Told(thread)

    async def _reply(self, saying: Saying, thread: Thread) -> None:
        is_buried = thread.head is not None and is_worse(saying.alert, saying.was)
        await self._client.chat_postMessage(
            channel=thread.place,
            thread_ts=thread.root,
            reply_broadcast=is_buried or None,
            unfurl_links=False,
            unfurl_media=False,
            **reply(saying.alert),
        )
        saying.is_replied = True

    async def _looked(self, saying: Saying, channel: str) -> bool:
        """Look what is there of an alert and note it; return whether anything is left to say.

        Where one may not look it is said, perhaps twice: better than never.
        """
        try:
            if saying.thread is None:
                return await self._first_looked(saying, channel)
            await self._replies_looked(saying, saying.thread)
        except SlackApiError as error:
            if not isinstance(answer_of(error), Refused):
                raise
            if code_of(error) in GONE:
                saying.thread = saying.below = None
        saying.is_doubted = False
        return True

    async def _first_looked(self, saying: Saying, channel: str) -> bool:
        """Look for the first message of an alert: where it was to be, or in the channel."""
        if saying.below is None:
            first = await self._first_in(channel, saying)
        else:
            first = await self._first_below(saying.below, saying)
        if first is not None:
            found, saying.thread = first
            if is_said(found, saying.alert):
                return False
            await self._replies_looked(saying, saying.thread)
        saying.is_doubted = False
        return True

    async def _first_in(self, channel: str, saying: Saying) -> First | None:
        """Find it in a channel, or below a message of its group there."""
        heads = []
        async for found in self._history(channel, saying.since_us):
            there = Thread(channel, str(found["ts"]))
            if is_of(found, saying.alert):
                return found, there
            if is_of_group(found, saying.alert):
                heads.append(there)
        for head in heads[-HEADS:]:  # the newest message comes first
            first = await self._first_below(head, saying)
            if first is not None:
                return first
        return None

    async def _first_below(self, head: Thread, saying: Saying) -> First | None:
        async for found in self._replies(head, saying.since_us):
            if is_of(found, saying.alert):
                return found, Thread(head.place, str(found["ts"]), head.first)
        return None

    async def _replies_looked(self, saying: Saying, thread: Thread) -> None:
        """Note whether the thread has the saying already: its first message then may not."""
        async for found in self._replies(thread, saying.since_us):
            if found.get("ts") != thread.first and is_said(found, saying.alert):
                saying.is_replied = True

    def _history(self, channel: str, since_us: int) -> AsyncIterator[Mapping[str, Any]]:
        ask = self._client.conversations_history
        return self._paged(ask, channel=channel, oldest=oldest(since_us))

    def _replies(self, thread: Thread, since_us: int) -> AsyncIterator[Mapping[str, Any]]:
        """Yield the head of a thread, and what was said in it since an instant."""
        ask = self._client.conversations_replies
        return self._paged(ask, channel=thread.place, ts=thread.root, oldest=oldest(since_us))

    async def _paged(
        self, ask: Callable[..., Awaitable[AsyncSlackResponse]], **what: str
    ) -> AsyncIterator[Mapping[str, Any]]:
        """Yield messages, page by page, and no more than PAGES of them."""
        for _ in range(PAGES):
            page = await ask(limit=PAGE, include_all_metadata=True, **what)
            for each in page.get("messages") or ():
                yield each
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return
            what["cursor"] = cursor


def oldest(since_us: int) -> str:
    """Return since when to look, where Slack's clock may differ from ours."""
    return str(max(0, since_us // SECOND_US - CLOCKS_S))


def code_of(error: SlackApiError) -> str:
    """Return Slack's word for what went wrong; empty where it has said none."""
    data = getattr(error.response, "data", None)
    return str(data.get("error") or "") if isinstance(data, dict) else ""


def answer_of(error: SlackApiError) -> Later | Refused:
    """Return what an answer says that is not ok."""
    response = error.response
    status, code = getattr(response, "status_code", None), code_of(error)
    if status is None:  # not JSON: no answer of Slack's, but of something before it
        return Later("an answer that is no JSON", is_doubted=True)
    retry_after = response.headers.get("Retry-After")
    if status != OK:
        return of_status(status, retry_after, code)
    if code in LIMITED:
        return of_status(429, retry_after, code)
    if code in PASSING or not code:
        return Later(code or "an answer without ok", is_doubted=True)
    return Refused(code)

"""An incoming webhook of Slack's: messages only, since it has neither threads nor edits.

Every saying is a message of its own. Nobody can look what is there, so what is in doubt is said
again, and may be there twice.
"""

from typing import Final

import aiohttp
from slack_sdk.webhook.async_client import AsyncWebhookClient

from streams.notify.answers import NO_ANSWER, of_failure, of_status
from streams.notify.sink import Answer, Saying, Told
from streams.notify.slack_message import message

OK: Final = 200
SAID_MOST: Final = 80  # of an answer, which is a word where it is Slack's


class SlackWebhook:
    """One channel, which its address stands for."""

    folds = True
    is_paced = True
    looks = False

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._client = AsyncWebhookClient(url, session=session, retry_handlers=[])

    async def tell(self, saying: Saying) -> Answer:
        """Post an alert as it is."""
        try:
            said = await self._client.send(
                unfurl_links=False, unfurl_media=False, **message(saying.alert)
            )
        except NO_ANSWER as error:
            return of_failure(error)
        if said.status_code == OK:
            return Told()
        return of_status(
            said.status_code, said.headers.get("Retry-After"), said.body[:SAID_MOST].strip()
        )

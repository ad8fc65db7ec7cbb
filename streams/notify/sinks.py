"""The sinks of the settings, over one HTTP session. Their secrets go no further than this."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import aiohttp
from pydantic import SecretStr

from streams.errors import SettingsInvalid
from streams.notify.printed import PRINT, Printed
from streams.notify.sink import Sink
from streams.notify.slack import Slack
from streams.notify.slack_webhook import SlackWebhook
from streams.notify.webhook import Webhook
from streams.settings_notify import NotifySettings, SinkSettings

TOKENS: Final = ("xoxb-", "xoxe.")  # the second: of apps whose tokens rotate


@asynccontextmanager
async def opened(
    settings: NotifySettings, say: Callable[[str], None]
) -> AsyncIterator[Mapping[str, Sink]]:
    """Yield every sink by name, and the one that prints. Raises SettingsInvalid with all faults."""
    timeout = aiohttp.ClientTimeout(total=settings.request_timeout_s)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        sinks: dict[str, Sink] = {PRINT: Printed(say)}
        faults = []
        for name, each in settings.sinks.items():
            try:
                sinks[name] = sink_of(session, each)
            except (OSError, ValueError) as error:
                faults.append(f"APPORTION_NOTIFY__SINKS__{name.upper()}: {error}")
        if faults:
            raise SettingsInvalid(faults)
        yield sinks


def sink_of(session: aiohttp.ClientSession, settings: SinkSettings) -> Sink:
    """Return a sink. Raises OSError for a file that cannot be read, and ValueError."""
    url = checked(said(settings.url, settings.url_file))
    secret = said(settings.secret, settings.secret_file)
    match settings.kind:
        case "slack":
            if not secret.startswith(TOKENS):
                raise ValueError(
                    f"expected a bot token, {TOKENS[0]}..., got another text; copy the Bot User "
                    "OAuth Token of the app"
                )
            return Slack(session, secret, url or None)
        case "slack_webhook":
            return SlackWebhook(session, url)
        case "webhook":
            return Webhook(session, url, secret)


def checked(url: str) -> str:
    """Return an address, or none. Raises ValueError, without it: it may be a secret."""
    found = urlsplit(url)
    if url and not (found.scheme in {"http", "https"} and found.hostname):
        raise ValueError("expected a url like https://host/path, got another text; correct it")
    return url


def said(value: SecretStr | None, file: Path | None) -> str:
    """Return what stands in a setting or in its file; nothing where it stands in neither."""
    if value is not None:
        return value.get_secret_value().strip()
    return "" if file is None else file.read_text(encoding="utf-8").strip()

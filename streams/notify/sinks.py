"""The sinks of the settings, over one HTTP session. Their secrets go no further than this."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from pydantic import SecretStr

from streams.errors import SettingsInvalid
from streams.notify.printed import PRINT, Printed
from streams.notify.sink import Sink
from streams.notify.slack import Slack
from streams.notify.slack_webhook import SlackWebhook
from streams.notify.webhook import Webhook
from streams.settings_notify import NotifySettings, SinkSettings


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
    url = said(settings.url, settings.url_file)
    secret = said(settings.secret, settings.secret_file)
    match settings.kind:
        case "slack":
            return Slack(session, secret, url or None)
        case "slack_webhook":
            return SlackWebhook(session, url)
        case "webhook":
            return Webhook(session, url, secret)


def said(value: SecretStr | None, file: Path | None) -> str:
    """Return what stands in a setting or in its file; nothing where it stands in neither."""
    if value is not None:
        return value.get_secret_value().strip()
    return "" if file is None else file.read_text(encoding="utf-8").strip()

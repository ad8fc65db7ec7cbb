"""LiteLLM's custom logger: an event per attempt, successes and failures, SDK and proxy.

Proxy: `litellm_settings: {callbacks: ["apportion_hook.litellm.logger"]}`, settings from the
environment. SDK: `litellm.callbacks = [ApportionLogger(Hook(config))]`.

LiteLLM calls it after the answer, on its serving loop and by keyword: so the names of arguments
are its own, and nothing in here waits. What matters of a payload is kept, without messages, until
the outbox's thread reads it, as `agents.gateway.normalise.litellm` says.
"""

from collections.abc import Mapping
from typing import Any, Final

from litellm.integrations.custom_logger import CustomLogger

from agents.gateway.normalise.litellm import from_payload, kept
from agents.gateway.normalise.outcome import Call, Declared, Refused
from apportion_hook.hook import Hook
from apportion_hook.settings import from_environment

PAYLOAD: Final = "standard_logging_object"
GATEWAY: Final = "litellm"

Kwargs = Mapping[str, Any]  # LiteLLM's; only the payload in it is read


class ApportionLogger(CustomLogger):  # type: ignore[misc] # LiteLLM is not installed with our types
    """Tells a hook of every attempt that LiteLLM logs."""

    def __init__(self, hook: Hook) -> None:
        super().__init__()
        self._hook = hook
        self._source = Declared(
            name=GATEWAY,
            tenant=hook.config.tenant,
            tenant_from=hook.config.tenant_from,
            endpoints=hook.config.endpoints,
        )

    async def async_log_success_event(
        self, kwargs: Kwargs, response_obj: object, start_time: object, end_time: object
    ) -> None:
        """Take an answer, of the proxy or of an asynchronous call."""
        self._tell(kwargs)

    async def async_log_failure_event(
        self, kwargs: Kwargs, response_obj: object, start_time: object, end_time: object
    ) -> None:
        """Take a failure of the same."""
        self._tell(kwargs)

    def log_success_event(
        self, kwargs: Kwargs, response_obj: object, start_time: object, end_time: object
    ) -> None:
        """Take an answer of a synchronous call, on a thread of LiteLLM's."""
        self._tell(kwargs)

    def log_failure_event(
        self, kwargs: Kwargs, response_obj: object, start_time: object, end_time: object
    ) -> None:
        """Take a failure of the same."""
        self._tell(kwargs)

    def _tell(self, kwargs: Kwargs) -> None:
        try:
            payload = kept(kwargs.get(PAYLOAD))
        except Exception as error:  # noqa: BLE001 -- somebody else's loop
            self._hook.refuse("unreadable_payload", type(error).__name__)
            return
        self._hook.put_later(lambda: self._event(payload))

    def _event(self, payload: Mapping[str, object] | None) -> Mapping[str, object]:
        """Return the event of a payload; an empty one where there is nothing to tell."""
        try:
            outcome = from_payload(payload, self._source)
        except Exception as error:  # noqa: BLE001 -- somebody else's words, in the outbox's thread
            outcome = Refused("unreadable_payload", type(error).__name__)
        match outcome:
            case Call(event, _, unread):
                if unread is not None:
                    self._hook.refuse(unread.reason, unread.detail)
                return event
            case Refused(reason, detail):
                self._hook.refuse(reason, detail)
        return {}


def __getattr__(name: str) -> ApportionLogger:
    """Make `logger` when LiteLLM asks for it: nothing happens on import. Raises SettingsInvalid."""
    if name != "logger":
        raise AttributeError(name)
    made = ApportionLogger(Hook(from_environment()))
    globals()[name] = made
    return made

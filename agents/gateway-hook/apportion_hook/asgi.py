"""ASGI middleware for servers that speak OpenAI's or Anthropic's protocol, such as vLLM.

    app.add_middleware(UsageMiddleware, hook=hook, provider="vllm", endpoint="llama-70b-prod",
                       tenant=lambda scope: scope["state"]["tenant"])

Every message goes on as it came, before it is looked at; what came is read when the call is over,
by the outbox's thread. Usage is what the server told: a stream that was not asked for it
(`stream_options.include_usage`) has none, and none is guessed.
"""

import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, TypeAlias

from agents.gateway.normalise import values
from agents.gateway.normalise.usage import Answer, Usage
from agents.gateway.normalise.values import Unfit
from apportion_hook.exchange import Exchange, Message
from apportion_hook.hook import Hook
from apportion_hook.routes import route_of
from schemas.records import InferenceUsage

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
Payer: TypeAlias = Callable[[Scope], str | None]

GATEWAY: Final = "asgi"
UNKNOWN: Final = "unknown"  # the model of a failed call whose request was too large to look into
OK_CODES: Final = range(200, 300)
# Refused before a model was called, but for these.
ATTEMPT_CODES: Final = frozenset({408, 429, 499, *range(500, 600)})


class UsageMiddleware:
    """Tells a hook of every call of a model that passes.

    `tenant` is asked once the answer is out, with the scope as the application left it: it must
    look at what was authenticated (`scope["state"]`, `scope["user"]`), not at headers or bodies.
    `model` names the model of calls that failed without naming one.
    """

    def __init__(  # noqa: PLR0913 - keywords of a set-up, as ASGI middleware has them
        self,
        app: App,
        *,
        hook: Hook,
        provider: str,
        tenant: Payer | None = None,
        project: Payer | None = None,
        endpoint: str | None = None,
        model: str | None = None,
    ) -> None:
        self._app = app
        self._hook = hook
        self._provider = provider
        self._tenant = tenant
        self._project = project
        self._endpoint = endpoint
        self._model = model

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and tell of it when it is over."""
        is_call = scope["type"] == "http" and scope["method"] == "POST"
        route = route_of(scope["path"]) if is_call else None
        if route is None:
            await self._app(scope, receive, send)
            return
        exchange = Exchange(route)
        failure: str | None = None

        async def receive_seen() -> Message:
            message = await receive()
            self._look(exchange.received, message)
            return message

        async def send_seen(message: Message) -> None:
            try:
                await send(message)
            except OSError:  # how servers say that the client has gone
                exchange.leave()
                raise
            self._look(exchange.sent, message)

        try:
            await self._app(scope, receive_seen, send_seen)
        except BaseException as error:
            failure = type(error).__name__
            raise
        finally:
            self._tell(scope, exchange, failure)

    def _look(self, look: Callable[[Message], None], message: Message) -> None:
        try:
            look(message)
        except Exception as error:  # noqa: BLE001 -- somebody else's request path
            self._refuse("unreadable_message", error)

    def _tell(self, scope: Scope, exchange: Exchange, failure: str | None) -> None:
        code = exchange.code
        if code is not None and code not in OK_CODES and code not in ATTEMPT_CODES:
            return
        who = (self._ask(self._tenant, scope), self._ask(self._project, scope))
        over_us = time.time_ns() // 1_000
        self._hook.put_later(lambda: self._event(exchange, who, over_us, failure))

    def _event(
        self,
        exchange: Exchange,
        who: tuple[str | None, str | None],
        over_us: int,
        failure: str | None,
    ) -> InferenceUsage:
        """Return the event of a call that is over. Never raises; beside the request path."""
        answer = self._answer(exchange)
        used = answer.usage or Usage()
        status = exchange.status(answer)
        is_failed = status not in {"ok", "client_disconnect"}
        code = str(exchange.code) if exchange.code else None
        tenant, project = who
        return {
            **used.counted(),  # type: ignore[typeddict-item] # Counted is final: no other keys
            "at_us": over_us,
            "tenant": tenant,
            "project": project,
            "provider": self._provider,
            "model": answer.model or exchange.requested_model() or self._model or UNKNOWN,
            "endpoint": self._endpoint,
            "request_id": secrets.token_hex(16),
            "response_id": answer.response_id,
            "operation": exchange.route.operation,
            "status": status,
            "error_type": (answer.error_type or failure or code) if is_failed else None,
            "usage_source": "provider" if used.is_reported else "none",
            "started_at_us": exchange.started_ns // 1_000,
            "first_token_at_us": exchange.first_ns // 1_000
            if exchange.is_stream and exchange.first_ns
            else None,
            "is_stream": exchange.is_stream,
            "gateway": GATEWAY,
        }

    def _answer(self, exchange: Exchange) -> Answer:
        """Return what the answer told; nothing, and a count, where that is no usage."""
        try:
            return exchange.answer()
        except Exception as error:  # noqa: BLE001 -- somebody else's words; the call is kept
            self._refuse("unreadable_usage", error)
            return Answer()

    def _ask(self, payer: Payer | None, scope: Scope) -> str | None:
        if payer is None:
            return None
        try:
            return values.name(payer(scope), "a tenant or project")
        except Exception as error:  # noqa: BLE001 -- the call is kept, for nobody in particular
            self._refuse("payer_failed", error)
            return None

    def _refuse(self, reason: str, error: Exception) -> None:
        detail = error.detail if isinstance(error, Unfit) else type(error).__name__
        self._hook.refuse(reason, detail)

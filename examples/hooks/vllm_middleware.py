"""Meter a vLLM server.

    PYTHONPATH=. vllm serve MODEL --middleware vllm_middleware.Metered

vLLM makes the middleware without arguments, so this class has them. Settings of the hook come from
APPORTION_HOOK_… variables. Start vLLM with --enable-force-include-usage, or streams that were not
asked for usage have none; and with --enable-prompt-tokens-details for cached tokens.
"""

from apportion_hook import Hook
from apportion_hook.asgi import App, Scope, UsageMiddleware
from apportion_hook.settings import from_environment


def tenant(scope: Scope) -> str | None:
    """Return who pays: whom your own authentication, inside of this, put into the state."""
    found = scope.get("state", {}).get("tenant")
    return found if isinstance(found, str) else None


class Metered(UsageMiddleware):
    """The middleware for one deployment of yours, named as in the catalog."""

    def __init__(self, app: App) -> None:
        super().__init__(
            app,
            hook=Hook(from_environment()),
            provider="vllm",
            endpoint="llama-70b-prod",
            tenant=tenant,
        )

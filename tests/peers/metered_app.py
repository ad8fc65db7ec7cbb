"""The upstream with the hook's middleware around it, as somebody would serve it with uvicorn."""

from apportion_hook import Hook
from apportion_hook.asgi import UsageMiddleware
from apportion_hook.settings import from_environment
from tests.peers.upstream import app as upstream

TENANTS = {"sk-acme": "acme", "sk-globex": "globex"}
NAMES = (b"authorization", b"x-api-key")


async def authenticated(scope, receive, send):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """Authenticate, as an application does, then serve."""
    given = [value.decode() for name, value in scope.get("headers", ()) if name in NAMES]
    keys = [each.removeprefix("Bearer ") for each in given]
    scope["state"] = {"tenant": next((TENANTS[key] for key in keys if key in TENANTS), None)}
    await upstream(scope, receive, send)


app = UsageMiddleware(
    authenticated,
    hook=Hook(from_environment()),
    provider="openai",
    tenant=lambda scope: scope["state"]["tenant"],
)

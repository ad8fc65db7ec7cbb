"""Answer 429 to calls of tenants whose budget is exceeded: a gateway's choice, off by default.

    app.add_middleware(RefusesExceeded, budgets=Budgets({"bootstrap.servers": "kafka:9092"}))

Budgets of single models are not looked at, as the model stands in the body, which goes on unread.
While nothing is known of budgets every call passes.
"""

import json

from apportion_hook.asgi import App, Receive, Scope, Send
from apportion_hook.budgets import Budgets


class RefusesExceeded:
    """ASGI middleware. Put it inside of what authenticates."""

    def __init__(self, app: App, *, budgets: Budgets) -> None:
        self._app = app
        self._budgets = budgets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, unless its tenant has spent what it may."""
        tenant = scope.get("state", {}).get("tenant") if scope["type"] == "http" else None
        verdict = self._budgets.of_call(tenant=tenant)
        if tenant is None or verdict.stage != "exceeded":
            await self._app(scope, receive, send)
            return
        names = ", ".join(budget.budget_id for budget in verdict.budgets)
        body = json.dumps({"error": {"message": f"budget exceeded: {names}", "code": 429}})
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 429, "headers": headers})
        await send({"type": "http.response.body", "body": body.encode()})

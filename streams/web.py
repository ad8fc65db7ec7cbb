"""What every part serves over HTTP: GET /metrics for Prometheus and GET /health for a supervisor.

Read-only, on loopback unless told otherwise. /health answers 200 when the part does its work and
503 when it does not (yet), with the reason as JSON.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from streams.settings import WebSettings

SHUTDOWN_S = 1.0  # how long an open request may hold a stop


@dataclass(frozen=True, slots=True)
class Health:
    """Whether a part does its work, and what an operator should know about it."""

    ok: bool
    detail: Mapping[str, object] = field(default_factory=dict)  # JSON


@asynccontextmanager
async def serve(
    settings: WebSettings, registry: CollectorRegistry, health: Callable[[], Health]
) -> AsyncIterator[int]:
    """Serve until the block is left; yield the port. `health` must not block.

    Raises OSError when the port is taken.
    """
    runner = web.AppRunner(_app(registry, health), access_log=None, shutdown_timeout=SHUTDOWN_S)
    await runner.setup()
    try:
        await web.TCPSite(runner, settings.host, settings.port).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def _app(registry: CollectorRegistry, health: Callable[[], Health]) -> web.Application:
    async def metrics(_: web.Request) -> web.Response:
        return web.Response(
            body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )

    async def healthy(_: web.Request) -> web.Response:
        now = health()
        return web.json_response({"ok": now.ok, **now.detail}, status=200 if now.ok else 503)

    app = web.Application()
    app.router.add_get("/metrics", metrics)
    app.router.add_get("/health", healthy)
    return app

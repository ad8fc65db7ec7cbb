"""The two faces over HTTP: doors for gateways, and /metrics and /health for operators."""

from collections.abc import Callable, Mapping

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agents.gateway.desk import Desk
from agents.gateway.dialects import DOORS, Door

Health = Callable[[], tuple[bool, Mapping[str, object]]]


def doors(desk: Desk, health: Health) -> Starlette:
    """Return the app that gateways push to. /health is there for load balancers."""
    return Starlette(routes=[*(opened(desk, door) for door in DOORS), healthy(health, {})])


def opened(desk: Desk, door: Door) -> Route:
    """Return the route of a door."""

    async def answer(request: Request) -> Response:
        return await desk.answer(door, request)

    return Route(door.path, answer, methods=["POST"])


def told(registry: CollectorRegistry, refresh: Callable[[], None], health: Health) -> Starlette:
    """Return the app of operators. `refresh` sets what is only known when it is looked at."""

    async def metrics(_: Request) -> Response:
        refresh()
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return Starlette(routes=[Route("/metrics", metrics), healthy(health, None)])


def healthy(health: Health, instead: Mapping[str, object] | None) -> Route:
    """Return the route of /health, with its details or with others instead."""

    async def answer(_: Request) -> Response:
        is_ok, detail = health()
        said = detail if instead is None else instead
        return JSONResponse({"ok": is_ok, **said}, status_code=200 if is_ok else 503)

    return Route("/health", answer)

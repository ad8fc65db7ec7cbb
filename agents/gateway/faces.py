"""The app that gateways push to: a door for each dialect, and /health for load balancers."""

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agents.gateway.desk import Desk
from agents.gateway.dialects import DOORS, Door


def doors(desk: Desk, is_taking: Callable[[], bool]) -> Starlette:
    """Return the app. Its /health says no more than whether it takes events."""

    async def health(_: Request) -> Response:
        is_ok = is_taking()
        return JSONResponse({"ok": is_ok}, status_code=200 if is_ok else 503)

    return Starlette(routes=[*(opened(desk, door) for door in DOORS), Route("/health", health)])


def opened(desk: Desk, door: Door) -> Route:
    """Return the route of a door."""

    async def answer(request: Request) -> Response:
        return await desk.answer(door, request)

    return Route(door.path, answer, methods=["POST"])

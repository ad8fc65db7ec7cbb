"""How an attempt ended, by the code of its HTTP answer."""

BAD_REQUEST = 400
STATUS_OF_CODE = {
    408: "timeout",
    429: "rate_limited",
    529: "rate_limited",  # Anthropic's: overloaded, and so turned away like the one before
    499: "client_disconnect",  # nginx's, and so Kong's: the client closed the request
    504: "timeout",
}


def status_of_code(code: int | None) -> str | None:
    """Return how an attempt ended by its HTTP status; None: not told."""
    if not code:
        return None
    return STATUS_OF_CODE.get(code, "ok" if code < BAD_REQUEST else "error")

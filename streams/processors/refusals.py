"""What Faust's client raises when a permission is taken away while a processor runs."""

from aiokafka.errors import GroupAuthorizationFailedError, TopicAuthorizationFailedError

from streams.errors import NotAllowed


def refusal(error: BaseException | None, verb: str) -> NotAllowed | None:
    """Return what an error of the client says of permissions; None when it says nothing.

    >>> refusal(GroupAuthorizationFailedError("apportion-meter"), "Read").missing
    ('Read on group apportion-meter',)
    """
    match error:
        case GroupAuthorizationFailedError():
            kind = "group"
        case TopicAuthorizationFailedError():
            kind = "topic"
        case _:
            return None
    name = ", ".join(map(str, error.args)) or "unknown"
    return NotAllowed(None, [f"{verb} on {kind} {name}"])

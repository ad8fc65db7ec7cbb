"""How many bytes an object keeps: itself and all it refers to, each counted once."""

from collections import deque
from collections.abc import Iterator
from sys import getsizeof


def state_bytes(root: object) -> int:
    """Return the bytes of an object and of everything that it alone keeps.

    >>> many = ["anything"]
    >>> state_bytes([many, many]) - state_bytes([many]) == 8  # a pointer more
    True
    """
    seen: dict[int, object] = {}
    waiting = [root]
    while waiting:
        one = waiting.pop()
        if id(one) not in seen:
            seen[id(one)] = one
            waiting.extend(parts(one))
    return sum(map(getsizeof, seen.values()))


def parts(one: object) -> Iterator[object]:
    """Yield what an object refers to; classes, functions and modules are not its own."""
    if isinstance(one, dict):
        yield from one.keys()
        yield from one.values()
    elif isinstance(one, list | tuple | set | frozenset | deque):
        yield from one
    for slots in (getattr(kind, "__slots__", ()) for kind in type(one).__mro__):
        for name in (slots,) if isinstance(slots, str) else slots:
            if name.startswith("__"):
                continue
            yield getattr(one, name, None)
    if not isinstance(one, type):
        yield from vars(one).values() if hasattr(one, "__dict__") else ()

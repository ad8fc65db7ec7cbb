"""Python source, line by line, with names that are used once: what compiling a schema makes."""

from collections.abc import Mapping
from itertools import count


class Source:
    """The body of a function under construction."""

    def __init__(self, head: str) -> None:
        self._lines = [head]
        self._names = count()

    def add(self, depth: int, *lines: str) -> None:
        """Add lines at a depth; the function's body is at 1."""
        self._lines += ["    " * depth + line for line in lines]

    def name(self) -> str:
        """Return a name nothing else has."""
        return f"v{next(self._names)}"

    def function(self, name: str, names: Mapping[str, object]) -> object:
        """Return the function, which sees `names` as globals."""
        scope = dict(names)
        exec("\n".join(self._lines), scope)  # noqa: S102 - made of our own schema files
        return scope[name]

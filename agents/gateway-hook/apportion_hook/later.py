"""An event that is made when it is first read: by the outbox's thread, beside the request path.

What it is made of is kept until then, so whoever puts many of these bounds how many may wait.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar, overload

Other = TypeVar("Other")


class Later(Mapping[str, object]):
    """An event to be, with the mapping's face of one that is. `make` must not raise."""

    __slots__ = ("_made", "_make")

    def __init__(self, make: Callable[[], Mapping[str, object]]) -> None:
        self._make: Callable[[], Mapping[str, object]] | None = make
        self._made: Mapping[str, object] = {}

    def _event(self) -> Mapping[str, object]:
        if self._make is not None:
            self._made, self._make = self._make(), None  # what it was made of is let go
        return self._made

    def __getitem__(self, name: str) -> object:
        return self._event()[name]

    @overload
    def get(self, name: str) -> object | None: ...
    @overload
    def get(self, name: str, default: Other) -> object | Other: ...
    def get(self, name: str, default: object = None) -> object:
        """Return a field, as a mapping does; the codec asks this for most of them."""
        return self._event().get(name, default)

    def __iter__(self) -> Iterator[str]:
        return iter(self._event())

    def __len__(self) -> int:
        return len(self._event())

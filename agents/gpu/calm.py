"""Whether nothing has happened on a node for a while, by signs that stay as they were."""

from collections.abc import Callable
from typing import Final

SETTLED_US: Final = 10_000_000  # after a change others follow, as a pod starts or ends


class Calm:
    """The signs of one node. `now_us`: a clock that only goes forward."""

    def __init__(self, now_us: Callable[[], int]) -> None:
        self._now_us = now_us
        self._signs: object = self  # which nothing equals
        self._since_us = now_us()

    def note(self, signs: object) -> bool:
        """Take in the signs, and tell whether they have been equal to these for a while."""
        now_us = self._now_us()
        if signs != self._signs:
            self._since_us = now_us
        self._signs = signs
        return now_us - self._since_us >= SETTLED_US

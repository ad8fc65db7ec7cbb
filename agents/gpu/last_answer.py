"""The last answer of a pure function, given again for as long as it is asked the same.

Most looks at a node see what the look before saw. Invariant: the answer is what the function would
say now. So what is asked has to hold all that the answer depends on, and nobody changes it after.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class LastAnswer(Generic[Asked, Answer]):
    """One question and its answer.

    >>> squares: LastAnswer[int, int] = LastAnswer()
    >>> squares.to(3, lambda: 9), squares.to(3, lambda: 1 // 0), squares.to(4, lambda: 16)
    (9, 9, 16)
    """

    def __init__(self) -> None:
        self._last: tuple[Asked, Answer] | None = None

    def to(self, asked: Asked, find: Callable[[], Answer]) -> Answer:
        """Return the answer; `find` finds it when something else was asked before."""
        answer = find() if self._last is None or self._last[0] != asked else self._last[1]
        self._last = asked, answer  # the newest: what is the same object is compared in no time
        return answer

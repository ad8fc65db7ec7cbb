"""When provisional lines are due again: soon, but never so often that reading falls behind.

Time is of this thread's own work, not of the clock: a slow broker, or others that are at work on
the machine, make an emission long and say nothing of what it costs.
"""


class EmitPace:
    """`every_s` is the least between two begins; `share_ratio` what part of its work may go to it.

    That part holds only while there is something to read: who has read everything loses nothing.
    """

    def __init__(self, every_s: float, share_ratio: float) -> None:
        self._every_s = every_s
        self._share_ratio = share_ratio
        self._next_s = 0.0
        self._worked_s = 0.0  # when enough other work is done

    def is_due(self, now_s: float, worked_s: float, *, is_behind: bool) -> bool:
        """Whether to emit, after so much work of this thread since it began."""
        return now_s >= self._next_s and (not is_behind or worked_s >= self._worked_s)

    def emitted(self, began_s: float, took_s: float, worked_s: float) -> None:
        """Take that an emission began at an instant and took so much of all the work until now."""
        self._next_s = began_s + self._every_s
        self._worked_s = worked_s + took_s * (1 / self._share_ratio - 1)

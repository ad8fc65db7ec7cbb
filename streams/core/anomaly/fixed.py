"""What is 1 unless something happened: whoever compares with what is right needs no past."""

from collections.abc import Iterable

from streams.core.anomaly.judgement import Judgement, Quarter


class Fixed:
    """A detector of ratios in which chance has no part."""

    __slots__ = ()

    def score(self, value: float, at_us: int) -> Judgement:  # noqa: ARG002 - at any time
        """Judge a value: 1 is usual, all else is not."""
        return Judgement(float(value != 1.0), is_warm=True, expected=1.0, low=1.0, high=1.0)

    def learn(self, value: float, at_us: int, judgement: Judgement) -> None:
        """Learn nothing."""

    def recall(self, past: Iterable[Quarter]) -> None:
        """Learn nothing."""

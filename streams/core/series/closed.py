"""Until when windows are final everywhere, by what each partition has said."""

from schemas.records import ClosedWindows


class Closed:
    """The greatest that each partition has said."""

    __slots__ = ("_partitions", "_until_us")

    def __init__(self) -> None:
        self._partitions = 0
        self._until_us: dict[int, int] = {}

    @property
    def until_us(self) -> int | None:
        """Return the least of all partitions: 0 while one is missing, None while all are."""
        if not self._until_us:
            return None
        return min(self._until_us.get(number, 0) for number in range(self._partitions))

    def take(self, said: ClosedWindows) -> None:
        """Take in what one partition says."""
        number = said["partition"]
        self._partitions = max(self._partitions, said["partitions"], number + 1)
        self._until_us[number] = max(said["until_us"], self._until_us.get(number, 0))

"""Topics in memory, as one partition each: what allocate reads, writes and commits."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, cast

from schemas.codec import Codec
from schemas.records import CostLine, LatePartial

Record = Mapping[str, Any]

CODEC = Codec()


class Message(NamedTuple):
    """A record on its way to a topic: Partial log, CostLine or LatePartial by its name."""

    name: str
    record: Record


class Broker:
    """Everything that survives a crash."""

    def __init__(self) -> None:
        self.log: list[Message] = []
        self.lines: list[CostLine] = []
        self.late: list[LatePartial] = []
        self.committed = 0

    def append(self, message: Message) -> None:
        """Take a record into its topic."""
        match message.name:
            case "CostLine":
                self.lines.append(cast("CostLine", message.record))
            case "LatePartial":
                self.late.append(cast("LatePartial", message.record))
            case _:
                self.log.append(message)

    def finals(self) -> dict[str, set[bytes]]:
        """Return the encoded final lines ever published, by line."""
        return self._encoded(line for line in self.lines if line["status"] == "final")

    def as_read(self) -> dict[str, bytes]:
        """Return what a reader takes for each line: highest revision, final before provisional."""
        best: dict[str, CostLine] = {}
        for line in self.lines:
            have = best.setdefault(line["line_id"], line)
            if rank(line) > rank(have):
                best[line["line_id"]] = line
        return {line_id: CODEC.encode("CostLine", line) for line_id, line in best.items()}

    def by_revision(self) -> dict[tuple[str, int], set[bytes]]:
        """Return the contents, whatever their status, ever published of each line's revision."""
        found: dict[tuple[str, int], set[bytes]] = {}
        for line in self.lines:
            content = CODEC.encode("CostLine", {**line, "status": "final"})
            found.setdefault((line["line_id"], line["revision"]), set()).add(content)
        return found

    @staticmethod
    def _encoded(lines: Iterator[CostLine]) -> dict[str, set[bytes]]:
        found: dict[str, set[bytes]] = {}
        for line in lines:
            found.setdefault(line["line_id"], set()).add(CODEC.encode("CostLine", line))
        return found


def rank(line: CostLine) -> tuple[int, int, bool]:
    """Return what readers compare lines of one identity by."""
    return line["generation"], line["revision"], line["status"] == "final"

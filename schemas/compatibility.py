"""Proves that this release and every released one can read each other's data, schema by schema.

Two proofs: the declarations resolve in both directions, and random records written with one are
read with the other. It also holds the house rules. It compares files of the same name, so a schema
that was released stays; a breaking change is a new file, a new record version and a new topic.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Final

import fastavro
from fastavro.read import SchemaResolutionError

from schemas.catalogue import AVRO, RELEASED, load
from schemas.declaration import Type, read
from schemas.house_rules import breaches
from schemas.resolution import mismatches
from schemas.sampling import sample

RECORDS: Final = 200  # random records a schema and direction
SEED: Final = 1
NOW: Final = "this release"
UNREADABLE: Final = (SchemaResolutionError, ValueError, TypeError, EOFError, LookupError)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with one schema file."""

    file: str  # e.g. cost_line.v1.avsc
    reader: str  # release that cannot read, or this release for a breach of a house rule
    writer: str  # release whose data it cannot read
    path: str  # e.g. CostLine.status; empty: the file
    what: str

    def __str__(self) -> str:
        data = "" if self.reader == self.writer else f" ({self.reader} reads {self.writer})"
        return f"{self.path or self.file}: {self.what}{data}"


def check(current: Path = AVRO, released: Path = RELEASED) -> list[Fault]:
    """List everything wrong with the schemas in `current`, against each version in `released`."""
    faults = [fault for file in sorted(current.glob("*.avsc")) for fault in _house(file)]
    for release in releases(released):
        for file in sorted(release.glob("*.avsc")):
            faults += _pair(current / file.name, file)
    return faults


def releases(released: Path = RELEASED) -> list[Path]:
    """Folders of the released versions, oldest first; none before the first release."""
    folders = (path for path in released.glob("*") if path.is_dir())
    return sorted(folders, key=lambda path: [int(part) for part in path.name.split(".")])


def _house(file: Path) -> Iterator[Fault]:
    for breach in breaches(read(file)):
        yield Fault(file.name, NOW, NOW, breach.path, breach.what)


def _pair(file: Path, old: Path) -> list[Fault]:
    release = old.parent.name
    if not file.exists():
        return [Fault(file.name, NOW, release, "", f"was released in {release} and is missing")]
    return [*_one_way(file, NOW, old, release), *_one_way(old, release, file, NOW)]


def _one_way(reader: Path, reading: str, writer: Path, writing: str) -> list[Fault]:
    to, source = read(reader), read(writer)
    found = [
        Fault(reader.name, reading, writing, each.path, each.what)
        for each in mismatches(to, source)
    ]
    if found:
        return found
    lost = unread(reader, writer, source)
    return [Fault(reader.name, reading, writing, "", lost)] if lost else []


def unread(reader: Path, writer: Path, written_as: Type) -> str | None:
    """Write random records with one schema, read them with the other; say what went wrong."""
    to, source = load(reader).parsed, load(writer).parsed
    random = Random(SEED)  # noqa: S311 - the same records every time
    for _ in range(RECORDS):
        record = sample(written_as, random)
        data = BytesIO()
        fastavro.schemaless_writer(data, source, record)
        data.seek(0)
        try:
            back = fastavro.schemaless_reader(data, source, to)
        except UNREADABLE as error:
            return f"a record is not readable: {error!r}; it was {_shown(record)}"
        if not agree(record, back):
            return f"a record changes when read: {_shown(record)} became {_shown(back)}"
    return None


def agree(written: object, got: object) -> bool:
    """Tell whether two values are equal in every field that both have.

    >>> agree({"a": 1, "gone": 2}, {"a": 1, "added": None})
    True
    """
    if isinstance(written, Mapping) and isinstance(got, Mapping):
        return all(agree(written[key], got[key]) for key in written.keys() & got.keys())
    if isinstance(written, list) and isinstance(got, list):
        return len(written) == len(got) and all(map(agree, written, got))
    if isinstance(got, float) and isinstance(written, int):
        return got == float(written)  # promoted: a double holds 53 bits of a long's 64
    return written == got


def _shown(record: object) -> str:
    return json.dumps(record, default=repr)[:200]


def report(faults: list[Fault], current: Path = AVRO, released: Path = RELEASED) -> list[str]:
    """Say one line a schema, and below a faulty one a line a fault."""
    against = ", ".join(path.name for path in releases(released)) or "nothing: no release yet"
    lines = [f"schemas in {current.name} against {against}"]
    files = {path.name for path in current.glob("*.avsc")} | {fault.file for fault in faults}
    for file in sorted(files):
        own = [fault for fault in faults if fault.file == file]
        lines.append(f"{file:<28} {'ok' if not own else f'{len(own)} faults'}")
        lines += [f"    {fault}" for fault in own]
    return lines


def main() -> int:
    """Check this checkout, say what was found on stdout, and return 0, or 1 on faults."""
    faults = check()
    sys.stdout.write("\n".join(report(faults)) + "\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

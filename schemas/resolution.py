"""Whether data of one schema can be read with another, by looking at their declarations.

The rules are Avro's schema resolution (Avro specification), and one that is stricter: a changed
logical type is a fault, because it changes what a number means.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from schemas.declaration import Array, Enum, Field, Fixed, Map, Primitive, Record, Type, Union

PROMOTIONS: Final = frozenset(  # (written, read)
    {
        ("int", "long"),
        ("int", "float"),
        ("int", "double"),
        ("long", "float"),
        ("long", "double"),
        ("float", "double"),
        ("string", "bytes"),
        ("bytes", "string"),
    }
)


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One place where the reader cannot take what the writer wrote."""

    path: str  # e.g. CostLine.meters[].unit
    what: str


def mismatches(reader: Type, writer: Type) -> list[Mismatch]:
    """List every place where `reader` cannot read data written with `writer`; empty: it can."""
    return list(_Resolution().resolve(reader, writer, _label(writer)))


@dataclass(slots=True)
class _Resolution:
    seen: frozenset[tuple[Record, Record]] = field(default=frozenset())  # against recursion

    def resolve(self, reader: Type, writer: Type, path: str) -> Iterator[Mismatch]:
        match reader, writer:
            case _, Union(branches):
                for branch in branches:
                    yield from self.resolve(reader, branch, path)
            case Union(branches), _:
                yield from self._into_union(branches, writer, path)
            case Array(to), Array(source):
                yield from self.resolve(to, source, f"{path}[]")
            case Map(to), Map(source):
                yield from self.resolve(to, source, f"{path}{{}}")
            case Record(), Record() if _same_name(reader, writer):
                yield from self._record(reader, writer, path)
            case _:
                yield from _leaf(reader, writer, path)

    def _into_union(
        self, branches: tuple[Type, ...], writer: Type, path: str
    ) -> Iterator[Mismatch]:
        """Find the branch that takes the writer's type, else tell what its namesake lacks."""
        tried = {_label(branch): list(self.resolve(branch, writer, path)) for branch in branches}
        if [] in tried.values():
            return
        none_fits = [Mismatch(path, f"{_label(writer)} has no branch in [{', '.join(tried)}]")]
        yield from tried.get(_label(writer), none_fits)

    def _record(self, reader: Record, writer: Record, path: str) -> Iterator[Mismatch]:
        if (reader, writer) in self.seen:
            return
        inside = _Resolution(self.seen | {(reader, writer)})
        for wanted in reader.fields.values():
            here = f"{path}.{wanted.name}"
            found = _written(wanted, writer)
            if found is not None:
                yield from inside.resolve(wanted.type, found.type, here)
            elif not wanted.has_default:
                yield Mismatch(here, "is not in the data and has no default")


def _written(wanted: Field, writer: Record) -> Field | None:
    names = (wanted.name, *wanted.aliases)
    return next((writer.fields[name] for name in names if name in writer.fields), None)


def _leaf(reader: Type, writer: Type, path: str) -> Iterator[Mismatch]:
    match reader, writer:
        case Primitive(to, after), Primitive(source, before) if _reads(to, source):
            yield from _logical(after, before, path)
        case Enum(), Enum() if _same_name(reader, writer):
            yield from _symbols(reader, writer, path)
        case Fixed(_, to, after), Fixed(_, source, before) if _same_name(reader, writer):
            if to != source:
                yield Mismatch(path, f"{source} bytes are read as {to}")
            yield from _logical(after, before, path)
        case _:
            yield Mismatch(path, f"{_label(writer)} is read as {_label(reader)}")


def _reads(to: str, source: str) -> bool:
    return to == source or (source, to) in PROMOTIONS


def _logical(after: str, before: str, path: str) -> Iterator[Mismatch]:
    if before != after:
        yield Mismatch(path, f"{before or 'a plain value'} is read as {after or 'a plain value'}")


def _symbols(reader: Enum, writer: Enum, path: str) -> Iterator[Mismatch]:
    unknown = [symbol for symbol in writer.symbols if symbol not in reader.symbols]
    if unknown and reader.default is None:
        yield Mismatch(path, f"symbols {', '.join(unknown)} are not known and there is no default")


def _same_name(reader: Record | Enum | Fixed, writer: Record | Enum | Fixed) -> bool:
    return writer.name == reader.name or writer.name in reader.aliases


def _label(type_: Type) -> str:
    match type_:
        case Primitive(kind):
            return kind
        case Record(name) | Enum(name) | Fixed(name):
            return name
    return type(type_).__name__.lower()

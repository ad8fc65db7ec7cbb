"""An Avro schema as typed Python: what the compatibility check and the documentation walk over.

It keeps what the codec drops: docs, defaults, aliases and logical types. A named type used twice is
one object, so a recursive schema is a cyclic graph.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias, cast

from schemas.catalogue import Json

PRIMITIVES: Final = frozenset(
    {"null", "boolean", "int", "long", "float", "double", "bytes", "string"}
)

Node: TypeAlias = dict[str, Json]


@dataclass(frozen=True, slots=True)
class Primitive:
    """A primitive type. `logical` is what its numbers mean, e.g. `decimal 38 12`; empty: itself."""

    kind: str
    logical: str = ""


@dataclass(frozen=True, slots=True)
class Array:
    """A list of one type."""

    items: "Type"


@dataclass(frozen=True, slots=True)
class Map:
    """A map from strings to one type."""

    values: "Type"


@dataclass(frozen=True, slots=True)
class Union:
    """One of several types."""

    branches: tuple["Type", ...]


@dataclass(frozen=True, slots=True)
class Enum:
    """One of a closed set of symbols. `default` is what a reader takes for others; None: none."""

    name: str
    symbols: tuple[str, ...]
    default: str | None
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fixed:
    """A fixed number of bytes."""

    name: str
    size_bytes: int
    logical: str
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record. `default` counts only if `has_default`: null is a default too."""

    name: str
    type: "Type"
    doc: str
    has_default: bool
    default: Json
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """A record; `fields` is filled once, while the schema is read."""

    name: str
    doc: str
    aliases: tuple[str, ...]
    fields: dict[str, Field] = field(default_factory=dict)


Type: TypeAlias = Primitive | Array | Map | Union | Enum | Fixed | Record


def read(path: Path) -> Type:
    """Read one `.avsc` file."""
    return parse(path.read_text(encoding="utf-8"))


def parse(text: str) -> Type:
    """Read a schema. Raises ValueError for a type that is not declared or an unknown kind."""
    return _Reading().type(json.loads(text))


def short(name: str) -> str:
    """Return a name without its namespace, which resolution ignores.

    >>> short("apportion.CostLine")
    'CostLine'
    """
    return name.rpartition(".")[2]


@dataclass(slots=True)
class _Reading:
    named: dict[str, Type] = field(default_factory=dict)

    def type(self, node: Json) -> Type:
        match node:
            case list():
                return Union(tuple(map(self.type, node)))
            case str():
                return self._by_name(node)
            case dict():
                return self._declared(node)
        raise ValueError(f"expected an Avro type, got {node!r}")

    def _by_name(self, name: str) -> Type:
        if name in PRIMITIVES:
            return Primitive(name)
        if short(name) in self.named:
            return self.named[short(name)]
        raise ValueError(f"expected a type declared before its use, got {name!r}")

    def _declared(self, node: Node) -> Type:
        match node["type"]:
            case "array":
                return Array(self.type(node["items"]))
            case "map":
                return Map(self.type(node["values"]))
            case "record":
                return self._record(node)
            case "enum" | "fixed":
                return self._leaf(node)
            case str() as kind if kind in PRIMITIVES:
                return Primitive(kind, _logical(node))
        return self.type(node["type"])

    def _record(self, node: Node) -> Record:
        name = short(str(node["name"]))
        record = Record(name, str(node.get("doc", "")), _aliases(node))
        self.named[name] = record
        for each in cast("list[Node]", node["fields"]):
            record.fields[str(each["name"])] = self._field(each)
        return record

    def _field(self, node: Node) -> Field:
        return Field(
            name=str(node["name"]),
            type=self.type(node["type"]),
            doc=str(node.get("doc", "")),
            has_default="default" in node,
            default=node.get("default"),
            aliases=_aliases(node),
        )

    def _leaf(self, node: Node) -> Enum | Fixed:
        name = short(str(node["name"]))
        leaf: Enum | Fixed
        if node["type"] == "enum":
            default = cast("str | None", node.get("default"))
            leaf = Enum(name, tuple(cast("list[str]", node["symbols"])), default, _aliases(node))
        else:
            leaf = Fixed(name, cast("int", node["size"]), _logical(node), _aliases(node))
        self.named[name] = leaf
        return leaf


def _aliases(node: Node) -> tuple[str, ...]:
    return tuple(map(short, cast("list[str]", node.get("aliases", []))))


def _logical(node: Node) -> str:
    parts = (node.get(key) for key in ("logicalType", "precision", "scale"))
    return " ".join(str(part) for part in parts if part is not None)

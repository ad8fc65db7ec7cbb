"""A schema as a Python function that reads its records.

fastavro looks at the schema for every value; here that was done once. The result is the same, in
about 60 % of the time (`make bench ARGS="--only codec"`). For data written with the very schema:
older versions are resolved by fastavro.
"""

from collections.abc import Callable
from functools import cache
from struct import Struct
from typing import Any, TypeAlias, cast

from schemas.compiled_source import Source
from schemas.declaration import Array, Enum, Fixed, Map, Primitive, Record, Type, Union, parse
from schemas.varint import length_at, long_at

Reader: TypeAlias = Callable[[bytes, int], tuple[dict[str, Any], int]]

DOUBLE = Struct("<d")


@cache
def reader(schema: str) -> Reader:
    """Return a function from (data, offset of a record) to (record, offset after it).

    That offset may lie behind the end: then the data ends inside the record. The function raises
    IndexError or ValueError for data that is no such record. `schema` is the text of a record's
    schema; raises TypeError for one with types that ours do not use.
    """
    source = Source("def read(data, at):")
    result = read(source, 1, parse(schema))
    source.add(1, f"return {result}, at")
    scope = {"long_at": long_at, "length_at": length_at, "double_at": double_at}
    return cast("Reader", source.function("read", scope))


def double_at(data: bytes, at: int) -> tuple[float, int]:
    """Return the double at an offset and the offset after it. Raises IndexError."""
    if at + DOUBLE.size > len(data):
        raise IndexError("the data ends inside a number")
    return DOUBLE.unpack_from(data, at)[0], at + DOUBLE.size


def read(source: Source, depth: int, declared: Type) -> str:  # noqa: C901 - a case a type
    """Add lines that read a value; return the name it is under."""
    into = source.name()
    match declared:
        case Primitive("null"):
            source.add(depth, f"{into} = None")
        case Primitive("boolean"):
            source.add(depth, f"{into} = data[at] != 0", "at += 1")
        case Primitive("int" | "long"):
            read_long(source, depth, into)
        case Primitive("string"):
            read_text(source, depth, into, ".decode()")
        case Primitive("bytes"):
            read_text(source, depth, into, "")
        case Primitive("double"):
            source.add(depth, f"{into}, at = double_at(data, at)")
        case Enum():
            read_enum(source, depth, into, declared)
        case Array():
            read_array(source, depth, into, declared)
        case Map():
            read_map(source, depth, into, declared)
        case Union():
            read_union(source, depth, into, declared)
        case Record():
            fields = {name: read(source, depth, f.type) for name, f in declared.fields.items()}
            items = ", ".join(f"{name!r}: {value}" for name, value in fields.items())
            source.add(depth, f"{into} = {{{items}}}")
        case Primitive() | Fixed():
            raise TypeError(f"nothing compiles {declared}")
    return into


def read_long(source: Source, depth: int, into: str) -> None:
    """Numbers of one and two bytes in place, as most are."""
    source.add(
        depth,
        "n = data[at]",
        "if n < 128:",
        "    at += 1",
        f"    {into} = (n >> 1) ^ -(n & 1)",
        "else:",
        "    m = data[at + 1]",
        "    if m < 128:",
        "        at += 2",
        "        n = n & 127 | m << 7",
        f"        {into} = (n >> 1) ^ -(n & 1)",
        "    else:",
        f"        {into}, at = long_at(data, at)",
    )


def read_text(source: Source, depth: int, into: str, decode: str) -> None:
    """Lengths of one byte in place; a set lowest bit is a negative one, a set highest a longer."""
    source.add(
        depth,
        "n = data[at]",
        "if n & 129:",
        "    n, at = length_at(data, at)",
        "    end = at + n",
        "else:",
        "    at += 1",
        "    end = at + (n >> 1)",
        f"{into} = data[at:end]{decode}",
        "at = end",
    )


def read_enum(source: Source, depth: int, into: str, declared: Enum) -> None:
    """Refuse a symbol that is not declared."""
    index = source.name()
    source.add(
        depth, f"{index}, at = length_at(data, at)", f"{into} = {declared.symbols!r}[{index}]"
    )


def read_union(source: Source, depth: int, into: str, declared: Union) -> None:
    """Branches by their number, of one byte."""
    branch = source.name()
    source.add(depth, f"{branch} = data[at]", "at += 1")
    for number, each in enumerate(declared.branches):
        source.add(depth, f"{'elif' if number else 'if'} {branch} == {2 * number}:")
        value = read(source, depth + 1, each)
        source.add(depth + 1, f"{into} = {value}")
    source.add(depth, "else:", f"    raise ValueError(f'branch {{{branch}}}')")


def read_array(source: Source, depth: int, into: str, declared: Array) -> None:
    """Append items, block by block."""
    append = source.name()
    source.add(depth, f"{into} = []", f"{append} = {into}.append")
    read_blocks(source, depth)
    item = read(source, depth + 2, declared.items)
    source.add(depth + 2, f"{append}({item})")


def read_map(source: Source, depth: int, into: str, declared: Map) -> None:
    """Set values by key, block by block."""
    source.add(depth, f"{into} = {{}}")
    read_blocks(source, depth)
    key = read(source, depth + 2, Primitive("string"))
    value = read(source, depth + 2, declared.values)
    source.add(depth + 2, f"{into}[{key}] = {value}")


def read_blocks(source: Source, depth: int) -> None:
    """Loop until an empty block; a negative count says that its size in bytes follows."""
    count = source.name()
    source.add(depth, "while True:")
    read_long(source, depth + 1, count)
    source.add(
        depth,
        f"    if {count} == 0:",
        "        break",
        f"    if {count} < 0:",
        f"        {count} = -{count}",
        "        _, at = length_at(data, at)",
        f"    for _ in range({count}):",
    )

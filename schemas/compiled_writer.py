"""A schema as a Python function that writes its records.

The bytes are fastavro's, in a quarter to a third of the time (`make bench ARGS="--only codec"`).
"""

from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from struct import Struct
from typing import Any, TypeAlias, cast

from schemas.compiled_source import Source
from schemas.declaration import Array, Enum, Fixed, Map, Primitive, Record, Type, Union, parse
from schemas.varint import TWO_BYTES, encoded, small

Writer: TypeAlias = Callable[[Mapping[str, Any]], bytes]

NULL = Primitive("null")
BRANCHES = 2
LARGE_NUMBERS = 1024  # kept as bytes: divisors and the ends of windows come again and again
DOUBLE = Struct("<d")


@cache
def writer(schema: str) -> Writer:
    """Return a function from a record to its bytes.

    The function raises KeyError, TypeError, ValueError, AttributeError or OverflowError for a
    record that does not fit. `schema` is the text of a record's schema; raises TypeError for one
    with types that ours do not use.
    """
    source = Source("def write(record):")
    source.add(1, "out = []", "put = out.append")
    write(source, 1, parse(schema), "record")
    source.add(1, "return b''.join(out)")
    repeated = lru_cache(LARGE_NUMBERS, typed=True)(encoded)  # typed: 1.0 is not 1
    scope = {"SMALL": small(), "encoded": repeated, "double": double}
    return cast("Writer", source.function("write", scope))


def double(number: float) -> bytes:
    """Return the bytes of a double. Raises TypeError or ValueError for anything else."""
    return DOUBLE.pack(float(number))


def write(source: Source, depth: int, declared: Type, value: str) -> None:  # noqa: C901 - a case a type
    """Add lines that write the value of an expression."""
    match declared:
        case Primitive("boolean"):
            source.add(depth, f"put({{False: b'\\0', True: b'\\1'}}[{value}])")
        case Primitive("int" | "long"):
            source.add(depth, f"n = {value}")
            source.add(depth, f"put(SMALL[n] if 0 <= n < {TWO_BYTES} else encoded(n))")
        case Primitive("string"):
            write_bytes(source, depth, f"{value}.encode()")
        case Primitive("bytes"):
            write_bytes(source, depth, value)
        case Primitive("double"):
            source.add(depth, f"put(double({value}))")
        case Enum():
            numbers = {symbol: encoded(index) for index, symbol in enumerate(declared.symbols)}
            source.add(depth, f"put({numbers!r}[{value}])")
        case Array():
            write_array(source, depth, declared, value)
        case Map():
            write_map(source, depth, declared, value)
        case Union():
            write_nullable(source, depth, declared, value)
        case Record():
            write_record(source, depth, declared, value)
        case Primitive() | Fixed():
            raise TypeError(f"nothing compiles {declared}")


def write_record(source: Source, depth: int, declared: Record, value: str) -> None:
    """Fields in order; one that is nullable or has a default may be missing.

    Defaults are null or empty, by the house rules, and so is what nothing gives.
    """
    record = source.name()
    source.add(depth, f"{record} = {value}")
    for name, field in declared.fields.items():
        missing = isinstance(field.type, Union) or field.has_default
        each = f"{record}.get({name!r})" if missing else f"{record}[{name!r}]"
        write(source, depth, field.type, each)


def write_bytes(source: Source, depth: int, value: str) -> None:
    """Length, then bytes."""
    source.add(depth, f"b = {value}", "n = len(b)")
    source.add(depth, f"put(SMALL[n] if n < {TWO_BYTES} else encoded(n))", "put(b)")


def write_nullable(source: Source, depth: int, declared: Union, value: str) -> None:
    """Write the number of the branch, then what is in it."""
    if len(declared.branches) != BRANCHES or NULL not in declared.branches:
        raise TypeError(f"nothing compiles {declared}")
    null = declared.branches.index(NULL)
    each = source.name()
    source.add(depth, f"{each} = {value}", f"if {each} is None:", f"    put({encoded(null)!r})")
    source.add(depth, "else:", f"    put({encoded(1 - null)!r})")
    write(source, depth + 1, declared.branches[1 - null], each)


def write_array(source: Source, depth: int, declared: Array, value: str) -> None:
    """All items in one block."""
    items, item = source.name(), source.name()
    source.add(depth, f"{items} = {value}", f"if {items}:", f"    put(encoded(len({items})))")
    source.add(depth + 1, f"for {item} in {items}:")
    write(source, depth + 2, declared.items, item)
    source.add(depth, r"put(b'\0')")


def write_map(source: Source, depth: int, declared: Map, value: str) -> None:
    """All items in one block, in the order of the mapping."""
    items, key = source.name(), source.name()
    source.add(depth, f"{items} = {value}", f"if {items}:", f"    put(encoded(len({items})))")
    source.add(depth + 1, f"for {key} in {items}:")
    write(source, depth + 2, Primitive("string"), key)
    write(source, depth + 2, declared.values, f"{items}[{key}]")
    source.add(depth, r"put(b'\0')")

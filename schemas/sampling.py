"""Random records of a schema, rich in edges: what the compatibility check and the tests write.

Every value fits the schema; whether it makes sense (an end after its start) is not its concern.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

from schemas.declaration import Array, Enum, Fixed, Map, Primitive, Record, Type, Union

DEPTH: Final = 6  # records inside records; deeper, collections are empty and unions take null
ITEMS: Final = 3
LETTERS: Final = "aZ0-_ \n\x00é\u20ac\U0001f4b6"
INTS: Final = (0, 1, -1, 127, -128, 2**31 - 1, -(2**31))
LONGS: Final = (*INTS, 2**63 - 1, -(2**63))
FLOATS: Final = (0.0, -0.5, 1.5, 2.0**100)  # exact in 32 bits


def sample(declared: Type, random: Random) -> object:
    """Return a value of a type as fastavro takes it: plain data, no logical types."""
    return _Sampling(random).value(declared, 0)


@dataclass(frozen=True, slots=True)
class _Sampling:
    random: Random

    def value(self, declared: Type, depth: int) -> object:
        match declared:
            case Primitive(kind):
                return PRIMITIVE[kind](self.random)
            case Record():
                fields = declared.fields.values()
                return {each.name: self.value(each.type, depth + 1) for each in fields}
            case Union(branches):
                return self.value(self._branch(branches, depth), depth)
            case Enum() | Fixed():
                return self._leaf(declared)
            case Array() | Map():
                return self._collection(declared, depth)

    def _leaf(self, declared: Enum | Fixed) -> object:
        if isinstance(declared, Enum):
            return self.random.choice(declared.symbols)
        return self.random.randbytes(declared.size_bytes)

    def _collection(self, declared: Array | Map, depth: int) -> object:
        times = range(0 if depth >= DEPTH else self.random.randint(0, ITEMS))
        if isinstance(declared, Array):
            return [self.value(declared.items, depth) for _ in times]
        return {_text(self.random): self.value(declared.values, depth) for _ in times}

    def _branch(self, branches: tuple[Type, ...], depth: int) -> Type:
        if depth >= DEPTH and Primitive("null") in branches:
            return Primitive("null")
        return self.random.choice(branches)


def _text(random: Random) -> str:
    return "".join(random.choices(LETTERS, k=random.randint(0, 8)))


def _bytes(random: Random) -> bytes:
    return random.choice((b"", b"\xff\xfe", random.randbytes(16)))


PRIMITIVE: Final[dict[str, Callable[[Random], object]]] = {
    "null": lambda _random: None,
    "boolean": lambda random: random.random() < 0.5,  # noqa: PLR2004 - one half
    "int": lambda random: random.choice(INTS),
    "long": lambda random: random.choice((*LONGS, random.randint(-(2**63), 2**63 - 1))),
    "float": lambda random: random.choice(FLOATS),
    "double": lambda random: random.choice((*FLOATS, random.uniform(-1e300, 1e300))),
    "bytes": _bytes,
    "string": _text,
}

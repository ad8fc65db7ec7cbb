"""JSON whose numbers stay the text they were written as: a price never passes through a float."""

import json
from typing import TypeAlias

from streams.prices.errors import InvalidMap

MAX_DEPTH = 32  # the public map has 6 levels
MAX_CHARACTERS = 32 * 1024 * 1024  # the public map has 3 MB
TOO_DEEP = f"expected at most {MAX_DEPTH} levels of objects and lists, got more; is this the map?"


class Number(str):
    """A JSON number as it was written; NaN and the infinities too, which JSON has not."""

    __slots__ = ()


Json: TypeAlias = "dict[str, Json] | list[Json] | str | bool | None"


def parse(text: str) -> tuple[dict[str, Json], tuple[str, ...]]:
    """Return an object, and the keys said twice in it with different values: the last one counts.

    Raises InvalidMap for anything but a JSON object.
    """
    if len(text) > MAX_CHARACTERS:
        raise InvalidMap(
            f"expected at most {MAX_CHARACTERS:,} characters, got {len(text):,}; "
            "cut what is no price map off"
        )
    twice: list[str] = []

    def build(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        built: dict[str, Json] = {}
        for key, value in pairs:
            if key in built and built[key] != value:
                twice.append(key)
            built[key] = value
        return built

    try:
        content = json.loads(
            text,
            object_pairs_hook=build,
            parse_float=Number,
            parse_int=Number,
            parse_constant=Number,
        )
    except json.JSONDecodeError as error:
        raise InvalidMap(f"expected JSON, got {error}") from error
    except RecursionError as error:
        raise InvalidMap(TOO_DEEP) from error
    if not isinstance(content, dict):
        raise InvalidMap(
            f"expected an object of models by name, got {type(content).__name__}; "
            "is this the whole map?"
        )
    if is_deeper(content, MAX_DEPTH):
        raise InvalidMap(TOO_DEEP)
    return content, tuple(twice)


def is_deeper(value: Json, levels: int) -> bool:
    """Whether objects and lists are nested in each other more than so many levels.

    >>> is_deeper([[]], 1), is_deeper([[]], 2)
    (True, False)
    """
    level: list[Json] = [value]
    for _ in range(levels):
        level = [below for each in level for below in parts(each) if isinstance(below, dict | list)]
    return bool(level)


def parts(value: Json) -> list[Json]:
    """Return what an object or list holds."""
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []

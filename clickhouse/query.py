"""The queries of this product, one file each in `queries/`; parameters are bound by the engine."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import TypeAlias

from clickhouse.session import Params, Session

Literal: TypeAlias = str | int | Sequence[str]
PLACEHOLDER = re.compile(r"\{(\w+):[^}]+\}")


@cache
def query_text(name: str) -> str:
    """Return the text of a query file. Blocks on first use of each."""
    folder = resources.files("clickhouse").joinpath("queries")
    return folder.joinpath(f"{name}.sql").read_text(encoding="utf-8")


def ask(session: Session, name: str, params: Params | None = None) -> list[dict[str, object]]:
    """Return the rows of a query file, by column name."""
    return session.rows(query_text(name), params)


def run(session: Session, name: str, params: Params | None = None) -> None:
    """Run a query file that returns nothing."""
    session.command(query_text(name), params)


def spelled_out(name: str, params: Mapping[str, Literal]) -> str:
    """Return the text of a query file with its parameters in it, for where none can be bound.

    Raises KeyError for one that is not given.

    >>> literal("a"), literal(3), literal(["a", "b"])
    ("'a'", '3', "['a','b']")
    """
    return PLACEHOLDER.sub(lambda found: literal(params[found[1]]), query_text(name))


def literal(value: Literal) -> str:
    """Return a value as SQL spells it."""
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"'{escaped}'"
    return f"[{','.join(map(literal, value))}]"

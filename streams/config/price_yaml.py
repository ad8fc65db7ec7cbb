"""A price book written as YAML: an entry a line, in its own order; read again, it is the same."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Final

import yaml

from streams.config.price_document import Document

FIRST: Final = ("name", "tenant", "meter", "provider", "model")
LAST: Final = ("effective_from", "effective_to", "source")
UNBROKEN: Final = 1 << 30


class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]  # either is one
    """Writes decimals and instants as text in quotes."""


def quoted(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    """Return text that no reader takes for a number."""
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, '"')


Dumper.add_representer(Decimal, lambda dumper, value: quoted(dumper, str(value)))
Dumper.add_representer(
    datetime, lambda dumper, value: quoted(dumper, value.isoformat().replace("+00:00", "Z"))
)


def to_yaml(document: Document) -> str:
    """Return a document as text."""
    return "\n".join(_lines(document.model_dump(exclude_defaults=True))) + "\n"


def _lines(said: dict[str, object]) -> Iterator[str]:
    for name, value in said.items():
        if isinstance(value, tuple) and value:
            yield f"{name}:"
            yield from (f"  - {flow(in_order(each))}" for each in value)
        else:
            yield f"{name}: {flow(value)}"


def in_order(entry: dict[str, object]) -> dict[str, object]:
    """Return an entry as people write it: what it is for comes first, dates and source last."""
    between = (name for name in entry if name not in FIRST and name not in LAST)
    return {name: entry[name] for name in (*FIRST, *between, *LAST) if name in entry}


def flow(value: object) -> str:
    """Return a value in YAML's flow style, in a line."""
    text: str = yaml.dump(
        value,
        Dumper=Dumper,
        default_flow_style=True,
        width=UNBROKEN,
        sort_keys=False,
        allow_unicode=True,
    )
    return text.removesuffix("\n").removesuffix("\n...")

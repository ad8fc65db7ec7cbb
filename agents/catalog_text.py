"""A catalog's text as a document. Whether it holds is for `apportion catalog check` to say.

Scalars mean what they mean there: a number with a point is text.
"""

from typing import Any, Final

import yaml

from agents.errors import CatalogUnreadable

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml, where PyYAML has it
FLOAT: Final = "tag:yaml.org,2002:float"
AS_TEXT: Final = {FLOAT, "tag:yaml.org,2002:value"}  # what they look like is not what they are
MERGE: Final = "tag:yaml.org,2002:merge"
INT: Final = "tag:yaml.org,2002:int"
TIMESTAMP: Final = "tag:yaml.org,2002:timestamp"


class AsChecked(LOADER):  # type: ignore[misc]  # one of two, chosen when it is imported
    """Reads YAML as catalogs are checked: no number passes through a float, no date is refused."""


def scalar(loader: Any, node: yaml.ScalarNode) -> object:  # noqa: ANN401 - as LOADER
    """Return a number or an instant; as text where it is none, e.g. the 31st of February."""
    try:
        return LOADER.yaml_constructors[node.tag](loader, node)
    except ValueError:
        return node.value


def text_of(_loader: object, node: yaml.ScalarNode) -> str:
    """Return what was written."""
    return str(node.value)


AsChecked.add_constructor(INT, scalar)
AsChecked.add_constructor(TIMESTAMP, scalar)
AsChecked.add_constructor(FLOAT, text_of)
AsChecked.add_constructor(MERGE, text_of)  # as a value; as a key it merges
AsChecked.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in AS_TEXT]
    for first, resolvers in LOADER.yaml_implicit_resolvers.items()
}


def sections(text: str, source: str) -> dict[Any, Any]:
    """Return the sections of a catalog. Raises CatalogUnreadable for what is no YAML mapping."""
    try:
        document = yaml.load(text, AsChecked)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, UnicodeError, ValueError, RecursionError) as error:
        detail = " ".join(str(error).split())
        raise CatalogUnreadable(source, f"expected YAML, got {detail}") from error
    if document is not None and not isinstance(document, dict):
        raise CatalogUnreadable(source, f"expected sections, got a {type(document).__name__}")
    return document or {}

"""A catalog's text as a document. Whether it holds is for `apportion catalog check` to say.

Scalars mean what they mean there: a number with a point is text.
"""

from typing import Any, Final

import yaml

from agents.errors import CatalogUnreadable

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml, where PyYAML has it
FLOAT: Final = "tag:yaml.org,2002:float"


class WithoutFloats(LOADER):  # type: ignore[misc]  # one of two, chosen when it is imported
    """Reads YAML as catalogs are checked: no number passes through a float."""


WithoutFloats.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != FLOAT]
    for first, resolvers in LOADER.yaml_implicit_resolvers.items()
}


def sections(text: str, source: str) -> dict[Any, Any]:
    """Return the sections of a catalog. Raises CatalogUnreadable for what is no YAML mapping."""
    try:
        document = yaml.load(text, WithoutFloats)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, UnicodeError, ValueError, RecursionError) as error:
        detail = " ".join(str(error).split())
        raise CatalogUnreadable(source, f"expected YAML, got {detail}") from error
    if document is not None and not isinstance(document, dict):
        raise CatalogUnreadable(source, f"expected sections, got a {type(document).__name__}")
    return document or {}

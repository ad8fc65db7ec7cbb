"""The tenant rules in the text of a catalog. Whether the rest of it holds is not asked here.

Scalars mean what they mean to `apportion catalog check`: a number with a point is text.
"""

from dataclasses import dataclass
from typing import Any, Final

import yaml

from agents.errors import CatalogUnreadable
from schemas.owner_rules import AnyRule
from schemas.owner_rules_document import rules_of

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml, where PyYAML has it
FLOAT: Final = "tag:yaml.org,2002:float"


class WithoutFloats(LOADER):  # type: ignore[misc]  # one of two, chosen when it is imported
    """Reads YAML as catalogs are checked: no number passes through a float."""


WithoutFloats.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != FLOAT]
    for first, resolvers in LOADER.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules of one catalog."""

    version: str  # of the catalog; of a file: its name and when it was written
    rules: tuple[AnyRule, ...]


NO_RULES: Final = RuleSet("none", ())


def rules_in(text: str, source: str, version: str) -> RuleSet:
    """Return the rules of a catalog. Raises CatalogUnreadable for what is no YAML mapping."""
    try:
        document = yaml.load(text, WithoutFloats)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, UnicodeError, ValueError, RecursionError) as error:
        detail = " ".join(str(error).split())
        raise CatalogUnreadable(source, f"expected YAML, got {detail}") from error
    if document is not None and not isinstance(document, dict):
        raise CatalogUnreadable(source, f"expected sections, got a {type(document).__name__}")
    return RuleSet(version, rules_of(document or {}))

"""The tenant rules in the text of a catalog. Whether the rest of it holds is not asked here."""

from dataclasses import dataclass

from agents.catalog_text import sections
from schemas.owner_rules import AnyRule
from schemas.owner_rules_document import rules_of


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules of one catalog."""

    version: str  # of the catalog; of a file: its name and when it was written
    rules: tuple[AnyRule, ...]


def rules_in(text: str, source: str, version: str) -> RuleSet:
    """Return the rules of a catalog. Raises CatalogUnreadable for what is no YAML mapping."""
    return RuleSet(version, rules_of(sections(text, source)))

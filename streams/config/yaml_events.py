"""YAML as a stream of events, and what its scalars mean.

Not here: lists and mappings. Invariant: no number passes through a float, decimals stay text.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Final, TypeAlias

import yaml
from yaml.constructor import SafeConstructor
from yaml.resolver import Resolver

from streams.config.errors import NotYaml
from streams.config.faults import Mark

Event: TypeAlias = Any  # PyYAML's events say little of themselves to a type checker

TEXTS_KEPT: Final = 100_000  # unquoted scalars whose meaning is at hand: most come again
TAG: Final = "tag:yaml.org,2002:"
LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml is ten times as fast


class ExactResolver(Resolver):
    """Knows YAML's types of unquoted scalars, but floats: those are text."""


ExactResolver.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":float")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}

RESOLVER: Final = ExactResolver()
CONSTRUCTOR: Final = SafeConstructor()
TYPES: Final[dict[str, Callable[[yaml.ScalarNode], object]]] = {
    TAG + "int": CONSTRUCTOR.construct_yaml_int,
    TAG + "bool": CONSTRUCTOR.construct_yaml_bool,
    TAG + "null": CONSTRUCTOR.construct_yaml_null,
    TAG + "timestamp": CONSTRUCTOR.construct_yaml_timestamp,
}
TEXTS: Final = {None, "!", TAG + "str", TAG + "float"}


def events(text: str) -> Iterator[Event]:
    """Yield the parser's events. Raises NotYaml."""
    try:
        yield from yaml.parse(text, Loader=LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        words = " ".join(filter(None, (error.context, error.problem)))
        place = (mark.line + 1, mark.column + 1) if mark else None
        raise NotYaml(f"expected YAML, got an error {words}", place) from error
    except (yaml.YAMLError, UnicodeError) as error:
        raise NotYaml(f"expected YAML, got {' '.join(str(error).split())}", None) from error


def mark_of(event: Event) -> Mark:
    """Return where an event begins."""
    return event.start_mark.line + 1, event.start_mark.column + 1


def scalar(event: Event) -> object:
    """Return what a scalar means. Raises NotYaml for a type that no document has."""
    plain, quoted = event.implicit
    if plain:
        return unquoted(event.value)
    if quoted or event.tag in TEXTS:
        return event.value
    if event.tag not in TYPES:
        raise NotYaml(f"expected no tag, got {event.tag}; remove it", mark_of(event))
    return typed(event.tag, event.value)


@lru_cache(TEXTS_KEPT)
def unquoted(text: str) -> object:
    """Return what an unquoted scalar means.

    >>> unquoted("2.50"), unquoted("1_000"), unquoted("yes"), unquoted("~"), unquoted("gpt-4o")
    ('2.50', 1000, True, None, 'gpt-4o')
    """
    tag = RESOLVER.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    return typed(tag, text)


def typed(tag: str, text: str) -> object:
    """Return a scalar of a type; as text where it is none of it, e.g. the 31st of February."""
    construct = TYPES.get(tag)
    if construct is None:
        return text
    try:
        return construct(yaml.ScalarNode(tag, text))
    except ValueError:
        return text

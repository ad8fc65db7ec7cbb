"""Where in a YAML text the parts of its content stand. Only asked for when something is wrong."""

from collections.abc import Collection
from dataclasses import dataclass

import yaml

from streams.config.faults import OF_A_KEY, Loc, Mark
from streams.config.yaml_events import Event, events, mark_of


@dataclass(slots=True)
class Open:
    """A list or mapping whose end has not come, and the key or index of what comes next in it."""

    loc: Loc
    is_mapping: bool
    index: int = 0
    key: str | None = None


def marks(text: str, wanted: Collection[Loc]) -> dict[Loc, Mark]:
    """Return where places are, or the innermost there is around one that is not in the text.

    What an alias repeats has the alias's place. The text must have been read before.
    """
    asked = {loc[:end] for loc in wanted for end in range(len(loc) + 1)}
    found: dict[Loc, Mark] = {}
    stack: list[Open] = []
    for event in events(text):
        _take(event, stack, asked, found)
    return {loc: _innermost(loc, found) for loc in wanted}


def _take(event: Event, stack: list[Open], asked: set[Loc], found: dict[Loc, Mark]) -> None:
    match event:
        case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
            stack.pop()
        case yaml.NodeEvent():
            loc = _place(event, stack, asked, found)
            if isinstance(event, yaml.CollectionStartEvent):
                stack.append(Open(loc, isinstance(event, yaml.MappingStartEvent)))


def _place(event: Event, stack: list[Open], asked: set[Loc], found: dict[Loc, Mark]) -> Loc:
    """Note where a node is, and return its path."""
    loc: Loc = ()
    if stack:
        inside = stack[-1]
        if inside.is_mapping and inside.key is None:
            inside.key = str(getattr(event, "value", ""))
            loc = (*inside.loc, inside.key, OF_A_KEY)
        else:
            loc = (*inside.loc, inside.index if inside.key is None else inside.key)
            inside.index, inside.key = inside.index + 1, None
    if loc in asked:
        found[loc] = mark_of(event)
    return loc


def _innermost(loc: Loc, found: dict[Loc, Mark]) -> Mark:
    within = (loc[:end] for end in range(len(loc), -1, -1))
    return next((found[part] for part in within if part in found), (1, 1))

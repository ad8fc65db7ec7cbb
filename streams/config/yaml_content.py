"""What a YAML text says, as lists and mappings: bounded, and no key twice.

Built straight from the parser's events, so that a book of 25,000 prices takes about a second.
Not here: what any of it means, and where in the text it stands.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import yaml

from streams.config.errors import NotYaml
from streams.config.faults import Fault, Mark
from streams.config.yaml_events import TAG, Event, events, mark_of, scalar

MAX_DEPTH: Final = 32  # documents nest five deep
MAX_NODES: Final = 2_000_000  # four books of 25,000 prices; an alias counts as what it repeats
SAID_OF_A_KEY: Final = 60

MERGE: Final = object()  # the key `<<`, unquoted
CONTAINER_TAGS: Final = {None, "!", TAG + "map", TAG + "seq"}

List: TypeAlias = list[object]
Mapping: TypeAlias = dict[object, object]


def content(text: str) -> tuple[object, list[Fault]]:
    """Return what a text says, and a fault for each key that came before. Raises NotYaml."""
    builder = Builder()
    for event in events(text):
        builder.take(event)
    return builder.content, builder.doubled


@dataclass(slots=True)
class Open:
    """A list or mapping whose end has not come. `keys`: the key whose value comes next, if any."""

    holds: List | Mapping
    anchor: str | None
    nodes_before: int
    keys: List = field(default_factory=list)
    merged: list[Mapping] = field(default_factory=list)

    @property
    def place(self) -> str | int:
        """Where in it the next value goes."""
        return str(self.keys[-1]) if self.keys else len(self.holds)


@dataclass(slots=True)
class Builder:
    """Builds the content of one document, event by event."""

    content: object = None
    doubled: list[Fault] = field(default_factory=list)
    open: list[Open] = field(default_factory=list)
    anchored: dict[str, tuple[object, int]] = field(default_factory=dict)
    nodes: int = 0
    documents: int = 0

    def take(self, event: Event) -> None:
        """Take the next event. Raises NotYaml where it goes beyond what a document may be."""
        taker = TAKERS.get(type(event))
        if taker is not None:
            taker(self, event)

    def scalar(self, event: Event) -> None:
        """Add text, a number, an instant, a truth value or nothing."""
        value = scalar(event)
        self._add(value, 1, event)
        self._keep(event.anchor, value, 1)

    def mapping(self, event: Event) -> None:
        """Begin a mapping."""
        self._begin({}, event)

    def sequence(self, event: Event) -> None:
        """Begin a list."""
        self._begin([], event)

    def document(self, event: Event) -> None:
        """Begin the one document."""
        self.documents += 1
        if self.documents > 1:
            raise NotYaml("expected one document, got another; remove it", mark_of(event))

    def _begin(self, holds: List | Mapping, event: Event) -> None:
        if len(self.open) == MAX_DEPTH:
            raise NotYaml(f"expected at most {MAX_DEPTH} levels, got more", mark_of(event))
        if event.tag not in CONTAINER_TAGS:
            raise NotYaml(f"expected no tag, got {event.tag}; remove it", mark_of(event))
        self.open.append(Open(holds, event.anchor, self.nodes))

    def end(self, event: Event) -> None:
        """End the innermost list or mapping."""
        done = self.open.pop()
        value = done.holds
        if isinstance(value, dict):
            for each in done.merged:  # its own keys win over merged ones, and the first of those
                value = each | value
        self._add(value, 1, event)
        self._keep(done.anchor, value, self.nodes - done.nodes_before)

    def repeat(self, event: Event) -> None:
        """Add what has an anchor once more."""
        if event.anchor not in self.anchored:
            raise NotYaml(f"expected &{event.anchor} before *{event.anchor}", mark_of(event))
        value, nodes = self.anchored[event.anchor]
        self._add(value, nodes, event)

    def _keep(self, anchor: str | None, value: object, nodes: int) -> None:
        if anchor:
            self.anchored[anchor] = (value, nodes)

    def _add(self, value: object, nodes: int, event: Event) -> None:
        self.nodes += nodes
        if self.nodes > MAX_NODES:
            raise NotYaml(
                f"expected at most {MAX_NODES} values, an alias counted as all that it repeats, "
                "got more; write less",
                mark_of(event),
            )
        if not self.open:
            self.content = value
            return
        parent = self.open[-1]
        if isinstance(parent.holds, list):
            parent.holds.append(value)
        elif not parent.keys:
            parent.keys.append(self._key(parent, value, event))
        elif (key := parent.keys.pop()) is MERGE:
            parent.merged += mergeable(value, mark_of(event))
        else:
            parent.holds[key] = value

    def _key(self, parent: Open, value: object, event: Event) -> object:
        if isinstance(value, list | dict):
            raise NotYaml("expected text as a key, got a list or mapping", mark_of(event))
        key = MERGE if value == "<<" and event.implicit[0] else value
        if key in parent.holds or (key is MERGE and parent.merged):
            said = str(value)[:SAID_OF_A_KEY]
            path = (*(each.place for each in self.open[:-1]), said)
            fault = Fault(path, f"expected {said!r} once, got it again; remove one of them")
            self.doubled.append(fault.at(mark_of(event)))
        return key


TAKERS: Final[dict[type, Callable[[Builder, Event], None]]] = {
    yaml.ScalarEvent: Builder.scalar,
    yaml.AliasEvent: Builder.repeat,
    yaml.MappingStartEvent: Builder.mapping,
    yaml.SequenceStartEvent: Builder.sequence,
    yaml.MappingEndEvent: Builder.end,
    yaml.SequenceEndEvent: Builder.end,
    yaml.DocumentStartEvent: Builder.document,
}


def mergeable(value: object, mark: Mark) -> list[Mapping]:
    """Return the mappings that `<<` merges. Raises NotYaml."""
    several = value if isinstance(value, list) else [value]
    mappings = [each for each in several if isinstance(each, dict)]
    if len(mappings) < len(several):
        raise NotYaml("expected a mapping, or a list of them, after <<", mark)
    return mappings

"""Reading a YAML document into a pydantic model, all faults at once, and naming its version."""

import json
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from hashlib import sha256
from typing import ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from streams.config.errors import InvalidDocument, NotYaml
from streams.config.faults import Fault, Loc
from streams.config.places import marks
from streams.config.wording import fault_of
from streams.config.yaml_content import content

VERSION_DIGITS = 16


class Strict(BaseModel):
    """A part of a document: unknown fields are faults."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Whole(Strict):
    """A document. `stand_ins`: what takes the place of a faulty field while the rest is checked."""

    stand_ins: ClassVar[dict[str, object]] = {}

    def faults(self, _ill: AbstractSet[object] = frozenset(), /) -> Iterator[Fault]:
        """Name what no field can be faulted for by itself.

        The argument: fields that were faulted already, and say nothing or something made up.
        """
        return iter(())


Model = TypeVar("Model", bound=Whole)


def read(model: type[Model], text: str, what: str) -> Model:
    """Return the validated document. Raises InvalidDocument with every fault and its place."""
    try:
        said, faults = content(text)
    except NotYaml as error:
        fault = Fault((), str(error), mark=error.mark)
        raise InvalidDocument(what, [fault.said()]) from error
    document, more = validated(model, said)
    if document is None or faults or more:
        raise InvalidDocument(what, in_order(text, [*faults, *more]))
    return document


def checked(document: Model, what: str) -> Model:
    """Return a document that was not read from a text. Raises InvalidDocument."""
    faults = [fault.said() for fault in document.faults()]
    if faults:
        raise InvalidDocument(what, faults)
    return document


def validated(model: type[Model], said: object) -> tuple[Model | None, list[Fault]]:
    """Return the document, if it is one, and all that is wrong with it."""
    try:
        document = model.model_validate(said)
    except ValidationError as error:
        found = error.errors(include_url=False)
        wrong = {each["loc"] for each in found}
        within = {loc[:end] for loc in wrong for end in range(len(loc))}
        faults = [
            fault_of(each, model)
            for each in found
            if not (each["type"] == "too_short" and each["loc"] in within)  # of faulty items
        ]
        return None, [*faults, *_faults_of_rest(model, said, wrong)]
    return document, list(document.faults())


def _faults_of_rest(model: type[Model], said: object, wrong: set[Loc]) -> Iterator[Fault]:
    """Name what is wrong between the parts that have no fault of their own."""
    if not isinstance(said, dict) or () in wrong:
        return
    ill_fields = {loc[0] for loc in wrong}
    rest = {name: value for name, value in model.stand_ins.items() if name in ill_fields}
    kept: dict[str, list[int]] = {}
    for name, value in said.items():
        ill = {loc[1] for loc in wrong if loc[0] == name and len(loc) > 1}
        if (name,) in wrong or (ill and not isinstance(value, list)):
            continue
        rest[name] = value
        if isinstance(value, list):
            kept[name] = [index for index in range(len(value)) if index not in ill]
            rest[name] = [value[index] for index in kept[name]]
    try:
        document = model.model_validate(rest)
    except ValidationError:
        return
    for fault in document.faults(ill_fields):
        yield fault.moved(kept)


def in_order(text: str, faults: Iterable[Fault]) -> list[str]:
    """Return faults as lines for people, in the order of the text."""
    faults = list(faults)
    wanted = {each for fault in faults for each in (fault.loc, fault.other) if each is not None}
    places = marks(text, wanted)
    placed = [fault if fault.mark else fault.at(places[fault.loc]) for fault in faults]
    placed.sort(key=lambda fault: fault.mark or (0, 0))
    return [fault.said(places[fault.other] if fault.other else None) for fault in placed]


def version_of(document: Strict) -> str:
    """Return a hash of what a document says, whatever its layout and comments.

    What it leaves out is left out, so that fields which later releases add change no version.
    """
    said = json.dumps(document.model_dump(mode="json", exclude_defaults=True), sort_keys=True)
    return sha256(said.encode()).hexdigest()[:VERSION_DIGITS]

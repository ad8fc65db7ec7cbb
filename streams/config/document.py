"""Reading a YAML document into a pydantic model, all faults at once, and naming its version."""

import json
from hashlib import sha256
from typing import TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from streams.config.errors import InvalidDocument

VERSION_DIGITS = 16


class Strict(BaseModel):
    """A part of a document: unknown fields are faults."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Model = TypeVar("Model", bound=Strict)


def read(model: type[Model], text: str, what: str) -> Model:
    """Return the validated document. Raises InvalidDocument with every fault and its place."""
    try:
        content = yaml.load(text, Loader=Loader)  # noqa: S506  # Loader is a SafeLoader
    except yaml.YAMLError as error:
        raise InvalidDocument(what, [f"expected YAML, got {error}"]) from error
    try:
        return model.model_validate(content)
    except ValidationError as error:
        faults = [
            f"{'.'.join(map(str, fault['loc'])) or what}: {fault['msg']}, got {fault['input']!r}"
            for fault in error.errors()
        ]
        raise InvalidDocument(what, faults) from error


def version_of(document: Strict) -> str:
    """Return a hash of what a document says, whatever its layout and comments.

    What it leaves out is left out, so that fields which later releases add change no version.
    """
    content = json.dumps(document.model_dump(mode="json", exclude_defaults=True), sort_keys=True)
    return sha256(content.encode()).hexdigest()[:VERSION_DIGITS]


class Loader(yaml.SafeLoader):
    """YAML whose numbers stay text, so that a price never passes through a float."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":float")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}

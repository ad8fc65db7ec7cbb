"""Who may send: a file of sources, each with hashes of its tokens and what it is declared to be.

The file is read again when it changes, so a token is added and another taken away without a
restart. A file that cannot be used is not taken up: the one before stays in force, loudly.
"""

import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import yaml
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, ValidationError, field_validator

from agents.errors import SourcesInvalid
from agents.gateway.normalise.access_log import NAMES
from agents.gateway.normalise.outcome import Declared

Dialect = Literal["otlp", "kong", "envoy", "litellm", "cloudevents", "usage"]
Name: TypeAlias = Annotated[str, Field(min_length=1, max_length=256)]

HASH = "sha256:"
TOKEN_MARK = "apc_"  # noqa: S105 - how tokens begin, so that scanners find leaked ones
TOKEN_BYTES = 32
SHORTEST_TOKEN = 32  # characters; hashes are unsalted, so tokens must be random
MOST_SOURCES = 1_000  # each is compared for each request, in about 0.3 us


class Entry(BaseModel):
    """A source as the file has it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    tokens: tuple[Annotated[str, Field(pattern=f"^{HASH}[0-9a-f]{{64}}$")], ...] = Field(
        min_length=1, max_length=8
    )
    dialects: tuple[Dialect, ...] | None = None
    events_per_s: PositiveFloat | None = None
    tenant: Name | None = None
    tenant_from: Name | None = None
    project_from: Name | None = None
    providers: dict[str, Name] = Field(default_factory=dict)
    endpoints: dict[str, Name] = Field(default_factory=dict)
    fields: dict[str, Name] = Field(default_factory=dict)
    unsampled: bool = False
    adds_cache: bool = False

    @field_validator("fields")
    @classmethod
    def _are_fields_of_ours(cls, fields: dict[str, str]) -> dict[str, str]:
        if unknown := sorted(set(fields) - set(NAMES)):
            raise ValueError(f"expected names among {', '.join(NAMES)}, got {', '.join(unknown)}")
        return fields

    @property
    def declared(self) -> Declared:
        """What normalisers need of it."""
        return Declared(
            name=self.name,
            tenant=self.tenant,
            tenant_from=self.tenant_from,
            project_from=self.project_from,
            providers=self.providers,
            endpoints=self.endpoints,
            fields=self.fields,
            is_unsampled=self.unsampled,
            adds_cache=self.adds_cache,
        )


class Document(BaseModel):
    """The file, whole."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sources: tuple[Entry, ...] = Field(max_length=MOST_SOURCES)


@dataclass(frozen=True, slots=True)
class Source:
    """Who sends, authenticated."""

    declared: Declared
    dialects: frozenset[str] | None  # None: any
    events_per_s: float | None  # None: the default

    def speaks(self, dialect: str) -> bool:
        """Tell whether it may send in a dialect."""
        return self.dialects is None or dialect in self.dialects


class Sources:
    """The sources of one file."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._by_hash = [
            (bytes.fromhex(token.removeprefix(HASH)), made(entry))
            for entry in entries
            for token in entry.tokens
        ]

    def __len__(self) -> int:
        return len({source.declared.name for _, source in self._by_hash})

    def who(self, token: str) -> Source | None:
        """Return whose token it is. Takes the same time for each token of a length."""
        digest = sha256(token.encode(errors="replace")).digest()
        found = None
        for known, source in self._by_hash:
            if hmac.compare_digest(known, digest):
                found = source
        return found if len(token) >= SHORTEST_TOKEN else None


def made(entry: Entry) -> Source:
    """Return a source of its entry."""
    dialects = None if entry.dialects is None else frozenset(entry.dialects)
    return Source(entry.declared, dialects, entry.events_per_s)


def read(path: Path) -> Sources:
    """Return the sources of a file. Raises SourcesInvalid with every fault, none with a value."""
    try:
        text = path.read_text(encoding="utf-8")
        document = Document.model_validate(yaml.safe_load(text))
    except OSError as error:
        raise SourcesInvalid(
            path, [f"{error.strerror}; make one, see docs/collector.md"]
        ) from error
    except (yaml.YAMLError, UnicodeError, RecursionError):
        raise SourcesInvalid(path, ["expected YAML"]) from None
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
        raise SourcesInvalid(path, faults) from None
    if faults := list(doubled(document.sources)):
        raise SourcesInvalid(path, faults)
    return Sources(document.sources)


def doubled(entries: Iterable[Entry]) -> Iterable[str]:
    """Yield what is there twice: whoever has such a token would be two."""
    seen: set[str] = set()
    for entry in entries:
        for each, what in ((entry.name, "name"), *((token, "token") for token in entry.tokens)):
            if each in seen:
                yield f"{entry.name}: expected a {what} of its own, got one that is there before"
            seen.add(each)


class SourcesInForce:
    """The sources of a file as it is now. `look` follows it."""

    def __init__(self, path: Path) -> None:
        """Read the file. Raises SourcesInvalid."""
        self._path = path
        self._seen = self._stamp()
        self.now = read(path)
        self.refused: str | None = None  # why the file as it is now is not in force

    def look(self) -> bool:
        """Take up the file if it has changed; return whether something new is in force."""
        stamp = self._stamp()
        if stamp == self._seen:
            return False
        self._seen = stamp
        try:
            self.now = read(self._path)
        except SourcesInvalid as error:
            self.refused = str(error)
            return False
        self.refused = None
        return True

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size


def new_token() -> tuple[str, str]:
    """Return a random token to give to a source, and its hash to put in the file."""
    token = TOKEN_MARK + secrets.token_urlsafe(TOKEN_BYTES)
    return token, HASH + sha256(token.encode()).hexdigest()

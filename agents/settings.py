"""Reading an agent's settings: from the command line, else the environment, else `.env`.

Every agent has a class of its own with a prefix of its own; what they do alike is here.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from pydantic import ValidationError
from pydantic_settings import BaseSettings

from agents.errors import SettingsInvalid

NESTED = "__"
AnySettings = TypeVar("AnySettings", bound=BaseSettings)


def load(kind: type[AnySettings], assignments: Sequence[str] = ()) -> AnySettings:
    """Return the settings under assignments ("kafka.bootstrap=host:9092"), which win.

    Raises SettingsInvalid naming every fault at once, none of them with its value.
    """
    try:
        return kind.model_validate(assigned(assignments))
    except ValidationError as error:
        prefix = prefix_of(kind)
        raise SettingsInvalid(
            f"{prefix}{NESTED.join(map(str, each['loc'])).upper()}: "
            f"{each['msg'].removeprefix('Value error, ')}"
            for each in error.errors()
        ) from None


def masked(settings: BaseSettings) -> str:
    """Return the settings as they took effect, one NAME=value a line, secrets as stars."""
    prefix = prefix_of(type(settings))
    return "\n".join(f"{name}={value}" for name, value in flat(prefix, settings.model_dump()))


def assigned(assignments: Sequence[str]) -> dict[str, object]:
    """Return assignments as nested settings. Raises SettingsInvalid."""
    values: dict[str, object] = {}
    wrong = []
    for each in assignments:
        path, equals, value = each.partition("=")
        *groups, name = path.split(".")
        if not (name and equals and all(groups)):
            wrong.append(f"--set {each}: expected NAME=VALUE or GROUP.NAME=VALUE")
            continue
        place = values
        for group in groups:
            inner = place.setdefault(group, {})
            place = inner if isinstance(inner, dict) else {}
        place[name] = value
    if wrong:
        raise SettingsInvalid(wrong)
    return values


def prefix_of(kind: type[BaseSettings]) -> str:
    """Return what the names of a class's environment variables begin with."""
    return str(kind.model_config.get("env_prefix", ""))


def flat(prefix: str, values: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Yield the variables of nested settings with their values; nothing for null."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from flat(f"{prefix}{name.upper()}{NESTED}", value)
        else:
            yield f"{prefix}{name.upper()}", "" if value is None else value

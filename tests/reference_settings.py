"""docs/settings.md and the settings in .env.example, from the classes of every program."""

import textwrap
from collections.abc import Iterable, Iterator
from typing import Final, Literal, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from agents.gateway.settings import CollectorSettings
from agents.gpu.settings import GpuAgentSettings
from agents.settings import NESTED, prefix_of
from streams.settings import WorkerSettings
from tests.reference_tables import table

WIDTH: Final = 100  # of a line in .env.example
BY_HAND: Final = "# --- docker-compose.yml"  # where the part begins that is not generated
HEAD: Final = """\
# Settings of every part, with their defaults. Copy to .env and uncomment what you change.
# The command line wins over the environment, the environment over .env.
# `apportion run meter --check` prints what takes effect, secrets as stars.
"""
PROGRAMS: Final[dict[str, type[BaseSettings]]] = {
    "": WorkerSettings,
    "gpu-agent": GpuAgentSettings,
    "collector": CollectorSettings,
}


class Group:
    """Settings of one concern of a program, or one that stands alone: it has no name then."""

    def __init__(self, program: str, name: str, kind: type[BaseModel] | None) -> None:
        self.title = f"{program}: {name}" if program else name
        self.doc = (kind.__doc__ or "").strip() if kind else ""
        self.fields: list[tuple[str, FieldInfo, object]] = []  # variable, what it is, default


def groups() -> Iterator[Group]:
    """Yield the groups of all programs."""
    for program, kind in PROGRAMS.items():
        prefix, whole = prefix_of(kind), kind.model_construct()
        for name, info in kind.model_fields.items():
            value = getattr(whole, name)
            inner = type(value) if isinstance(value, BaseModel) else None
            group = Group(program, name, inner)
            variable = f"{prefix}{name.upper()}"
            if inner is None:
                group.fields.append((variable, info, value))
            else:
                group.fields += [
                    (f"{variable}{NESTED}{each.upper()}", said, said.default)
                    for each, said in inner.model_fields.items()
                ]
            yield group


def settings() -> Iterator[str]:
    """Draw docs/settings.md."""
    yield "# Settings"
    yield ""
    yield "Each comes from the command line (`--set kafka.bootstrap=...`), else from the"
    yield "environment, else from `.env`, else from the default here. A group's faults are reported"
    yield "together; `--check` on any verb prints what took effect, secrets as stars. The agents,"
    yield "`apportion gpu-agent` and `apportion collector`, have settings of their own."
    for group in groups():
        yield ""
        yield f"## {group.title}"
        if group.doc:
            yield ""
            yield group.doc
        rows = [(f"`{name}`", shown(value), said(info)) for name, info, value in group.fields]
        yield from table(("variable", "default", "meaning"), rows)


def example(now: str) -> str:
    """Return .env.example with the settings anew; what is kept by hand stays at its end."""
    lines: list[str] = []
    was_alone = False
    for group in groups():
        is_alone = not group.doc
        lines += [] if is_alone and was_alone else [""]
        lines += [] if is_alone else comment(f"--- {group.title}: {group.doc}")
        for name, info, value in group.fields:
            lines += comment(info.description or "")
            lines.append(f"#{name}={plain(value)}")
        was_alone = is_alone
    return HEAD + "\n".join([*lines, "", now[now.index(BY_HAND) :]])


def comment(text: str) -> Iterable[str]:
    """Wrap a comment; lines after its first are indented."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent="# ",
        subsequent_indent="#   ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def plain(value: object) -> str:
    """Return a default as it stands in the environment."""
    return "" if value is None or isinstance(value, SecretStr) else str(value)


def shown(value: object) -> str:
    """Return a default as the page shows it."""
    if isinstance(value, SecretStr):
        return "empty"
    return "" if value is None else f"`{value}`"


def said(info: FieldInfo) -> str:
    """Return what can be chosen, and what it means."""
    choices = get_args(info.annotation) if get_origin(info.annotation) is Literal else ()
    return "; ".join(filter(None, (" / ".join(choices), info.description)))

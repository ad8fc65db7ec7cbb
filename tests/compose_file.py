"""docker-compose.yml as docker compose reads it: anchors merged, variables filled in."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import yaml

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "docker-compose.yml"
EXAMPLE = ROOT / ".env.example"
# ${NAME:?message} must have a value, ${NAME:-default} need not.
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?P<kind>:[?-])(?P<rest>[^}]*)\}")

Service = dict[str, Any]  # as YAML gives it

PASSWORDS = {
    "KAFKA_PASSWORD": "kafka0password",
    "KAFKA_PRODUCER_PASSWORD": "producer0password",
    "CLICKHOUSE_PASSWORD": "clickhouse0password",
}
WORKERS = ("accrue", "meter", "allocate", "watch", "budgets", "anomalies", "notify", "store")
JOBS = ("topics", "migrate", "prices", "catalog")
AGENTS = ("collector",)
OURS = (*JOBS, *WORKERS, *AGENTS)


def raw() -> dict[str, Any]:
    """Return the file with its variables as they stand."""
    return cast("dict[str, Any]", yaml.safe_load(FILE.read_text(encoding="utf-8")))


def services(variables: Mapping[str, str] = PASSWORDS) -> dict[str, Service]:
    """Return the services by name. Raises KeyError for a variable that has no value."""
    return cast("dict[str, Service]", filled(raw()["services"], variables))


def filled(node: Any, variables: Mapping[str, str]) -> Any:  # noqa: ANN401 - any YAML
    """Return a piece of YAML with the variables in its texts replaced."""
    match node:
        case dict():
            return {key: filled(value, variables) for key, value in node.items()}
        case list():
            return [filled(each, variables) for each in node]
        case str():
            return VARIABLE.sub(lambda found: _value(found, variables), node)
    return node


def _value(found: re.Match[str], variables: Mapping[str, str]) -> str:
    value = variables.get(found["name"], "")
    if value or found["kind"] == ":-":
        return value or found["rest"]
    raise KeyError(f"{found['name']}: {found['rest']}")

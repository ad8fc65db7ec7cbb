"""docker-compose.yml and its image name only what exists: variables, commands, files, services.

It is not started here: that needs a container engine.
"""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from streams.settings import load, masked
from tests.command_line import parse

ROOT = Path(__file__).resolve().parent.parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
WORKERS = ("meter", "allocate", "store")
OURS = ("prepare", *WORKERS)
DOCKERFILE = (ROOT / "docker" / "Dockerfile").read_text("utf-8")


def test_the_services_are_kafka_clickhouse_a_preparation_and_the_workers() -> None:
    assert list(SERVICES) == ["kafka", "clickhouse", *OURS]


@pytest.mark.parametrize("name", OURS)
def test_every_variable_is_a_setting(name: str) -> None:
    known = {line.partition("=")[0] for line in masked(load()).splitlines()}
    assert set(SERVICES[name]["environment"]) - known == set()


def test_the_variables_make_valid_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SERVICES["meter"]["environment"].items():
        assert isinstance(value, str), f"{name}: compose wants text"
        monkeypatch.setenv(name, value)
    settings = load()
    assert settings.kafka.bootstrap == "kafka:9092"
    assert settings.clickhouse.embedded is None
    assert settings.web.port == 9100


@pytest.mark.parametrize("name", WORKERS)
def test_worker_runs_the_processor_of_its_name(name: str) -> None:
    assert SERVICES[name]["command"] == ["run", name]
    parse(SERVICES[name]["command"])


def test_preparation_is_commands_that_exist() -> None:
    (script,) = SERVICES["prepare"]["command"]
    lines = [line.split() for line in script.splitlines()]
    assert [words[:3] for words in lines] == [
        ["apportion", "topics", "create"],
        ["apportion", "migrate"],
        ["apportion", "prices", "publish"],
        ["apportion", "catalog", "publish"],
    ]
    mounted = {"/examples/": f"{ROOT}/examples/"}
    for words in lines:
        parse([mounted.get(word[:10], word[:10]) + word[10:] for word in words[1:]])


@pytest.mark.parametrize("name", WORKERS)
def test_worker_waits_for_the_preparation_and_that_for_the_services(name: str) -> None:
    waits = SERVICES[name]["depends_on"]
    assert waits == {"prepare": {"condition": "service_completed_successfully"}}
    assert set(SERVICES["prepare"]["depends_on"]) == {"kafka", "clickhouse"}
    assert "healthcheck" in SERVICES["kafka"]
    assert "healthcheck" in SERVICES["clickhouse"]


@pytest.mark.parametrize("name", WORKERS)
def test_health_is_asked_where_it_is_served(name: str) -> None:
    worker = SERVICES[name]
    port = worker["environment"]["APPORTION_WEB__PORT"]
    assert f"127.0.0.1:{port}/health" in worker["healthcheck"]["test"][-1]


def test_ports_are_published_on_loopback_only() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert published
    assert [port for port in published if not port.startswith("127.0.0.1:")] == []


def test_credentials_agree() -> None:
    server, worker = SERVICES["clickhouse"]["environment"], SERVICES["store"]["environment"]
    assert server["CLICKHOUSE_USER"] == worker["APPORTION_CLICKHOUSE__USERNAME"]
    assert server["CLICKHOUSE_PASSWORD"] == worker["APPORTION_CLICKHOUSE__PASSWORD"]


def test_named_volumes_are_declared() -> None:
    used = {v.partition(":")[0] for s in SERVICES.values() for v in s.get("volumes", [])}
    assert {name for name in used if not name.startswith(".")} == set(COMPOSE["volumes"])


def test_images_are_pinned() -> None:
    third_party = [s["image"] for name, s in SERVICES.items() if name not in OURS]
    assert all(re.search(r":\d+\.\d+", image) for image in third_party)


def test_dockerfile_copies_what_exists() -> None:
    copies = re.findall(r"^COPY (.+) \S+$", DOCKERFILE, re.MULTILINE)
    sources = [source for line in copies for source in line.split()]
    assert {"schemas", "agents", "streams", "clickhouse", "requirements.lock"} <= set(sources)
    assert [source for source in sources if not (ROOT / source).exists()] == []


def test_dockerfile_installs_with_the_uv_of_the_makefile() -> None:
    pinned = re.search(r"uv==[\d.]+", (ROOT / "Makefile").read_text("utf-8"))
    assert pinned
    assert pinned.group() in DOCKERFILE

"""What every service of docker-compose.yml is held to, upstream images as well as ours."""

import re
from typing import Any

import pytest

from tests import compose_file
from tests.compose_file import JOBS, ROOT, Service

FILE = compose_file.raw()
SERVICES = compose_file.services()
ONE_SHOT = {*JOBS, "access"}
LOOPBACK = "127.0.0.1:"

every_service = pytest.mark.parametrize("name", SERVICES)


def limits(service: Service) -> dict[str, Any]:
    return dict(service["deploy"]["resources"]["limits"])


@every_service
def test_it_cannot_change_its_image_or_gain_rights(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert {"privileged", "cap_add", "devices", "pid", "ipc"} & service.keys() == set()


@every_service
def test_it_is_not_root(name: str) -> None:
    user, _, _ = SERVICES[name]["user"].partition(":")
    assert int(user) > 0


@every_service
def test_its_share_of_the_machine_is_bounded(name: str) -> None:
    assert limits(SERVICES[name]).keys() == {"cpus", "memory", "pids"}
    assert SERVICES[name]["logging"]["options"].keys() == {"max-size", "max-file"}
    scratch = SERVICES[name].get("tmpfs", [])
    assert [mount for mount in scratch if not re.search(r"\bsize=\d+m\b", mount)] == []


@every_service
def test_it_comes_back_after_a_crash_unless_it_is_a_job(name: str) -> None:
    assert SERVICES[name]["restart"] == ("no" if name in ONE_SHOT else "unless-stopped")


@every_service
def test_it_has_a_health_check_unless_it_is_a_job(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    if name in ONE_SHOT:
        assert check == {"disable": True}
    else:
        assert check["test"][0] == "CMD"
        assert {"interval", "timeout", "retries", "start_period"} <= check.keys()


@every_service
def test_it_passes_signals_on_to_what_it_runs(name: str) -> None:
    assert SERVICES[name]["init"] is True


@every_service
def test_its_image_is_pinned_to_a_patch_release(name: str) -> None:
    image = SERVICES[name]["image"]
    assert re.fullmatch(r"[a-z/-]+:\d+(\.\d+){2,3}(@sha256:[0-9a-f]{64})?", image), image


@every_service
def test_it_is_published_on_loopback_only(name: str) -> None:
    assert [p for p in SERVICES[name].get("ports", []) if not p.startswith(LOOPBACK)] == []


@every_service
def test_only_what_is_published_or_tells_people_is_on_the_network_that_leads_out(
    name: str,
) -> None:
    service = SERVICES[name]
    if name == "access":
        assert service["network_mode"] == "service:kafka"
    else:
        leads_out = bool(service.get("ports")) or name == "notify"
        expected = ["front", "back"] if leads_out else ["back"]
        assert service["networks"] == expected


def test_the_inner_network_leads_nowhere() -> None:
    assert FILE["networks"] == {"front": {}, "back": {"internal": True}}


def test_published_ports_are_these() -> None:
    published = {name: s["ports"] for name, s in SERVICES.items() if s.get("ports")}
    assert published == {
        "kafka": ["127.0.0.1:19092:19092"],
        "clickhouse": ["127.0.0.1:8123:8123"],
        "registry": ["127.0.0.1:8081:8080"],
        "collector": ["127.0.0.1:4318:4318"],
    }


@every_service
def test_files_are_mounted_read_only_and_exist(name: str) -> None:
    mounts = [mount.split(":") for mount in SERVICES[name].get("volumes", [])]
    files = [mount for mount in mounts if mount[0].startswith((".", "/"))]
    assert [mount for mount in files if mount[2:] != ["ro"]] == []
    assert [mount[0] for mount in files if not (ROOT / mount[0]).exists()] == []


def test_data_is_in_named_volumes_of_one_service_each() -> None:
    mounts = [mount.split(":") for s in SERVICES.values() for mount in s.get("volumes", [])]
    named = [mount[0] for mount in mounts if not mount[0].startswith((".", "/"))]
    assert sorted(named) == sorted(FILE["volumes"])


def test_only_these_wait_for_a_profile() -> None:
    assert {n: s["profiles"] for n, s in SERVICES.items() if "profiles" in s} == {
        "registry": ["registry"],
        "collector": ["gateways"],
    }


@pytest.mark.parametrize("name", [n for n, s in SERVICES.items() if "build" in s])
def test_our_image_is_built_and_never_fetched(name: str) -> None:
    service = SERVICES[name]
    assert service["pull_policy"] == "never"
    assert (ROOT / service["build"]["dockerfile"]).is_file()

"""The files that install the GPU agent are valid, and give no privilege beyond need."""

import configparser
import re
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from agents.gpu.settings import GpuAgentSettings

SERVICE = "apportion-gpu-agent.service"
VERBS = ["list", "watch"]
EXPOSED_AT_MOST = 2.0  # of 10, by systemd's own measure


@pytest.fixture
def unit(root: Path) -> Path:
    return root / "deploy/gpu-agent" / SERVICE


@pytest.fixture
def objects(root: Path) -> dict[str, dict[str, Any]]:
    text = (root / "deploy/gpu-agent/kubernetes.yaml").read_text(encoding="utf-8")
    return {each["kind"]: each for each in yaml.safe_load_all(text)}


@pytest.fixture
def pod(objects: dict[str, dict[str, Any]]) -> dict[str, Any]:
    spec: dict[str, Any] = objects["DaemonSet"]["spec"]["template"]["spec"]
    return spec


@pytest.fixture
def container(pod: dict[str, Any]) -> dict[str, Any]:
    (only,) = pod["containers"]
    found: dict[str, Any] = only
    return found


def service(unit: Path) -> list[tuple[str, str]]:
    """Return what the section [Service] says; a name may come several times."""
    section = unit.read_text(encoding="utf-8").split("[Service]")[1].split("[Install]")[0]
    lines = [line for line in section.splitlines() if line and not line.startswith("#")]
    return [(name, value) for name, _, value in (line.partition("=") for line in lines)]


def test_systemd_finds_nothing_wrong_with_the_unit(unit: Path, tmp_path: Path) -> None:
    text = unit.read_text(encoding="utf-8")
    command = re.search(r"^ExecStart=(\S+)", text, re.MULTILINE)
    assert command
    copy = tmp_path / SERVICE  # what it starts need not be installed here
    copy.write_text(text.replace(command[1], "/bin/true"))
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(copy)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")


def test_the_unit_is_hardly_exposed_by_systemd_s_own_measure(unit: Path) -> None:
    said = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", str(unit)],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
    assert found
    assert float(found[1]) <= EXPOSED_AT_MOST


def test_the_unit_has_no_privilege_and_comes_again(unit: Path) -> None:
    said = service(unit)
    for needed in [
        ("DynamicUser", "yes"),
        ("NoNewPrivileges", "yes"),
        ("CapabilityBoundingSet", ""),
        ("AmbientCapabilities", ""),
        ("ProtectSystem", "strict"),
        ("DevicePolicy", "closed"),
        ("Restart", "on-failure"),
        ("StateDirectory", "apportion-gpu-agent"),
    ]:
        assert needed in said
    names = {name for name, _ in said}
    assert not {"User", "PrivatePIDs", "PrivateDevices", "ProtectProc", "PrivateNetwork"} & names
    devices = [value.split()[0] for name, value in said if name == "DeviceAllow"]
    assert all("nvidia" in device for device in devices)


def test_the_unit_writes_only_where_its_state_is(unit: Path) -> None:
    (path,) = (v for n, v in service(unit) if n == "Environment" and "OUTBOX__PATH" in v)
    assert path.endswith("=/var/lib/apportion-gpu-agent/outbox.db")


def test_the_unit_is_ini_and_says_when_it_is_wanted(unit: Path) -> None:
    parsed = configparser.ConfigParser(strict=False, interpolation=None)
    parsed.optionxform = str  # type: ignore[assignment,method-assign]  # as its documentation says
    parsed.read(unit, encoding="utf-8")
    assert parsed.sections() == ["Unit", "Service", "Install"]
    assert parsed["Unit"]["StartLimitIntervalSec"] == "0"


@pytest.mark.parametrize("version", ["1.28", "1.32", "1.37"])
def test_kubernetes_knows_every_field(objects: dict[str, dict[str, Any]], version: str) -> None:
    assert objects.keys() == {"ServiceAccount", "ClusterRole", "ClusterRoleBinding", "DaemonSet"}
    for each in objects.values():
        kubernetes_validate.validate(each, version, strict=True)


def test_a_field_that_does_not_exist_would_be_found(objects: dict[str, dict[str, Any]]) -> None:
    objects["DaemonSet"]["spec"]["template"]["spec"]["hostPid"] = True
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(objects["DaemonSet"], "1.37", strict=True)


def test_the_role_may_read_three_kinds_and_nothing_else(
    objects: dict[str, dict[str, Any]],
) -> None:
    assert objects["ClusterRole"]["rules"] == [
        {
            "apiGroups": [""],
            "resources": ["pods", "namespaces", "nodes"],
            "verbs": ["list", "watch"],
        }
    ]
    (subject,) = objects["ClusterRoleBinding"]["subjects"]
    account = objects["ServiceAccount"]["metadata"]
    assert (subject["name"], subject["namespace"]) == (account["name"], account["namespace"])
    assert (
        objects["ClusterRoleBinding"]["roleRef"]["name"]
        == (objects["ClusterRole"]["metadata"]["name"])
    )
    assert objects["ServiceAccount"]["automountServiceAccountToken"] is False


def test_the_pod_has_no_privilege_but_to_see_the_host_s_processes(
    pod: dict[str, Any], container: dict[str, Any]
) -> None:
    assert pod["hostPID"] is True
    assert not {"hostNetwork", "hostIPC"} & pod.keys()
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "runAsUser": 0,
        "runAsGroup": 0,
        "privileged": False,
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_the_pod_sees_two_folders_of_the_host_and_writes_one(
    pod: dict[str, Any], container: dict[str, Any]
) -> None:
    paths = {v["name"]: v["hostPath"]["path"] for v in pod["volumes"] if "hostPath" in v}
    assert paths == {
        "pod-resources": "/var/lib/kubelet/pod-resources",
        "state": "/var/lib/apportion/gpu-agent",
    }
    mounts = {each["name"]: each for each in container["volumeMounts"]}
    assert mounts["pod-resources"]["readOnly"] is True
    assert {name for name, each in mounts.items() if not each.get("readOnly")} == {"state", "tmp"}


def test_the_pod_sees_all_gpus_and_holds_none(container: dict[str, Any]) -> None:
    environment = {each["name"]: each.get("value") for each in container["env"]}
    assert environment["NVIDIA_VISIBLE_DEVICES"] == "all"
    assert environment["NVIDIA_DRIVER_CAPABILITIES"] == "utility"
    limits = container["resources"]["limits"]
    assert set(limits) == {"cpu", "memory"}
    assert container["resources"]["requests"].keys() == limits.keys()


def test_the_pod_runs_where_gpus_are_whatever_the_node_refuses(pod: dict[str, Any]) -> None:
    assert pod["tolerations"] == [{"operator": "Exists"}]
    assert pod["nodeSelector"] == {"nvidia.com/gpu.present": "true"}


def test_mounts_and_settings_name_the_same_places(
    container: dict[str, Any],
) -> None:
    environment = {each["name"]: each.get("value") for each in container["env"]}
    mounted = [each["mountPath"] for each in container["volumeMounts"]]
    prefix = "APPORTION_GPU_AGENT_"
    for name in ("OUTBOX__PATH", "OWNERS__KUBELET_SOCKET"):
        assert str(Path(environment[prefix + name]).parent) in mounted
    port = int(environment[prefix + "WEB__PORT"])
    assert [each["containerPort"] for each in container["ports"]] == [port]


def test_every_setting_that_is_given_exists(root: Path) -> None:
    found: set[str] = set()
    for file in (root / "deploy/gpu-agent").iterdir():
        found |= {*re.findall(r"\bAPPORTION_GPU_AGENT_[A-Z_]+[A-Z]\b", file.read_text("utf-8"))}
    assert len(found) > 5
    for name in found:
        model: Any = GpuAgentSettings
        for part in name.removeprefix("APPORTION_GPU_AGENT_").lower().split("__"):
            assert part in model.model_fields, name
            model = model.model_fields[part].annotation


def test_the_scripts_for_slurm_are_clean_shell(root: Path) -> None:
    for script in sorted((root / "deploy/gpu-agent").glob("*.sh")):
        subprocess.run(["/bin/bash", "-n", str(script)], check=True)
        assert script.stat().st_mode & 0o111

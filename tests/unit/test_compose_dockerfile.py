"""docker/Dockerfile: what goes into the image, from where, and as whom it runs.

Its steps are read, not run: that needs a container engine.
"""

import json
import re
import tomllib
from dataclasses import dataclass

import pytest

from tests import compose_file
from tests.compose_file import ROOT

TEXT = (ROOT / "docker" / "Dockerfile").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
IGNORED = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
BUILD_TOOLS = ("apt", "gcc", "git", "make", "uv ", "pip install", "pip wheel", "curl", "wget")


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction, its lines joined."""

    word: str
    rest: str


def steps(text: str) -> list[Step]:
    code = [line for line in text.splitlines() if line and not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(code))
    return [Step(*line.split(maxsplit=1)) for line in joined.splitlines()]


STEPS = steps(TEXT)
LAST_FROM = max(index for index, step in enumerate(STEPS) if step.word == "FROM")
BUILD, FINAL = STEPS[:LAST_FROM], STEPS[LAST_FROM:]


def only(word: str, stage: list[Step]) -> str:
    [found] = [step.rest for step in stage if step.word == word]
    return found


def pins(file: str) -> dict[str, set[str]]:
    """The hashes of each `name==version` of a lock file."""
    found: dict[str, set[str]] = {}
    for line in (ROOT / file).read_text(encoding="utf-8").splitlines():
        if pin := re.match(r"([A-Za-z0-9._-]+==[^ ;]+)", line):
            hashes = found.setdefault(pin[1], set())
        elif digest := re.search(r"--hash=(sha256:[0-9a-f]{64})", line):
            hashes.add(digest[1])
    return found


def names(file: str) -> set[str]:
    return {pin.partition("==")[0] for pin in pins(file)}


def copied() -> list[str]:
    """What is copied out of the checkout."""
    copies = [step.rest for step in STEPS if step.word == "COPY"]
    words = [rest.split() for rest in copies if not rest.startswith("--from=")]
    return [source for *sources, _ in words for source in sources]


def test_both_stages_stand_on_one_base_pinned_to_a_patch_release() -> None:
    bases = [step.rest.split()[0] for step in STEPS if step.word == "FROM"]
    assert bases == ["${PYTHON_IMAGE}"] * 2
    assert re.fullmatch(r"PYTHON_IMAGE=python:3\.11\.\d+-slim-bookworm", only("ARG", STEPS))


def test_the_final_stage_takes_the_environment_and_no_tool_to_build_with() -> None:
    assert only("COPY", FINAL) == "--from=build /opt/apportion /opt/apportion"
    run = only("RUN", FINAL)
    assert [tool for tool in BUILD_TOOLS if tool in run] == []
    assert run.startswith("pip uninstall --yes pip setuptools wheel ")


def test_it_runs_as_the_user_that_compose_says() -> None:
    user = only("USER", FINAL)
    assert int(user.partition(":")[0]) > 0
    services = compose_file.services()
    assert {services[name]["user"] for name in compose_file.OURS} == {user}
    assert f"--uid {user.partition(':')[0]} --user-group" in only("RUN", FINAL)


def test_signals_reach_the_command() -> None:
    assert json.loads(only("ENTRYPOINT", FINAL)) == ["apportion"]
    assert json.loads(only("CMD", FINAL)) == ["--help"]
    assert only("STOPSIGNAL", FINAL) == "SIGTERM"
    assert "apportion" in PROJECT["project"]["scripts"]


def test_it_is_named_for_the_release_of_the_project() -> None:
    image = f"apportion:{PROJECT['project']['version']}"
    services = compose_file.services()
    assert {services[name]["image"] for name in compose_file.OURS} == {image}


@pytest.mark.parametrize("source", copied())
def test_what_is_copied_exists_and_is_let_through(source: str) -> None:
    path = source.rstrip("/")
    assert (ROOT / path).exists()
    assert f"!{path}" in IGNORED


def test_nothing_else_is_let_through() -> None:
    assert IGNORED[1] == "*"
    let = {line.removeprefix("!") for line in IGNORED if line.startswith("!")}
    assert let == {source.rstrip("/") for source in copied()}


def test_every_package_of_the_project_is_copied() -> None:
    included = PROJECT["tool"]["setuptools"]["packages"]["find"]["include"]
    assert {name.rstrip("*") for name in included} <= set(copied())


def test_every_installation_checks_hashes_or_installs_what_was_built_here() -> None:
    runs = " && ".join(step.rest for step in BUILD if step.word == "RUN")
    installs = [each for each in runs.split("&&") if " install " in each]
    assert installs
    assert [
        each for each in installs if "--require-hashes" not in each and "/wheels/" not in each
    ] == []


@pytest.mark.parametrize("file", ["docker/requirements.lock", "docker/build.lock"])
def test_every_pin_has_a_hash(file: str) -> None:
    assert pins(file)
    assert [pin for pin, hashes in pins(file).items() if not hashes] == []


def test_the_image_installs_what_the_tests_ran_with() -> None:
    tested = pins("requirements.lock")
    installed = pins("docker/requirements.lock")
    off = [pin for pin, hashes in installed.items() if tested.get(pin) != hashes]
    assert off == [], "run `make lock`"


def test_the_image_has_every_dependency_and_none_of_the_tests() -> None:
    wanted = {re.split(r"[<>=\[;]", each)[0] for each in PROJECT["project"]["dependencies"]}
    assert wanted <= names("docker/requirements.lock")
    groups = PROJECT["dependency-groups"]["dev"]
    of_tests = {re.split(r"[<>=\[;]", each)[0].lower() for each in groups}
    assert of_tests & names("docker/requirements.lock") <= wanted


def test_it_is_built_with_the_tools_that_the_project_names() -> None:
    uv = re.search(r"uv==[\d.]+", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert uv
    assert pins("docker/build.lock").keys() == {uv.group(), *PROJECT["build-system"]["requires"]}

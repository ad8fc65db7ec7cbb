"""docker-compose.yml follows the Compose Specification; compose/sources.md says which copy."""

import hashlib
import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests import compose_file

DATA = Path(__file__).parent / "compose"
SCHEMA = DATA / "compose-spec.json"


@pytest.fixture(scope="module")
def specification() -> Draft202012Validator:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def test_the_file_follows_the_specification(specification: Draft202012Validator) -> None:
    faults = specification.iter_errors(compose_file.raw())
    assert [f"{fault.json_path}: {fault.message}" for fault in faults] == []


@pytest.mark.parametrize(
    ("key", "value"),
    [("restrat", "always"), ("ports", "8123:8123"), ("cap_drop", "ALL"), ("read_only", [True])],
)
def test_a_service_that_does_not_follow_it_is_found(
    specification: Draft202012Validator, key: str, value: object
) -> None:
    file = compose_file.raw()
    file["services"]["meter"][key] = value
    assert not specification.is_valid(file)


def test_the_schema_is_the_one_its_note_names() -> None:
    digest = hashlib.sha256(SCHEMA.read_bytes()).hexdigest()
    assert f"`{digest}`" in (DATA / "sources.md").read_text(encoding="utf-8")

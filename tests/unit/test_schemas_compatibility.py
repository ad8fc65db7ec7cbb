"""The release check finds every way a schema can stop reading, or being read."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from schemas.catalogue import AVRO, RELEASED
from schemas.compatibility import Fault, check, releases, report, unread
from schemas.declaration import read

Edit = Callable[[dict[str, Any]], object]

SCHEMA = {
    "type": "record",
    "name": "Thing",
    "doc": "A thing.",
    "fields": [
        {"name": "count", "type": "int", "doc": "How many, a count."},
        {"name": "note", "type": ["null", "string"], "default": None, "doc": "Null: none."},
    ],
}


@pytest.fixture
def current(tmp_path: Path) -> Path:
    folder = tmp_path / "avro"
    folder.mkdir()
    (folder / "thing.v1.avsc").write_text(json.dumps(SCHEMA))
    return folder


@pytest.fixture
def released(tmp_path: Path) -> Path:
    folder = tmp_path / "released" / "0.1.0"
    folder.mkdir(parents=True)
    (folder / "thing.v1.avsc").write_text(json.dumps(SCHEMA))
    return folder.parent


def rewrite(file: Path, edit: Edit) -> None:
    schema = json.loads(file.read_text())
    edit(schema)
    file.write_text(json.dumps(schema))


def add(**field: object) -> Edit:
    return lambda schema: schema["fields"].append(field)


def test_this_checkout_is_compatible_with_every_release() -> None:
    assert check(AVRO, RELEASED) == []


def test_unchanged_schema_has_no_fault(current: Path, released: Path) -> None:
    assert check(current, released) == []


def test_added_field_with_null_default_has_no_fault(current: Path, released: Path) -> None:
    extra = add(name="x", type=["null", "int"], default=None, doc="Pieces. Null: not known.")
    rewrite(current / "thing.v1.avsc", extra)
    assert check(current, released) == []


def test_added_field_without_default_cannot_read_the_release(current: Path, released: Path) -> None:
    rewrite(current / "thing.v1.avsc", add(name="x", type="int", doc="Pieces."))
    assert check(current, released) == [
        Fault(
            "thing.v1.avsc",
            "this release",
            "0.1.0",
            "Thing.x",
            "is not in the data and has no default",
        )
    ]


def test_removed_field_without_default_breaks_the_released_reader(
    current: Path, released: Path
) -> None:
    rewrite(current / "thing.v1.avsc", lambda schema: schema["fields"].pop(0))
    (fault,) = check(current, released)
    assert (fault.reader, fault.writer, fault.path) == ("0.1.0", "this release", "Thing.count")


def test_promotion_is_a_fault_because_it_works_one_way_only(current: Path, released: Path) -> None:
    rewrite(current / "thing.v1.avsc", lambda s: s["fields"][0].update(type="long"))
    (fault,) = check(current, released)
    assert (fault.reader, fault.what) == ("0.1.0", "long is read as int")


def test_data_proof_finds_what_the_declarations_allow(current: Path, released: Path) -> None:
    """Avro lets text be read as bytes and back; nobody who reads a note expects bytes."""
    rewrite(released / "0.1.0" / "thing.v1.avsc", lambda s: s["fields"][0].update(type="bytes"))
    rewrite(current / "thing.v1.avsc", lambda s: s["fields"][0].update(type="string"))
    faults = check(current, released)
    assert [fault.reader for fault in faults] == ["this release", "0.1.0"]
    assert all("a record changes when read" in fault.what for fault in faults)


def test_data_that_cannot_be_read_is_a_fault(current: Path, released: Path) -> None:
    old, new = released / "0.1.0" / "thing.v1.avsc", current / "thing.v1.avsc"
    rewrite(new, lambda schema: schema["fields"][0].update(type="string"))
    said = unread(old, new, read(new))
    assert said is not None
    assert "a record is not readable: SchemaResolutionError" in said


def test_missing_schema_is_a_fault(current: Path, released: Path) -> None:
    (current / "thing.v1.avsc").unlink()
    (fault,) = check(current, released)
    assert fault.what == "was released in 0.1.0 and is missing"


def test_every_release_is_read_not_only_the_last(current: Path, released: Path) -> None:
    newer = released / "0.10.0"
    newer.mkdir()
    (newer / "thing.v1.avsc").write_text((current / "thing.v1.avsc").read_text())
    rewrite(released / "0.1.0" / "thing.v1.avsc", add(name="old", type="int", doc="Pieces."))
    assert [path.name for path in releases(released)] == ["0.1.0", "0.10.0"]
    assert [fault.reader for fault in check(current, released)] == ["0.1.0"]


def test_a_release_sorts_by_number_not_by_text(released: Path) -> None:
    (released / "0.10.0").mkdir()
    (released / "0.9.0").mkdir()
    assert [path.name for path in releases(released)] == ["0.1.0", "0.9.0", "0.10.0"]


BREACHES: list[tuple[Edit, str]] = [
    (lambda s: s.pop("doc"), "a record has a doc"),
    (lambda s: s["fields"][0].pop("doc"), "a field has a doc with its unit"),
    (
        lambda s: s["fields"][1].update(doc="A note."),
        "a nullable field's doc says what null means",
    ),
    (
        lambda s: s["fields"][0].update(default=0),
        "the only defaults are null and empty collections, got 0",
    ),
    (
        lambda s: s["fields"][1].update(type=["string", "null"]),
        "a default of null needs null as the first branch of its union",
    ),
]


@pytest.mark.parametrize(("edit", "rule"), BREACHES)
def test_breach_of_a_house_rule_is_a_fault(current: Path, edit: Edit, rule: str) -> None:
    rewrite(current / "thing.v1.avsc", edit)
    assert [fault.what for fault in check(current, current / "none")] == [rule]


def test_breach_inside_a_nested_record_is_found(current: Path) -> None:
    inner = {"type": "record", "name": "In", "doc": "In.", "fields": [{"name": "x", "type": "int"}]}
    rewrite(
        current / "thing.v1.avsc",
        add(name="list", type={"type": "array", "items": inner}, doc="Pieces."),
    )
    assert [f.path for f in check(current, current / "none")] == ["Thing.list.x"]


def test_report_says_one_line_a_schema_and_a_line_a_fault(current: Path, released: Path) -> None:
    rewrite(current / "thing.v1.avsc", add(name="x", type="int", doc="Pieces."))
    lines = report(check(current, released), current, released)
    assert lines == [
        "schemas in avro against 0.1.0",
        "thing.v1.avsc                1 faults",
        "    Thing.x: is not in the data and has no default (this release reads 0.1.0)",
    ]


def test_report_says_when_there_is_no_release(current: Path, tmp_path: Path) -> None:
    assert "no release yet" in report([], current, tmp_path / "none")[0]


def test_module_exits_0_on_this_checkout(root: Path) -> None:
    command = [sys.executable, "-m", "schemas.compatibility"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    files = sorted(path.name for path in AVRO.glob("*.avsc"))
    assert [line.split()[0] for line in done.stdout.splitlines()[1:]] == files

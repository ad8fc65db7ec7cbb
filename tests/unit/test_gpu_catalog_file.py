"""Rules from a file: followed when it changes, kept when it is bad."""

from pathlib import Path

import pytest

from agents.errors import CatalogUnreadable
from agents.gpu.catalog_file import FileCatalog

ONE = "owners: [{name: one, match: {uid: ['1']}, tenant: t}]"


def names(catalog: FileCatalog) -> list[str]:
    return [rule.name for rule in catalog.current().rules]


def test_a_file_that_changes_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "catalog.yaml"
    path.write_text(ONE)
    catalog = FileCatalog(path)
    assert names(catalog) == ["one"]
    beside = tmp_path / "new"
    beside.write_text(ONE.replace("one", "two"))
    beside.rename(path)
    assert names(catalog) == ["two"]


def test_a_link_that_names_another_file_is_followed(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_text(ONE.replace("one", name))
    link = tmp_path / "catalog.yaml"
    link.symlink_to("one")
    catalog = FileCatalog(link)
    beside = tmp_path / "new"
    beside.symlink_to("two")
    beside.rename(link)
    assert names(catalog) == ["two"]


def test_a_file_that_goes_bad_leaves_the_rules_it_had(tmp_path: Path) -> None:
    path = tmp_path / "catalog.yaml"
    path.write_text(ONE)
    catalog = FileCatalog(path)
    for spoil in (lambda: path.write_text("a: ["), path.unlink):
        spoil()
        assert names(catalog) == ["one"]
        assert str(path) in (catalog.fault or "")
    path.write_text(ONE.replace("one", "two"))
    assert names(catalog) == ["two"]
    assert catalog.fault is None


@pytest.mark.parametrize("text", [None, "a: [", "[]", b"\xff"])
def test_a_file_that_is_bad_from_the_start_is_refused(
    tmp_path: Path, text: str | bytes | None
) -> None:
    path = tmp_path / "catalog.yaml"
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(CatalogUnreadable, match="expected"):
        FileCatalog(path)

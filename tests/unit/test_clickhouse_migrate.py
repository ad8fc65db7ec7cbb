"""Which migrations run, and which disagreements are refused."""

import re

import pytest

from clickhouse.errors import MigrationRefused
from clickhouse.migrate import Migration, migrations, pending

ONE = Migration(1, "0001_one.sql", "SELECT 1;")
TWO = Migration(2, "0002_two.sql", "SELECT 2;")
THREE = Migration(3, "0003_three.sql", "SELECT 3;")


def test_only_what_has_not_run_is_due() -> None:
    assert pending([ONE, TWO, THREE], {1: ONE.checksum}) == [TWO, THREE]


def test_nothing_is_due_twice() -> None:
    assert pending([ONE, TWO], {1: ONE.checksum, 2: TWO.checksum}) == []


def test_a_changed_file_is_refused() -> None:
    changed = Migration(1, ONE.name, "SELECT 1 -- more\n;")
    with pytest.raises(MigrationRefused, match="restore the file") as caught:
        pending([changed, TWO], {1: ONE.checksum})
    assert caught.value.number == 1


def test_a_database_ahead_of_this_release_is_refused() -> None:
    with pytest.raises(MigrationRefused, match="this release does not"):
        pending([ONE], {1: ONE.checksum, 2: TWO.checksum})


def test_a_file_put_in_before_one_that_ran_is_refused() -> None:
    with pytest.raises(MigrationRefused, match="higher number"):
        pending([ONE, TWO, THREE], {1: ONE.checksum, 3: THREE.checksum})


def test_statements_end_at_a_line_end_and_have_no_comment_lines() -> None:
    text = "-- why; because;\nSELECT ';' AS a;\n\n  -- two\nSELECT 2\nFROM b; \n"
    assert Migration(1, "x", text).statements == ["SELECT ';' AS a", "SELECT 2\nFROM b"]


def test_numbers_have_no_gaps() -> None:
    found = migrations()
    assert [each.number for each in found] == list(range(1, len(found) + 1))


@pytest.mark.parametrize("migration", migrations(), ids=lambda each: each.name)
def test_a_migration_says_why_whether_it_blocks_and_how_to_undo_it(migration: Migration) -> None:
    header = migration.text.split("\n\n")[0]
    assert re.findall(r"^-- (\w+):", header, re.MULTILINE) == ["Why", "Blocks", "Undo"]


@pytest.mark.parametrize("migration", migrations(), ids=lambda each: each.name)
def test_every_statement_may_run_again(migration: Migration) -> None:
    """Rows have keys, so rows put in again are the same rows; those deleted stay deleted."""
    repeatable = ("IF NOT EXISTS", "IF EXISTS", "OR REPLACE", "INSERT INTO", " DELETE WHERE ")
    for statement in migration.statements:
        assert any(words in statement for words in repeatable), statement

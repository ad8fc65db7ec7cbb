"""What can go wrong between us and ClickHouse.

ClickHouseError
├── Unavailable            the server is down, busy or slow: transient, retry with a bound
│   └── DataDirectoryBusy  another process holds the embedded engine's directory: wait for it
├── Misconfigured          address, password, database or privileges are wrong: stop
│   └── MigrationRefused   the database and this release's migrations disagree: stop
├── BadQuery               the engine refused a statement: a bug, or the user's own SQL
└── BadRow                 a record that no row can hold: bad input, skip and count
"""

from pathlib import Path


class ClickHouseError(Exception):
    """Root of everything this package raises. `code` is ClickHouse's number, None without one."""

    def __init__(self, detail: str, code: int | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code


class Unavailable(ClickHouseError):
    """The engine did not answer, or not in time. The statement may or may not have run."""


class DataDirectoryBusy(Unavailable):
    """The embedded engine admits one process a directory, and another one is in."""

    def __init__(self, path: Path, holder_pid: int | None) -> None:
        who = f"process {holder_pid}" if holder_pid else "another process"
        super().__init__(
            f"expected {path} to be free, but {who} holds it; query through that process, "
            "stop it, or wait for it"
        )
        self.path = path
        self.holder_pid = holder_pid


class Misconfigured(ClickHouseError):
    """Trying again will not help: a person has to change something."""


class MigrationRefused(Misconfigured):
    """A migration that was applied is not the one in this release. `number` names it."""

    def __init__(self, number: int, detail: str) -> None:
        super().__init__(f"migration {number:04d}: {detail}")
        self.number = number


class BadQuery(ClickHouseError):
    """The statement is wrong, not the moment."""


class BadRow(ClickHouseError):
    """A value that does not fit its column. `table` and `column` say where."""

    def __init__(self, table: str, column: str, detail: str) -> None:
        super().__init__(f"{table}.{column}: {detail}")
        self.table = table
        self.column = column

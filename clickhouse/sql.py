"""Runs a person's own SQL and returns text, as `apportion sql` prints it.

The handle is read-only. That protects the data, not the machine: ClickHouse's table functions read
files and addresses as this process may. Offer it to whoever may run this process, nobody else.
"""

from clickhouse.client import Connection

READ_ONLY = 2  # ClickHouse's readonly: no writes, and no way out; other settings may be changed
LONGEST_S = 60
MOST_ROWS = 1_000_000  # the answer is held in memory; page with LIMIT beyond it

PRETTY = "PrettyCompact"


def run_sql(connection: Connection, sql: str, form: str = PRETTY) -> str:
    """Return the answer to one statement in a ClickHouse format, e.g. PrettyCompact, JSONEachRow.

    Raises BadQuery for SQL that is wrong, writes, or answers with too much; Unavailable when it
    takes longer than a minute.
    """
    limits = {
        "max_execution_time": LONGEST_S,
        "max_result_rows": MOST_ROWS,
        "readonly": READ_ONLY,
    }
    with connection.borrowed(limits) as session:
        return session.text(sql.strip().rstrip(";"), form)

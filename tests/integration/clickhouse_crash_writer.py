"""A process that writes to an embedded engine until it is killed. Run by test_clickhouse_crash.

    python -m tests.integration.clickhouse_crash_writer DIRECTORY FIRST [LAST]

Says `waiting PID` when another process is in, `in` when it is in itself, then the number of each
portion the engine has acknowledged, and at the end, if there is one, what the tables hold.
"""

import itertools
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from clickhouse.client import Connection, connect
from clickhouse.directory import wait_for_directory
from clickhouse.errors import DataDirectoryBusy
from clickhouse.migrate import migrate
from clickhouse.query import ask
from clickhouse.rows import cost_lines
from clickhouse.usage_rows import Attributed, Position, UsageBatch, Versions, usage_rows
from clickhouse.writer import Writer
from schemas.records import CostLine
from tests.builders.cost_lines import line
from tests.builders.usage import T0, batch, call

LINES = 500
EVENTS = 200
DAYS = 5  # an insert of so many partitions can be torn
DAY_US = 86_400_000_000
VERSIONS = Versions("book-1", "catalog-1", "USD")
COUNTS = """
SELECT
    (SELECT count() FROM cost_current) AS lines,
    (SELECT toString(sum(cost)) FROM cost_current) AS cost,
    (SELECT toString(sum(cost)) FROM hourly) AS hourly_cost,
    (SELECT toString(sum(cost)) FROM daily) AS daily_cost,
    (SELECT count() FROM cost_history) AS settled,
    (SELECT max(generation) FROM cost_current) AS generation,
    (SELECT count() FROM usage_events FINAL) AS events,
    (SELECT count() FROM batches FINAL) AS batches
"""
# A portion has a pool of its own; of each of its windows one generation is seen, wholly.
TORN = f"""
SELECT count() AS n FROM (
    SELECT pool, window_start FROM cost_current GROUP BY pool, window_start
    HAVING uniqExact(generation) > 1 OR (any(generation) > 0 AND count() != {LINES // DAYS})
)
"""  # noqa: S608 - built of constants


def say(text: object) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def portion(number: int, cost: str, **changes: object) -> list[CostLine]:
    """Return the lines of one portion: the same for the same number."""
    return [
        line(
            number * LINES + each,
            cost,
            pool=f"pool-{number}",
            window_start_us=T0 + each % DAYS * DAY_US,
            **changes,
        )
        for each in range(LINES)
    ]


def add_portion(writer: Writer, number: int) -> None:
    """Add lines, their correction and the batch of one portion: the same for the same number."""
    writer.add(cost_lines(portion(number, "0.01", status="final")))
    terms = {"status": "corrected", "generation": 1, "lines": LINES // DAYS}
    writer.add(cost_lines(portion(number, "0.02", **terms)))
    given = batch(*(call(at_us=T0 + each % DAYS * DAY_US) for each in range(EVENTS)), seq=number)
    writer.add(
        *usage_rows(
            "InferenceUsageBatch",
            cast("UsageBatch", given),
            [Attributed("api:openai", "acme", 5)] * EVENTS,
            Position("usage.inference.v1", 0, number),
            VERSIONS,
        )
    )


def opened(path: Path) -> Connection:
    def on_wait(busy: DataDirectoryBusy) -> None:
        say(f"waiting {busy.holder_pid}")

    return connect(f"chdb://{path}", lock=wait_for_directory(path, on_wait))


def write(connection: Connection, numbers: Iterator[int]) -> None:
    writer = Writer(connection.writer)
    writer.recover()
    for number in numbers:
        add_portion(writer, number)
        writer.flush()
        say(number)
    writer.recompute()


def main(directory: str, first: str, last: str | None = None) -> None:
    with opened(Path(directory)) as connection:
        migrate(connection)
        assert connection.reader.value(TORN) == 0, "a generation was seen in part"
        say("in")
        stop = None if last is None else int(last) + 1
        write(connection, itertools.islice(itertools.count(), int(first), stop))
        [counts] = connection.reader.rows(COUNTS)
        [source] = ask(connection.reader, "completeness", {"since": 0})
        say(json.dumps(counts | {"missing": source["missing"]}))


if __name__ == "__main__":
    main(*sys.argv[1:])

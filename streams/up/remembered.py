"""What was in force when an embedded broker died, with its log: ClickHouse still has it.

It is asked by a process of its own, since a process may open the embedded engine once.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import structlog

from clickhouse.directory import wait_for_directory
from clickhouse.errors import DataDirectoryBusy
from schemas.codec import Codec
from schemas.records import Config
from streams.config_topic import CATALOG, PRICES, Kind, in_force
from streams.errors import SqlRefused, StoreUnavailable
from streams.kafka import publish
from streams.settings import WorkerSettings

WITHIN_S = 60.0
FREE_WITHIN_S = 900.0  # an audit of much data, begun while nothing ran here, takes minutes
KINDS: Mapping[str, Kind] = {"price-book": PRICES, "catalog": CATALOG}
FORM = "JSONEachRow"
IS_THERE = """
SELECT toUInt8(count()) AS found FROM system.tables
WHERE database = currentDatabase() AND name = 'configs'
"""
NEWEST = """
SELECT kind, version, toInt64(toUnixTimestamp64Micro(published_at)) AS published_at_us, body, note
FROM configs FINAL ORDER BY published_at DESC LIMIT 1 BY kind
SETTINGS output_format_json_quote_64bit_integers = 0
"""


def remembered(settings: WorkerSettings) -> dict[str, Config]:
    """Return the price book and catalog stored last, by kind; none where nothing was stored.

    Blocks for seconds. Raises StoreUnavailable: a server that is down cannot say.
    """
    directory = settings.clickhouse.embedded
    if directory is not None and not directory.is_dir():
        return {}
    ask = asked_of_server if directory is None else asked_at_rest
    try:
        is_there = json.loads(ask(settings, IS_THERE))["found"]
    except SqlRefused:  # a server without our database
        return {}
    rows = [json.loads(line) for line in ask(settings, NEWEST).splitlines()] if is_there else []
    return {
        row["kind"]: {
            "version": row["version"],
            "published_at_us": row["published_at_us"],
            "body": row["body"],
            "note": row["note"],
        }
        for row in rows
    }


def asked_of_server(settings: WorkerSettings, sql: str) -> str:
    """Return what a server answers, a JSON object a line."""
    from streams import sql as one  # noqa: PLC0415 - slow to import, and rarely needed

    return one.query(settings, sql, FORM)


def asked_at_rest(settings: WorkerSettings, sql: str) -> str:
    """Return what the embedded engine answers, a JSON object a line."""
    if settings.clickhouse.embedded is not None:
        wait_until_free(settings.clickhouse.embedded)
    command = [sys.executable, "-m", "streams", "sql", "--format", FORM]
    done = subprocess.run(
        [*command, "--clickhouse", settings.clickhouse.url, sql],
        capture_output=True,
        text=True,
        check=False,
        timeout=WITHIN_S,
    )
    if done.returncode:
        raise StoreUnavailable(
            f"expected ClickHouse to say which price book was in force, got: {done.stderr.strip()}"
        )
    return done.stdout


def wait_until_free(directory: Path, within_s: float = FREE_WITHIN_S) -> None:
    """Wait while another command has the data open. Raises StoreUnavailable when it keeps it."""

    def say(busy: DataDirectoryBusy) -> None:
        structlog.get_logger().warning("waiting_for_data", holder_pid=busy.holder_pid)

    try:
        wait_for_directory(directory, say, timeout_s=within_s).release()
    except DataDirectoryBusy as busy:
        raise StoreUnavailable(busy.detail) from busy


def restore(settings: WorkerSettings) -> dict[str, str]:
    """Put in force what was, on a broker that knows nothing of it; return its versions by kind."""
    restored: dict[str, str] = {}
    for kind, config in remembered(settings).items():
        topic = KINDS[kind].topic
        if in_force(settings.kafka, KINDS[kind]) is None:
            value = Codec().encode("Config", dict(config))
            publish(settings.kafka, topic, config["version"], value)
            restored[kind] = config["version"]
    return restored

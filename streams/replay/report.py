"""Audits and repairs as text, made where the data is: here, or in the process that holds it."""

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from clickhouse.client import connect
from clickhouse.errors import ClickHouseError
from schemas.decimals import to_decimal
from streams import sql_socket
from streams.errors import SqlRefused, StoreUnavailable
from streams.replay.audit import Audit, audit
from streams.settings import WorkerSettings

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def audit_json(settings: WorkerSettings) -> str:
    """Return an audit of the data that settings mean, as JSON. Blocks, perhaps for minutes.

    Raises SqlRefused with what the engine said, StoreUnavailable when there is no data to ask.
    """
    socket, directory = settings.sql_socket, settings.clickhouse.embedded
    if socket and socket.exists():
        try:
            return sql_socket.report(socket, "audit")
        except StoreUnavailable:
            pass  # left by a store that died: the data is at rest
    if directory and not directory.is_dir():
        raise StoreUnavailable(
            f"expected data in {directory}, got nothing; start `apportion up`, or name the "
            "directory with --data"
        )
    try:
        with connect(settings.clickhouse.dsn, settings.clickhouse.database) as connection:
            return to_json(audit(connection))
    except ClickHouseError as error:
        raise SqlRefused(error.detail) from error


def to_json(found: Audit) -> str:
    """Return an audit as JSON: exact decimals as strings, instants in ISO."""
    return json.dumps({**asdict(found), "clean": found.clean}, default=str)


Found: TypeAlias = dict[str, Any]  # an audit's JSON


def to_text(found: Found) -> str:
    """Return an audit for people, from its JSON."""
    lines = [
        f"{found['windows']} closed windows, {found['open_windows']} open, {found['events']} "
        f"events archived, {found['unpriced_events']} of them without a price, "
        f"{found['dead_letters']} dead letters",
        f"conservation residual: {found['residual_pico']} pico",
    ]
    for off in found["off"]:
        too_much = to_decimal(off["residual_pico"])
        lines.append(
            f"OFF      {place(off['where'])}: {off['lines_off']} lines, {too_much} too much, "
            f"{off['uncounted_events']} events not counted; run `apportion repair`"
        )
    for where in found["undrawn"]:
        lines.append(f"NO LINES {place(where)}: run `apportion repair`")
    for each in found["incomplete"]:
        lines.append(
            f"MISSING  {each['source']} (epoch {each['epoch']}): {each['missing_batches']} batches "
            f"missing, {each['lost_events']} events lost at the producer"
        )
    lines.append("clean: every cent is accounted for, once" if found["clean"] else "NOT clean")
    return "\n".join(lines)


def place(where: Found) -> str:
    """Return a (window, pool) for people."""
    begin = EPOCH + timedelta(microseconds=where["start_us"])
    return f"{begin:%Y-%m-%d %H:%M:%S} {where['pool']}"

"""Audits and repairs as text, made where the data is: here, or in the process that holds it."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from clickhouse.client import Connection, connect
from clickhouse.errors import ClickHouseError, Unavailable
from schemas.decimals import to_decimal
from streams import sql_socket
from streams.errors import SqlRefused, StoreLost, StoreUnavailable
from streams.replay.ask import Direct
from streams.replay.audit import Audit, audit
from streams.replay.repairs import Repairs
from streams.settings import WorkerSettings

NAMED = ("provider", "model", "region", "service_tier")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def audit_json(settings: WorkerSettings) -> str:
    """Return an audit of the data that settings mean, as JSON. Blocks, perhaps for minutes."""
    return made_where_the_data_is(settings, "audit", {})


def made_where_the_data_is(settings: WorkerSettings, name: str, asked: Mapping[str, str]) -> str:
    """Return a report by the store that holds the data, else made here.

    Raises SqlRefused with what the engine said, StoreUnavailable when there is no data to ask.
    """
    socket, directory = settings.sql_socket, settings.clickhouse.embedded
    if socket and socket.exists():
        try:
            return sql_socket.report(socket, name, asked)
        except StoreLost:
            raise
        except StoreUnavailable:
            pass  # left by a store that died: the data is at rest
    if directory and not directory.is_dir():
        raise StoreUnavailable(
            f"expected data in {directory}, got nothing; start `apportion up`, or name the "
            "directory with --data"
        )
    try:
        with connect(settings.clickhouse.dsn, settings.clickhouse.database) as connection:
            return reports(connection)[name](asked)
    except Unavailable as error:
        raise StoreUnavailable(error.detail) from error
    except ClickHouseError as error:
        raise SqlRefused(error.detail) from error


def reports(connection: Connection) -> dict[str, sql_socket.Report]:
    """Return every report there is, by name."""

    def rows(asked: Mapping[str, str]) -> str:
        return Direct(connection).text(asked["query"], json.loads(asked["params"]))

    return {
        "audit": lambda _: to_json(audit(connection)),
        "corrections": Repairs(connection).corrections,
        "rows": rows,
    }


def to_json(found: Audit) -> str:
    """Return an audit as JSON: exact decimals as strings, instants in ISO."""
    return json.dumps({**asdict(found), "clean": found.clean}, default=str)


Found: TypeAlias = dict[str, Any]  # an audit's JSON


def to_text(found: Found) -> str:
    """Return an audit for people, from its JSON."""
    closed = f"{found['windows']} closed windows, {found['open_windows']} open"
    events = f"{found['events']} events archived, {found['unpriced_events']} without a price"
    lines = [
        f"{closed}; {events}, {found['dead_letters']} dead letters",
        f"conservation residual: {found['residual_pico']} pico",
        *(off_text(off) for off in found["off"]),
        *(mixed_text(mixed) for mixed in found["mixed"]),
        *(f"NO LINES {place(where)}: run `apportion repair`" for where in found["undrawn"]),
        *(unpriced_text(each) for each in found["unpriced"]),
        *(incomplete_text(each) for each in found["incomplete"]),
    ]
    lines.append("clean: every cent is accounted for, once" if found["clean"] else "NOT clean")
    return "\n".join(lines)


def off_text(off: Found) -> str:
    """Return a window that is off, for people."""
    too_much = to_decimal(off["residual_pico"])
    return (
        f"OFF      {place(off['where'])}: {off['lines_off']} lines, {too_much} too much, "
        f"{off['uncounted_events']} events not counted; run `apportion repair`"
    )


def mixed_text(mixed: Found) -> str:
    """Return a window that met two versions, for people."""
    return (
        f"MIXED    {place(mixed['where'])}: {mixed['note']}; what was rated adds up, run "
        "`apportion repair` to have all of it rated under the one published last"
    )


def unpriced_text(each: Found) -> str:
    """Return usage without a price, for people."""
    of = " ".join(str(each[name]) for name in NAMED if each[name] is not None)
    since = EPOCH + timedelta(microseconds=each["since_us"])
    return (
        f"UNPRICED {of}: {each['quantity']} {each['unit']} of {each['meter']}, {each['events']} "
        f"events, since {since:%Y-%m-%d %H:%M}; publish a price book that has a price for it"
    )


def held_text(where: Found) -> str:
    """Return a window that could be priced and is not, for people."""
    return (
        f"UNPRICED {place(where)}: the newest price book has a price for it and changes other "
        "prices, too; look at `apportion replay`"
    )


def incomplete_text(each: Found) -> str:
    """Return a source of which something is missing, for people."""
    return (
        f"MISSING  {each['source']} (epoch {each['epoch']}): {each['missing_batches']} batches "
        f"missing, {each['lost_events']} events lost at the producer"
    )


def place(where: Found) -> str:
    """Return a (window, pool) for people."""
    begin = EPOCH + timedelta(microseconds=where["start_us"])
    return f"{begin:%Y-%m-%d %H:%M:%S} {where['pool']}"

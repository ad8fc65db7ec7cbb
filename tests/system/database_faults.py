"""A ClickHouse server killed in the middle of inserts, and paused; what its stores do meanwhile."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from schemas import topics
from schemas.codec import Codec
from schemas.topics import Topic
from streams.kafka import read_to_end
from tests.servers.clickhouse_server import Server
from tests.system import health
from tests.system.abuse import Abuse
from tests.system.evidence import committed
from tests.system.ledger import BatchId
from tests.system.stack import Stack
from tests.system.worker_faults import grow

DOWN_S = 4.0
PAUSED_S = 12.0  # beyond the session of a worker, within the patience of a client
INSERT_WITHIN_S = 10.0
HELD = (*topics.USAGE, topics.COST_LINE)
BATCHES = "SELECT source, epoch, seq FROM batches FINAL"
REVISIONS = "SELECT line_id, max(revision) AS revision FROM cost_lines GROUP BY line_id"

Offsets = dict[str, dict[int, int | None]]


@dataclass(slots=True)
class Seen:
    """What was seen while the server was down, for the test to judge."""

    kills: int = 0
    in_the_middle: int = 0  # of the kills, those while an insert ran
    offsets: list[Offsets] = field(default_factory=list)  # committed, one an outage
    batches: list[set[BatchId]] = field(default_factory=list)  # in the database after each
    revisions: list[dict[str, int]] = field(default_factory=list)


def kills_and_a_pause(abuse: Abuse, server: Server, seen: Seen) -> None:
    """Plan: a second store, four kills of the server, a pause of it, all while inserts run."""
    abuse.at(2, "a second store", partial(grow, abuse, ("store",)))
    for percent in (10, 26, 58, 72):
        abuse.at(percent, "kill ClickHouse", partial(kill, abuse, server, seen), alone=True)
    abuse.at(42, "pause ClickHouse", partial(pause, abuse, server), alone=True)


def kill(abuse: Abuse, server: Server, seen: Seen) -> None:
    """Kill the server, and start it again once its stores have said why they stand still."""
    seen.kills += 1
    inserting = server.kill_while_inserting(INSERT_WITHIN_S)
    seen.in_the_middle += inserting
    abuse.note(f"killed {'in the middle of an insert' if inserting else 'between inserts'}")
    stores = abuse.stack.of("store")
    reason = f"expected ClickHouse at 127.0.0.1:{server.port} to answer"

    def noted() -> bool:
        found = [health.of(store) for store in stores]
        return all(each.status == health.UNAVAILABLE and reason in each.trouble for each in found)

    start_again = partial(restart, abuse, server, seen)
    abuse.later(noted, "stores are not ready, and say why",
                partial(abuse.after_s, DOWN_S, "starting ClickHouse", start_again))  # fmt: skip


def restart(abuse: Abuse, server: Server, seen: Seen) -> None:
    """Start the server and look at what it holds before a store can insert again."""
    stack = abuse.stack
    stores = stack.of("store")
    for store in stores:
        store.pause()
    seen.offsets.append(
        {each.name: committed(stack.kafka, "store", each, each.partitions) for each in HELD}
    )
    server.start()
    seen.batches.append({BatchId(**row) for row in held(stack, BATCHES)})
    seen.revisions.append({row["line_id"]: row["revision"] for row in held(stack, REVISIONS)})
    for store in stores:
        store.resume()
    abuse.later(partial(all_ready, stack), "stores are ready", lambda: None)


def pause(abuse: Abuse, server: Server) -> None:
    """Stop the server where it stands, and let it go on, not knowing."""
    server.pause()
    abuse.after_s(PAUSED_S, "resuming ClickHouse", server.resume)


def all_ready(stack: Stack) -> bool:
    """Tell whether every store says that it does its work."""
    return all(health.of(store).status == health.OK for store in stack.of("store"))


def held(stack: Stack, sql: str) -> list[dict[str, Any]]:
    """Return the rows of a server that answers."""
    rows = stack.rows(sql)
    assert rows is not None, "the server was started and does not answer"
    return rows


def committed_too_early(stack: Stack, seen: Seen) -> Iterator[str]:
    """Yield what was committed in an outage and not in the database after it."""
    codec = Codec()
    for topic in HELD:
        for entry in read_to_end(stack.kafka, topic.name):
            record = codec.decode(entry.value or b"")[1]
            for outage, offsets in enumerate(seen.offsets):
                end = offsets[topic.name][entry.partition]
                if end is None or entry.offset >= end or is_held(seen, outage, topic, record):
                    continue
                yield f"outage {outage}: {topic.name} {entry.partition}/{entry.offset} was lost"


def is_held(seen: Seen, outage: int, topic: Topic, record: dict[str, Any]) -> bool:
    """Tell whether the database held a record after an outage, or a later revision of it."""
    if topic == topics.COST_LINE:
        revision: int = record["revision"]
        return seen.revisions[outage].get(record["line_id"], -1) >= revision
    return BatchId(record["source"], record["epoch"], record["seq"]) in seen.batches[outage]

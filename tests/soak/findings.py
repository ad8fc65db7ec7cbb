"""What is wrong with a site once all is quiet: read from its topics and its database."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from streams import sql
from streams.replay.publish import repair
from streams.replay.report import audit_json
from tests.soak.place import Producer, Site
from tests.system.evidence import gather
from tests.system.verdict import contradictions

TOTALS = """
SELECT
    (SELECT count() FROM usage_events FINAL) AS events,
    (SELECT uniqExact(window_start, pool) FROM cost_current) AS windows,
    (SELECT toString(sum(cost)) FROM cost_current) AS usd,
    (SELECT count() FROM late_partials FINAL) AS late,
    (SELECT count() FROM dead_letters FINAL) AS dead_letters,
    (SELECT count() FROM cost_lines) AS line_rows
"""
OPEN = "SELECT countIf(status = 'provisional') AS n FROM cost_current"
ARRIVED = """
SELECT uniqExact(request_id) AS n FROM usage_events FINAL WHERE source = '{source}'
"""
INTERVALS = "SELECT count() AS n FROM usage_events FINAL WHERE source = '{source}'"

Found = dict[str, Any]


def row(site: Site, statement: str) -> Found:
    """Return the only row of an answer."""
    found: Found = json.loads(sql.query(site.settings, statement, "JSONEachRow"))
    return found


def is_quiet(site: Site) -> bool:
    """Whether every window that has lines is closed."""
    return int(row(site, OPEN)["n"]) == 0


def audited(site: Site) -> Found:
    """Repair what came late, then audit everything."""
    repair(site.settings)
    found: Found = json.loads(audit_json(site.settings))
    return found


def wrong(site: Site, audit: Found, until: Callable[[Callable[[], bool]], bool]) -> Iterator[str]:
    """Yield everything that is wrong."""
    if not audit["clean"]:
        yield f"the audit is not clean: {json.dumps(audit)[:2000]}"
    for producer in site.producers:
        if not until(partial(has_arrived, site, producer)):
            yield f"{producer.source}: {arrived(site, producer)} of {producer.flushed()} arrived"
    evidence = gather(site.kafka)
    yield from contradictions(evidence)
    if evidence.dead_letters:
        yield f"{len(evidence.dead_letters)} dead letters, first {evidence.dead_letters[0]}"


def has_arrived(site: Site, producer: Producer) -> bool:
    """Whether all that a source had on disk is in the archive."""
    return arrived(site, producer) >= producer.flushed()


def arrived(site: Site, producer: Producer) -> int:
    """Return how many events of a source are in the archive: of a gateway, different ones."""
    statement = ARRIVED if producer.processor == "gateway" else INTERVALS
    return int(row(site, statement.format(source=producer.source))["n"])

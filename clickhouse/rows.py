"""Cost lines, dead letters, late partials, alerts and configs as rows. Pure.

Usage batches are in `usage_rows`.
"""

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from typing import Literal

from clickhouse.block import Block, block, pico_column
from clickhouse.errors import BadRow
from schemas.decimals import to_decimal
from schemas.records import (
    Alert,
    BudgetState,
    Config,
    Contributor,
    CostLine,
    DeadLetter,
    LatePartial,
    LineStatus,
)

# A version is generation, revision and status in one UInt64, most significant first.
STATUS_BITS = 2
REVISION_BITS = 38  # 270 billion batches applied to one window
GENERATION_BITS = 24  # 16 million re-pricings
STATUS_RANK: dict[LineStatus, int] = {"provisional": 0, "final": 1, "corrected": 2}

COUNTED = 1 << 63  # bit of editions that say how many lines they have

LINES = "cost_lines"
ALERTS = "alerts"
BUDGETS = "budget_states"

ConfigKind = Literal["price-book", "catalog"]


def version(generation: int, revision: int, status: LineStatus) -> int:
    """Return the number by which the line in force is the greatest.

    Raises BadRow when generation or revision is negative or does not fit.

    >>> version(0, 7, "provisional") < version(0, 7, "final") < version(0, 8, "provisional")
    True
    >>> version(0, 8, "final") < version(1, 0, "corrected")
    True
    """
    if revision >> REVISION_BITS:  # negative numbers shift to -1
        raise BadRow(LINES, "revision", f"expected 0 to 2**{REVISION_BITS}, got {revision}")
    if generation >> GENERATION_BITS:
        raise BadRow(LINES, "generation", f"expected 0 to 2**{GENERATION_BITS}, got {generation}")
    return (generation << REVISION_BITS | revision) << STATUS_BITS | STATUS_RANK[status]


def edition_of(line: CostLine) -> int:
    """Return what tells a line's generation, and contents of equal number, apart; 0: as streamed.

    Two publishers may take the same number, each not yet knowing of the other. Their lines are the
    same when batches, rules and count are; otherwise they are two editions, never mixed. Lines
    that do not say how many there are were published before 0.2, by one publisher.
    """
    if line["generation"] == 0 or line["lines"] is None:
        return line["generation"]
    return counted_edition(
        line["generation"], line["revision"], line["price_book"], line["catalog"], line["lines"]
    )


@lru_cache(maxsize=1024)
def counted_edition(
    generation: int, revision: int, price_book: str, catalog: str, lines: int
) -> int:
    """Return a hash above every number of a generation."""
    text = repr((generation, revision, price_book, catalog, lines))
    return COUNTED | int.from_bytes(blake2b(text.encode(), digest_size=8).digest())


def cost_lines(lines: Sequence[CostLine]) -> Block:
    """Return lines as rows, one each. Raises BadRow for a version or amount that does not fit."""
    return block(
        LINES,
        {
            "line_id": [x["line_id"] for x in lines],
            "window_start": [x["window_start_us"] for x in lines],
            "window_end": [x["window_end_us"] for x in lines],
            "pool": [x["pool"] for x in lines],
            "tenant": [x["tenant"] for x in lines],
            "project": [x["project"] for x in lines],
            "kind": [x["kind"] for x in lines],
            "meter": [x["meter"] for x in lines],
            "provider": [x["provider"] for x in lines],
            "model": [x["model"] for x in lines],
            "endpoint": [x["endpoint"] for x in lines],
            "job": [x["job"] for x in lines],
            "region": [x["region"] for x in lines],
            "service_tier": [x["service_tier"] for x in lines],
            "unit": [x["unit"] for x in lines],
            "quantity": pico_column(LINES, "quantity", [x["quantity"] for x in lines]),
            "cost": pico_column(LINES, "cost", [x["cost"] for x in lines]),
            "list_cost": pico_column(LINES, "list_cost", [x["list_cost"] for x in lines]),
            "billed_cost": pico_column(LINES, "billed_cost", [x["billed_cost"] for x in lines]),
            "currency": [x["currency"] for x in lines],
            "events": [x["events"] for x in lines],
            "price_book": [x["price_book"] for x in lines],
            "catalog": [x["catalog"] for x in lines],
            "generation": [x["generation"] for x in lines],
            "revision": [x["revision"] for x in lines],
            "status": [x["status"] for x in lines],
            "lines_of_generation": [x["lines"] for x in lines],
            "note": [x["note"] for x in lines],
            "edition": [edition_of(x) for x in lines],
            "version": [version(x["generation"], x["revision"], x["status"]) for x in lines],
        },
    )


def dead_letters(letters: Sequence[DeadLetter]) -> Block:
    """Return dead letters as rows."""
    return block(
        "dead_letters",
        {
            "topic": [x["topic"] for x in letters],
            "partition": [x["partition"] for x in letters],
            "offset": [x["offset"] for x in letters],
            "event_index": [x["index"] for x in letters],
            "source": [x["source"] for x in letters],
            "epoch": [x["epoch"] for x in letters],
            "seq": [x["seq"] for x in letters],
            "reason": [x["reason"] for x in letters],
            "detail": [x["detail"] for x in letters],
            "at": [x["at_us"] for x in letters],
            "payload": [x["payload"] for x in letters],
        },
    )


def late_partials(partials: Sequence[LatePartial]) -> Block:
    """Return late partials as rows."""
    return block(
        "late_partials",
        {
            "window_start": [x["window_start_us"] for x in partials],
            "window_end": [x["window_end_us"] for x in partials],
            "pool": [x["pool"] for x in partials],
            "source": [x["source"] for x in partials],
            "epoch": [x["epoch"] for x in partials],
            "seq": [x["seq"] for x in partials],
            "events": [x["events"] for x in partials],
            "closed_through": [x["closed_through_us"] for x in partials],
            "reason": [x["reason"] for x in partials],
        },
    )


def alerts(states: Sequence[Alert]) -> Block:
    """Return states of alerts as rows. Raises BadRow for an amount that does not fit."""
    return block(
        ALERTS,
        {
            "alert_id": [x["alert_id"] for x in states],
            "tenant": [x["tenant"] for x in states],
            "kind": [x["kind"] for x in states],
            "state": [x["state"] for x in states],
            "since": [x["since_us"] for x in states],
            "at": [x["at_us"] for x in states],
            "expected": pico_column(ALERTS, "expected", [x["expected"] for x in states]),
            "actual": pico_column(ALERTS, "actual", [x["actual"] for x in states]),
            "excess": pico_column(ALERTS, "excess", [x["excess"] for x in states]),
            "currency": [x["currency"] for x in states],
            "summary": [x["summary"] for x in states],
            "budget_id": [x["budget_id"] for x in states],
            "job": [x["job"] for x in states],
            "severity": [x["severity"] or "" for x in states],
            "revision": [x["revision"] or 0 for x in states],
            "expected_low": pico_column(
                ALERTS, "expected_low", [x["expected_low"] for x in states]
            ),
            "expected_high": pico_column(
                ALERTS, "expected_high", [x["expected_high"] for x in states]
            ),
            "excess_per_hour": pico_column(
                ALERTS, "excess_per_hour", [x["excess_per_hour"] for x in states]
            ),
            "model": [x["model"] for x in states],
            "pool": [x["pool"] for x in states],
            "project": [x["project"] for x in states],
            "source": [x["source"] for x in states],
            "contributors.dimension": [[c["dimension"] for c in x["contributors"]] for x in states],
            "contributors.value": [[c["value"] for c in x["contributors"]] for x in states],
            "contributors.excess": [excesses(x["contributors"]) for x in states],
            "contributors.share": [[c["share"] for c in x["contributors"]] for x in states],
            "links.title": [[link["title"] for link in x["links"]] for x in states],
            "links.url": [[link["url"] for link in x["links"]] for x in states],
            "query": [x["query"] for x in states],
            "alert_group": [x["group"] for x in states],
        },
    )


def excesses(contributors: Sequence[Contributor]) -> list[Decimal]:
    """Return what each contributes. Raises BadRow for an amount that does not fit."""
    given = [each["excess"] for each in contributors]
    column = pico_column(ALERTS, "contributors.excess", given)
    return [to_decimal(each or 0) for each in column]


def budget_states(states: Sequence[BudgetState]) -> Block:
    """Return states of budgets as rows. Raises BadRow for an amount that does not fit."""
    return block(
        BUDGETS,
        {
            "budget_id": [x["budget_id"] for x in states],
            "period_start": [x["period_start_us"] for x in states],
            "period_end": [x["period_end_us"] for x in states],
            "spend_limit": pico_column(BUDGETS, "limit", [x["limit"] for x in states]),
            "spent": pico_column(BUDGETS, "spent", [x["spent"] for x in states]),
            "forecast": pico_column(BUDGETS, "forecast", [x["forecast"] for x in states]),
            "burn_rate": [x["burn_rate"] for x in states],
            "currency": [x["currency"] for x in states],
            "stage": [x["stage"] for x in states],
            "price_book": [x["price_book"] for x in states],
            "said_at": [x["said_at_us"] or 0 for x in states],
        },
    )


def configs(kind: ConfigKind, published: Sequence[Config]) -> Block:
    """Return published price books or catalogs as rows."""
    return block(
        "configs",
        {
            "kind": [kind] * len(published),
            "version": [x["version"] for x in published],
            "published_at": [x["published_at_us"] for x in published],
            "body": [x["body"] for x in published],
            "note": [x["note"] for x in published],
        },
    )

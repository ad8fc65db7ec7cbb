"""The demo's figures, all of them read from ClickHouse: totals, tenants, sources, how far it is.

Statements go through anything that answers SQL with JSON lines; amounts stay exact decimals.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from clickhouse.query import query_text

Ask: TypeAlias = Callable[[str], str]  # statement -> JSON lines; blocks
Row: TypeAlias = Mapping[str, object]

KINDS = {  # by the columns of the query
    "used": "used",
    "held idle": "held_idle",
    "reserved idle": "reserved_idle",
    "idle share": "idle_share",
    "borrowed": "borrowed",
    "lent": "lent_credit",
    "API tokens": "tokens_cost",
    "shared": "shared",
    "storage and egress": "resources_cost",
    "out of service": "out_of_service",
    "unobserved": "unobserved",
    "adjustments": "adjustment",
}

BEGIN_US = 0
END_US = 4_102_444_800_000_000  # 2100-01-01, later than any window


@dataclass(frozen=True, slots=True)
class Totals:
    """Everything in one row. A window is one (window, pool)."""

    events: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cost: Decimal
    windows: int
    final_windows: int
    tenants: int
    unpriced_events: int
    dead_letters: int


@dataclass(frozen=True, slots=True)
class Tenant:
    """What one tenant owes so far, in currency: by kind, and in all."""

    name: str
    kinds: Mapping[str, Decimal]
    tokens: int
    per_1k_tokens: Decimal | None  # None: no tokens
    cost: Decimal

    def of(self, *kinds: str) -> Decimal:
        """Return what it owes for some kinds together."""
        return sum((self.kinds[kind] for kind in kinds), Decimal(0))

    @property
    def rest(self) -> Decimal:
        """What it owes for kinds that have no name here."""
        return self.cost - self.of(*KINDS)


@dataclass(frozen=True, slots=True)
class Source:
    """What arrived of one producer, heartbeats' sources included."""

    name: str
    batches: int
    events: int
    rejected_events: int


@dataclass(frozen=True, slots=True)
class Lines:
    """What the cost lines in force say of themselves."""

    settled_until_us: int  # every window that begins before is final
    counted_events: int
    late_events: int  # came after their window had closed


def totals(ask: Ask) -> Totals:
    """Read the totals."""
    [row] = rows(ask, query_text("totals"))
    return Totals(
        events=whole(row["events"]),
        input_tokens=whole(row["input_tokens"]),
        output_tokens=whole(row["output_tokens"]),
        cache_read_tokens=whole(row["cache_read_tokens"]),
        cost=decimal(row["cost"]),
        windows=whole(row["windows"]),
        final_windows=whole(row["final_windows"]),
        tenants=whole(row["tenants"]),
        unpriced_events=whole(row["unpriced_events"]),
        dead_letters=whole(row["dead_letters"]),
    )


def tenants(ask: Ask) -> list[Tenant]:
    """Read what each tenant owes, dearest first."""
    return [
        Tenant(
            name=str(row["tenant"]),
            kinds={kind: decimal(row[column]) for kind, column in KINDS.items()},
            tokens=whole(row["input_tokens"]) + whole(row["output_tokens"]),
            per_1k_tokens=None if row["per_1k_tokens"] is None else decimal(row["per_1k_tokens"]),
            cost=decimal(row["cost"]),
        )
        for row in rows(ask, query_text("tenants"), since=BEGIN_US, until=END_US)
    ]


def sources(ask: Ask) -> list[Source]:
    """Read what arrived of each producer."""
    return [
        Source(
            name=str(row["source"]),
            batches=whole(row["batches"]),
            events=whole(row["events"]),
            rejected_events=whole(row["rejected_events"]),
        )
        for row in rows(ask, query_text("completeness"), since=BEGIN_US)
    ]


def lines(ask: Ask) -> Lines:
    """Read how far the lines are."""
    [row] = rows(
        ask,
        """
        SELECT
            toUnixTimestamp64Micro(ifNull(
                minOrNullIf(c.window_start, c.status = 'provisional'),
                maxOrDefault(c.window_end)
            )) AS settled_until_us,
            sum(c.events) AS counted_events,
            (SELECT sum(p.events) FROM late_partials AS p FINAL) AS late_events
        FROM cost_current AS c
        """,
    )
    return Lines(
        whole(row["settled_until_us"]), whole(row["counted_events"]), whole(row["late_events"])
    )


def imbalance(ask: Ask, until_us: int) -> Decimal:
    """Return list cost of the archive less cost of the lines in windows before an instant.

    Without pools of monthly amounts, whose time has no list cost in the archive. Events that reach
    past the instant count by the time before it. It differs from zero by the rounding of each event
    to 1e-12, and while archive and lines arrive; the audit is exact.
    """
    [row] = rows(
        ask,
        """
        SELECT
            (
                SELECT sum(multiplyDecimal(
                    ifNull(u.list_cost, toDecimal128(0, 12)),
                    if(
                        u.ended_at <= boundary,
                        toDecimal128(1, 12),
                        divideDecimal(
                            toDecimal128(dateDiff('microsecond', u.started_at, boundary), 0),
                            toDecimal128(dateDiff('microsecond', u.started_at, u.ended_at), 0),
                            12
                        )
                    ),
                    12
                ))
                FROM usage_events AS u FINAL
                WHERE u.started_at < boundary
            ) AS archived,
            (
                SELECT sum(ifNull(c.cost, toDecimal128(0, 12)))
                FROM cost_current AS c
                WHERE c.window_start < boundary AND NOT startsWith(c.pool, 'shared:')
            ) AS lined,
            archived - lined AS imbalance
        """.replace("boundary", f"fromUnixTimestamp64Micro(toInt64({until_us}), 'UTC')"),
    )
    return decimal(row["imbalance"])


def rows(ask: Ask, statement: str, **parameters: int) -> list[Row]:
    """Return the rows of a statement; parameters are whole numbers, put in as such."""
    for name, number in parameters.items():
        statement = statement.replace(f"{{{name}:Int64}}", f"toInt64({int(number)})")
    return [json.loads(line, parse_float=Decimal) for line in ask(statement).splitlines() if line]


def decimal(value: object) -> Decimal:
    """Return an amount, which JSON may hold as number or text; null is zero."""
    return Decimal(0) if value is None else Decimal(str(value))


def whole(value: object) -> int:
    """Return a count, which JSON may hold as number or text; null is zero."""
    return 0 if value is None else int(str(value))

"""The demo's view: who owes what, as a table for people or a line for logs. Pure.

Amounts are rounded for reading only; the exact ones are in ClickHouse.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from rich import box
from rich.table import Table

from streams.demo.figures import Tenant, Totals
from streams.demo.money import cents, short, unit_price

MICRO_USD = Decimal("0.000001")  # a residual below this is the rounding of single events

AMOUNTS = ("GPU\nused", "held\nidle", "idle\nshare", "API\ntokens", "\nother", "\ntokens",
           "$ per\n1K", "total\n$")  # fmt: skip


@dataclass(frozen=True, slots=True)
class View:
    """What is shown at one moment."""

    position_us: int  # event time played so far; 0: nothing yet
    sent_events: int  # duplicates included
    totals: Totals
    tenants: Sequence[Tenant]
    residual: str


def table(view: View) -> Table:
    """Return the table, dearest tenant first, with the sum of each column."""
    drawn = Table(
        title=headline(view),
        caption=footline(view),
        title_justify="left",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        padding=0,
    )
    drawn.add_column("\ntenant", overflow="ellipsis")
    for name in AMOUNTS:  # numbers are not cut short where a tenant's name can be
        drawn.add_column(name, justify="right", no_wrap=True)
    for tenant in view.tenants:
        drawn.add_row(*cells(tenant))
    drawn.add_section()
    drawn.add_row(*sums(view.tenants), style="bold")
    return drawn


def cells(tenant: Tenant) -> list[str]:
    """Return a tenant's row."""
    return [
        tenant.name,
        cents(tenant.used),
        cents(tenant.held_idle),
        cents(tenant.idle_share),
        cents(tenant.tokens_cost),
        cents(tenant.resources_cost),
        short(tenant.tokens),
        "-" if tenant.per_1k_tokens is None else unit_price(tenant.per_1k_tokens),
        cents(tenant.cost),
    ]


def sums(tenants: Sequence[Tenant]) -> list[str]:
    """Return the last row."""
    return [
        "all",
        cents(sum((each.used for each in tenants), Decimal(0))),
        cents(sum((each.held_idle for each in tenants), Decimal(0))),
        cents(sum((each.idle_share for each in tenants), Decimal(0))),
        cents(sum((each.tokens_cost for each in tenants), Decimal(0))),
        cents(sum((each.resources_cost for each in tenants), Decimal(0))),
        short(sum(each.tokens for each in tenants)),
        "",
        cents(sum((each.cost for each in tenants), Decimal(0))),
    ]


def headline(view: View) -> str:
    """Return what time it is in the data, and how settled the figures are."""
    totals = view.totals
    return (
        f"{clock(view.position_us)} event time | windows: {totals.final_windows:,} final, "
        f"{totals.windows - totals.final_windows:,} provisional | residual: {view.residual}"
    )


def footline(view: View) -> str:
    """Return the counts."""
    totals = view.totals
    return (
        f"{view.sent_events:,} events sent, {totals.events:,} in ClickHouse, "
        f"{totals.unpriced_events:,} unpriced, {totals.dead_letters:,} dead letters"
    )


def log_line(view: View) -> str:
    """Return the same for where nothing can be drawn: one line."""
    dearest = ", ".join(f"{each.name} ${cents(each.cost)}" for each in view.tenants[:3])
    return f"{headline(view)} | {footline(view)} | ${cents(view.totals.cost)}: {dearest or 'none'}"


def residual_text(imbalance: Decimal | None) -> str:
    """Return a live residual: exact figures come with the audit.

    >>> residual_text(None), residual_text(Decimal("3E-10")), residual_text(Decimal("-1.25"))
    ('-', '$0.000000', '$-1.250000')
    """
    if imbalance is None:
        return "-"
    return f"${imbalance.quantize(MICRO_USD) + 0:f}"


def clock(at_us: int) -> str:
    """Return an instant to the minute.

    >>> clock(0), clock(1_791_270_000_000_000)
    ('--', '2026-10-06 07:00')
    """
    if not at_us:
        return "--"
    return datetime.fromtimestamp(at_us // 1_000_000, UTC).strftime("%Y-%m-%d %H:%M")

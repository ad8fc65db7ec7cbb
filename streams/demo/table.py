"""The demo's view: who owes what, as a table for people or a line for logs. Pure.

Amounts are rounded for reading only; the exact ones are in ClickHouse.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from operator import attrgetter, methodcaller
from typing import TypeAlias

from rich import box
from rich.table import Table

from streams.demo.figures import KINDS, Tenant, Totals
from streams.demo.money import cents, short, unit_price

MICRO_USD = Decimal("0.000001")  # a residual below this is the rounding of single events

Of: TypeAlias = Callable[[Tenant], Decimal]

COLUMNS: tuple[tuple[str, Of], ...] = (  # together they are the total
    ("GPU\nused", lambda tenant: tenant.of("used")),
    ("own\nidle", lambda tenant: tenant.of("held idle", "reserved idle")),
    ("idle\nshare", lambda tenant: tenant.of("idle share")),
    ("bor-\nrowed", lambda tenant: tenant.of("borrowed", "lent")),
    ("API\ntokens", lambda tenant: tenant.of("API tokens")),
    ("\nshared", lambda tenant: tenant.of("shared")),
    (
        "\nother",
        lambda tenant: (
            tenant.of("storage and egress", "out of service", "unobserved", "adjustments")
            + tenant.rest
        ),
    ),
)
IF_ANY = {"bor-\nrowed", "\nshared"}  # columns that are there where somebody has some
IN_FULL = {  # columns that are several kinds: those are said below the table
    "held idle", "reserved idle", "borrowed", "lent", "storage and egress", "out of service",
    "unobserved", "adjustments",
}  # fmt: skip


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
        caption="\n".join(footlines(view)),
        title_justify="left",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        padding=0,
    )
    columns = shown(view.tenants)
    drawn.add_column("\ntenant", overflow="ellipsis")
    for name in (*columns, "$ per\n1K", "total\n$"):  # numbers are not cut where a name can be
        drawn.add_column(name, justify="right", no_wrap=True)
    for tenant in filter(has_some, view.tenants):
        amounts = [cents(of(tenant)) for of in columns.values()]
        per_1k = "-" if tenant.per_1k_tokens is None else unit_price(tenant.per_1k_tokens)
        drawn.add_row(tenant.name, *amounts, per_1k, cents(tenant.cost))
    drawn.add_section()
    sums = [cents(total(view.tenants, of)) for of in columns.values()]
    cost = cents(total(view.tenants, attrgetter("cost")))
    drawn.add_row("all", *sums, "", cost, style="bold")
    return drawn


def has_some(tenant: Tenant) -> bool:
    """Whether there is anything to say of a tenant: rows of nobody are mostly nothing."""
    return bool(tenant.cost or tenant.tokens or any(tenant.kinds.values()))


def shown(tenants: Sequence[Tenant]) -> dict[str, Of]:
    """Return the columns: the usual ones, and those that somebody has some of."""
    return {
        name: of
        for name, of in COLUMNS
        if name not in IF_ANY or any(of(tenant) for tenant in tenants)
    }


def total(tenants: Sequence[Tenant], of: Of) -> Decimal:
    """Return what all have together."""
    return sum(map(of, tenants), Decimal(0))


def headline(view: View) -> str:
    """Return what time it is in the data, and how settled the figures are."""
    totals = view.totals
    return (
        f"{clock(view.position_us)} event time | windows: {totals.final_windows:,} final, "
        f"{totals.windows - totals.final_windows:,} provisional | residual: {view.residual}"
    )


def footlines(view: View) -> list[str]:
    """Return what is in the columns that are several kinds, and the counts."""
    found = {kind: total(view.tenants, methodcaller("of", kind)) for kind in KINDS}
    found["anything else"] = total(view.tenants, attrgetter("rest"))
    told = [f"{kind} {cents(found[kind])}" for kind in found if kind in IN_FULL and found[kind]]
    if found["anything else"]:
        told.append(f"anything else {cents(found['anything else'])}")
    return [*([", ".join(told)] if told else []), counts(view)]


def counts(view: View) -> str:
    """Return the counts."""
    totals = view.totals
    tokens = short(totals.input_tokens + totals.output_tokens)
    return (
        f"{view.sent_events:,} events sent, {totals.events:,} in ClickHouse with {tokens} tokens, "
        f"{totals.unpriced_events:,} unpriced, {totals.dead_letters:,} dead letters"
    )


def log_line(view: View) -> str:
    """Return the same for where nothing can be drawn: one line."""
    dearest = ", ".join(f"{each.name} ${cents(each.cost)}" for each in view.tenants[:3])
    return f"{headline(view)} | {counts(view)} | ${cents(view.totals.cost)}: {dearest or 'none'}"


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

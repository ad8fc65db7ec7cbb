"""What a demo leaves on the terminal: the table, what was proved, and what to try next."""

from rich.console import Console

from streams.demo.money import exact
from streams.demo.session import Outcome
from streams.demo.table import View, table

IDLE = {
    "Who pays for the GPUs nobody used?": (
        "SELECT tenant, sum(cost) AS usd FROM cost_current WHERE kind = 'idle_share' "
        "GROUP BY tenant ORDER BY usd DESC"
    ),
}
LENT = {
    "Who lent reserved GPUs, and what did they get for it?": (
        "SELECT tenant, kind, sum(cost) AS usd FROM cost_current WHERE kind IN ('borrowed', "
        "'lent_credit', 'reserved_idle') GROUP BY tenant, kind HAVING usd != 0 ORDER BY usd"
    ),
}
ALWAYS = {
    "What does a model cost each tenant, by the hour?": (
        "SELECT hour, tenant, model, sum(cost) AS usd FROM hourly WHERE model != '' "
        "GROUP BY hour, tenant, model ORDER BY usd DESC LIMIT 10"
    ),
    "What was counted, what has no price, and what could not be counted?": (
        "SELECT 'counted' AS what, count() AS events FROM usage_events FINAL UNION ALL "
        "SELECT concat('unpriced: ', model), sum(events) FROM cost_current "
        "WHERE kind = 'unpriced' GROUP BY model UNION ALL "
        "SELECT concat('dead letter: ', reason), count() FROM dead_letters FINAL GROUP BY reason"
    ),
}


def summary(console: Console, outcome: Outcome, where: str) -> None:
    """Print the end of a demo. `where` is the flag that reaches its data."""
    totals, found = outcome.totals, outcome.audit
    view = View(
        outcome.position_us,
        outcome.sent_events,
        totals,
        outcome.tenants,
        f"{found.residual_pico} pico",
    )
    console.print(table(view))
    verdict = "all add up to the last pico-dollar" if found.clean else "something is OFF"
    bill = f"${exact(totals.cost)} for {totals.tenants} tenants"
    lines = [
        "",
        f"{totals.events:,} events became {bill} in {outcome.for_s:.1f} s.",
        f"Audit: {found.windows:,} windows computed again from the archive; {verdict}.",
        "",
        "The data stays. Try:",
    ]
    has_idle = any(tenant.of("idle share") for tenant in outcome.tenants)
    has_lent = any(tenant.of("lent") for tenant in outcome.tenants)
    asked = (IDLE if has_idle else {}) | (LENT if has_lent else {}) | ALWAYS
    for question, statement in asked.items():
        lines += [f"  # {question}", f'  apportion sql "{statement}" {where}']
    lines += ["  # Prove it again", f"  apportion audit {where}"]
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)

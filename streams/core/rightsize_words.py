"""What alerts about right-sizing say to people, and the SQL that shows it."""

from schemas.decimals import from_bytes
from schemas.records import Alert
from streams.core.rightsize import Place, Run, Side
from streams.core.series.anomaly_query import literal
from streams.core.series.anomaly_words import instant, money
from streams.core.windows import HOUR_US


def words(place: Place, side: Side, run: Run, alert: Alert) -> str:
    """Return what happens and what to do. `run`: the hours since it was last spoken of."""
    gpus = f"{run.seen_us / run.hours / HOUR_US:,.1f} GPUs"
    busiest = f"{run.busiest_us / HOUR_US:,.1f}"
    said = (
        f"{what(place)}: {run.active_us / run.seen_us:.1%} of {gpus} were worked over the last "
        f"{run.hours} hours, {busiest} in the busiest"
    )
    since = f"since {instant(alert['since_us'])}"
    if side == "high":
        return f"{said}; nearly full {since}. Add GPUs, or move work elsewhere.{unpriced(run)}"
    per_hour = money(run.unworked // run.hours)
    return (
        f"{said}; {total(alert)} {since}, {per_hour} an hour. Take GPUs out, or give them work."
        f"{unpriced(run)}"
    )


def over_words(place: Place, alert: Alert) -> str:
    """Return that it is over."""
    since = f"since {instant(alert['since_us'])}"
    so_far = "" if alert["excess"] is None else f"; {since} it was {total(alert)}"
    return f"{what(place)}: worked as it should be again, or there no more{so_far}."


def total(alert: Alert) -> str:
    """Return what nobody worked in since an alert began."""
    return f"{money(from_bytes(alert['excess'] or b''))} {alert['currency']} that nobody worked in"


def what(place: Place) -> str:
    """Return what is sized."""
    return (
        f"Endpoint {place.endpoint} in pool {place.pool}"
        if place.endpoint
        else f"Pool {place.pool}"
    )


def unpriced(run: Run) -> str:
    """Return that some time has no price, where it has none."""
    return " Part of it has no price and is not counted." if run.unpriced_us else ""


def query_of(place: Place, since_us: int, until_us: int) -> str:
    """Return SQL that shows it by the hour."""
    of = {"pool": place.pool, "endpoint": place.endpoint, "currency": place.currency}
    conditions = [
        *(f"{name} = {literal(value)}" for name, value in of.items() if value),
        f"hour >= fromUnixTimestamp64Micro({since_us}, 'UTC')",
        f"hour < fromUnixTimestamp64Micro({until_us}, 'UTC')",
    ]
    return (  # names go through `literal`, all else is ours
        f"SELECT hour, sum(seen_us) / {HOUR_US} AS gpus, sum(active_us) / sum(seen_us) AS active, "  # noqa: S608
        "sum(cost) AS total, sum(unworked_cost) AS unworked, currency "
        f"FROM gpu_use WHERE {' AND '.join(conditions)} GROUP BY hour, currency ORDER BY hour"
    )

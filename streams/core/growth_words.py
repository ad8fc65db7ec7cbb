"""What alerts about growth say to people, and the SQL that shows it."""

from typing import Final

from schemas.decimals import from_bytes
from schemas.records import Alert
from streams.core.anomaly.growth import LATELY, Run
from streams.core.series.anomaly_query import literal
from streams.core.series.anomaly_words import instant, money
from streams.core.series.cells import DERIVED
from streams.core.timeline import WEEK_US

LEAST_A_DAY: Final = 0.005  # growth that is told as such; less is a step
MONTH_HOURS: Final = 30 * 24


def words(alert: Alert, run: Run) -> str:
    """Return what happens and what to do. `alert`: with its amounts."""
    currency = alert["currency"]
    actual, expected, extra, excess = (
        from_bytes(alert[each] or b"")
        for each in ("actual", "expected", "excess_per_hour", "excess")
    )
    how = (
        f"grows by {run.per_day:.1%} a day"
        if run.per_day >= LEAST_A_DAY
        else f"has grown by {run.grown:.0%}"
    )
    return (
        f"{subject(alert)} {how} since {instant(alert['since_us'])}: in the middle one of the last "
        f"{LATELY} days it was {money(actual)} {currency} an hour, {money(expected)} in the weeks "
        f"before; so far {money(excess)} {currency} extra, {money(extra * MONTH_HOURS)} a month as "
        "it is now. Look what is used more each day; stop it, or mute it in the catalog if it is "
        "wanted."
    )


def over_words(said: Alert) -> str:
    """Return that it is over, behind what was said last."""
    return f"{subject(said)} is as in the weeks before. Said last: {said['summary']}"


def subject(alert: Alert) -> str:
    """Return what grows."""
    of_model = f" for {alert['model']}" if alert["model"] else ""
    return f"Cost of {alert['tenant']}{of_model}"


def query_of(alert: Alert) -> str:
    """Return SQL that shows it by the day."""
    of = {"tenant": alert["tenant"], "model": alert["model"], "currency": alert["currency"]}
    conditions = [
        *(f"{name} = {literal(value)}" for name, value in of.items() if value),
        f"NOT startsWith(pool, {literal(DERIVED)})",
        f"hour >= fromUnixTimestamp64Micro({alert['since_us'] - 2 * WEEK_US}, 'UTC')",
        f"hour < fromUnixTimestamp64Micro({alert['at_us']}, 'UTC')",
    ]
    return (  # names go through `literal`, all else is ours
        "SELECT toStartOfDay(hour) AS day, model, project, pool, sum(cost) AS total, currency "  # noqa: S608
        f"FROM hourly WHERE {' AND '.join(conditions)} "
        "GROUP BY day, model, project, pool, currency ORDER BY day, total DESC"
    )

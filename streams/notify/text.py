"""An alert in words, for any sink that people read. Pure; amounts are rounded for reading only."""

from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from schemas.decimals import EXACT, from_bytes, to_decimal
from schemas.records import Alert

CENT: Final = Decimal("0.01")
TITLES: Final = {
    "cap_reached": "Job at its cap",
    "cost_anomaly": "Unusual cost",
    "price_change": "Price changed",
    "unit_cost_anomaly": "Unusual cost per token",
    "cost_growth": "Growing cost",
    "idle_anomaly": "Unusual idle share",
    "source_silent": "Source silent",
    "source_incomplete": "Source incomplete",
    "budget_warning": "Budget nearly spent",
    "budget_exceeded": "Budget spent",
    "budget_burn": "Budget burning fast",
    "rightsize_low": "Hardly used",
    "rightsize_high": "Nearly full",
}
SUBJECTS: Final = ("model", "pool", "project", "source", "job")
AN_HOUR: Final = {"actual": "Now", "expected": "Expected", "excess_per_hour": "Extra"}
NAMELESS: Final = "(without a name)"


def title(alert: Alert) -> str:
    """Return what it is about, in a few words: kinds that came later by their names."""
    return f"{TITLES.get(alert['kind'], alert['kind'])}: {alert['tenant']}"


def severity(alert: Alert) -> str:
    """Return how much it matters; an alert that does not say is a warning."""
    return alert["severity"] or "warning"


def money(amount: bytes, currency: str) -> str:
    """Return an amount to the cent, and exactly where that would be nothing.

    >>> from schemas.decimals import to_bytes
    >>> money(to_bytes(1_234_567_000_000_000), "USD"), money(to_bytes(4_000_000_000), "USD")
    ('1,234.57 USD', '0.004 USD')
    """
    exact = to_decimal(from_bytes(amount))
    rounded = exact.quantize(CENT, ROUND_HALF_EVEN, EXACT)
    said = f"{rounded:,f}" if rounded or not exact else f"{exact.normalize(EXACT):f}"
    return f"{said} {currency}"


def amounts(alert: Alert) -> Iterator[tuple[str, str]]:
    """Yield what it costs and would cost, with what is usual around it."""
    currency = alert["currency"]
    for name, label in AN_HOUR.items():
        amount: bytes | None = alert[name]  # type: ignore[literal-required]  # of AN_HOUR
        if amount is not None:
            yield label, f"{money(amount, currency)} an hour"
    if alert["excess"] is not None:
        label = "Extra so far" if alert["budget_id"] is None else "Above the limit"
        yield label, money(alert["excess"], currency)
    low, high = alert["expected_low"], alert["expected_high"]
    if low is not None and high is not None:
        yield "Usual", f"{money(low, currency)} to {money(high, currency)} an hour"


def subjects(alert: Alert) -> Iterator[tuple[str, str]]:
    """Yield what it is about beside the tenant."""
    for name in SUBJECTS:
        said: str | None = alert[name]
        if said is not None:
            yield name.capitalize(), said


def parts(alert: Alert) -> Iterator[str]:
    """Yield what the extra cost is made of, a line each."""
    for each in alert["contributors"]:
        part = f"{each['dimension']} {each['value'] or NAMELESS}"
        yield f"{part}: {money(each['excess'], alert['currency'])} an hour, {each['share']:.0%}"

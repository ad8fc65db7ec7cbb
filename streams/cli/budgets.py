"""`apportion budgets`: how every budget stands, by what was said last."""

from fractions import Fraction

from schemas.decimals import from_bytes
from schemas.records import BudgetState
from streams.cli.listing import AsJson, Listing, about, cell, exact
from streams.cli.reach import Check, Data, Kafka, nearest, reached, stop_if_checking
from streams.kafka.registry import codec_of
from streams.processors.said import states
from streams.readable import instant


def budgets(
    *, as_json: AsJson = False, kafka: Kafka = None, data: Data = None, check: Check = False
) -> None:
    """Print budgets of the catalog and caps of jobs, those that are used up most first."""
    settings = nearest(kafka=kafka, data=data)
    stop_if_checking(settings, check=check)
    found = states(reached(settings), codec_of(settings)).values()
    LISTING.show(sorted(found, key=lambda each: (-used(each), each["budget_id"])), as_json=as_json)


def used(state: BudgetState) -> Fraction:
    """Return which part of the limit is spent."""
    return Fraction(from_bytes(state["spent"]), from_bytes(state["limit"]))


def amount(of: bytes | None) -> int | None:
    """Return an amount that nobody may say."""
    return None if of is None else from_bytes(of)


def plain(state: BudgetState) -> dict[str, object]:
    """Return one entry of the JSON object; money as exact decimal strings."""
    said_us, forecast = state["said_at_us"], state["forecast"]
    return {
        "budget_id": state["budget_id"],
        "stage": state["stage"],
        "spent": exact(from_bytes(state["spent"])),
        "limit": exact(from_bytes(state["limit"])),
        "forecast": exact(amount(forecast)),
        "currency": state["currency"],
        "burn_rate": state["burn_rate"],
        "from": instant(state["period_start_us"]),
        "to": instant(state["period_end_us"]),
        "price_book": state["price_book"] or None,
        "said_at": None if said_us is None else instant(said_us),
    }


def row(state: BudgetState) -> tuple[str, ...]:
    """Return one line of the table."""
    rate, forecast = state["burn_rate"], state["forecast"]
    return (
        cell(state["budget_id"]),
        state["stage"],
        exact(from_bytes(state["spent"])) or "",
        exact(from_bytes(state["limit"])) or "",
        f"{float(used(state)):.1%}",
        about(amount(forecast)),
        state["currency"],
        "" if rate is None else f"{rate:.2f}",
        instant(state["period_start_us"])[:16],
        instant(state["period_end_us"])[:16],
    )


LISTING = Listing(
    "budgets",
    "no budgets",
    ("budget", "stage", "spent", "limit", "used", "forecast", "currency", "burn", "from", "to"),
    "spent limit used forecast burn",
    row,
    plain,
)

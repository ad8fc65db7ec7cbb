"""What alerts of budgets say to people, and the SQL that shows it."""

import re
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Final

from schemas.decimals import to_decimal
from streams.core.budgets.budget import Budget
from streams.core.budgets.periods import day_of, rolling
from streams.core.budgets.standing import Mark, Speed, Standing
from streams.core.job_cost import TIME
from streams.core.windows import DAY_US, HOUR_US, MINUTE_US

GLOB: Final = re.compile(r"[*?\[\]]")
LISTED: Final = 20  # rows of a query


def summary(standing: Standing, about: Fraction | Speed) -> str:
    """Return what happens and what to do, in a sentence or two."""
    budget = standing.budget
    if isinstance(about, Speed):
        left = budget.limit - standing.spent.pico
        hours = Fraction(left * about.pair.long_us, about.long_pico * HOUR_US)
        rest = (
            f"at this speed the {money(left)} {budget.currency} that are left are gone in "
            f"{float(hours):.1f} hours" if left > 0 else "nothing is left of it"
        )  # fmt: skip
        return f"{speed(standing, about)}; {rest}. Look for what began lately.{unpriced(standing)}"
    said = f"{part(about)} of it is reached" if about < 1 else "it is exceeded"
    return (
        f"{amount(standing)}: {said}. See who spends it, or raise the limit in the catalog."
        f"{unpriced(standing)}"
    )


def less(standing: Standing, about: Fraction | Speed) -> str:
    """Return that an alert is over, as less is spent."""
    if isinstance(about, Speed):
        return f"{speed(standing, about)}, no longer too fast."
    return f"{amount(standing)}, less than {part(about)} of it.{unpriced(standing)}"


def passed(budget: Budget, mark: Mark, standing: Standing) -> str:
    """Return that an alert is over, as what it is about is there no more."""
    if mark.period != standing.period.name:
        return f"Budget {budget.name}: the period that it was about is over."
    return f"Budget {budget.name}: the catalog asks for this alert no longer."


def amount(standing: Standing) -> str:
    """Return what is spent of which limit, when."""
    budget = standing.budget
    spent, limit = money(standing.spent.pico), money(budget.limit)
    return f"Budget {budget.name}: {spent} of {limit} {budget.currency} are spent {span(standing)}"


def speed(standing: Standing, about: Speed) -> str:
    """Return how fast a budget is spent."""
    name, pair = standing.budget.name, about.pair
    return (
        f"Budget {name} is spent {float(about.long):.1f} times as fast as meets its limit "
        f"(over {pair.long_us // MINUTE_US} minutes; {float(about.short):.1f} over "
        f"{pair.short_us // MINUTE_US})"
    )


def span(standing: Standing) -> str:
    """Return a period in words."""
    period, budget = standing.period, standing.budget
    if rolling(budget.period) is not None:
        return f"in the last {budget.period}"
    if period.for_us == DAY_US:
        return f"on {period.name}"
    return f"in the {budget.period} from {day_of(period.start_us)}"


def unpriced(standing: Standing) -> str:
    """Return how many lines have no price, where there are such."""
    count = standing.spent.unpriced
    return f" {count} lines have no price yet and are not counted." if count else ""


def money(pico: int) -> str:
    """Return an amount for people, to the cent.

    >>> money(1_234_567_000_000_000)
    '1,234.57'
    """
    return f"{to_decimal(pico):,.2f}"


def part(of: Fraction) -> str:
    """Return a part of a limit in words.

    >>> part(Fraction(4, 5)), part(Fraction(1, 8)), part(Fraction(1))
    ('80 %', '12.5 %', '100 %')
    """
    return f"{float(of * 100):g} %"


def only(globs: tuple[str, ...]) -> str | None:
    """Return the one name that globs stand for; None where it is not one.

    >>> only(("h100",)), only(("h*",)), only(())
    ('h100', None, None)
    """
    return globs[0] if len(globs) == 1 and not GLOB.search(globs[0]) else None


def query(standing: Standing, tenants: Iterable[str]) -> str:
    """Return SQL that shows who spends it and on what, over the view of lines in force."""
    where = " AND ".join(conditions(standing, tuple(tenants)))
    return (
        f"SELECT tenant, model, sum(cost) AS cost FROM cost_current WHERE {where} "  # noqa: S608 - every name is quoted
        f"GROUP BY tenant, model ORDER BY cost DESC LIMIT {LISTED}"
    )


def conditions(standing: Standing, tenants: tuple[str, ...]) -> Iterator[str]:
    """Yield what a line must be to count."""
    budget, period = standing.budget, standing.period
    yield f"window_start >= fromUnixTimestamp64Micro({period.start_us}, 'UTC')"
    yield f"window_start < fromUnixTimestamp64Micro({period.end_us}, 'UTC')"
    yield f"currency = {quoted(budget.currency)}"
    yield "NOT startsWith(pool, 'charge:')"
    if tenants:
        yield f"tenant IN ({', '.join(map(quoted, tenants))})"
    if budget.jobs:
        yield f"startsWith(meter, {quoted(TIME)})"
    for column, globs in (
        ("project", budget.projects),
        ("model", budget.models),
        ("job", budget.jobs),
        ("pool", budget.pools),
    ):
        if globs:
            fits = " OR ".join(f"match({column}, {quoted(expression(each))})" for each in globs)
            yield f"({fits})"


def expression(glob: str) -> str:
    r"""Return a glob as a regular expression of RE2.

    >>> expression("gpt-4*"), expression("a?[!b].c")
    ('(?s)^gpt\\-4.*$', '(?s)^a.[^b]\\.c$')
    """
    found, at = [], 0
    while at < len(glob):
        end = glob.find("]", at + 2) if glob[at] == "[" else -1
        if end > 0:
            inside = glob[at + 1 : end]
            negated, inside = inside.startswith("!"), inside.removeprefix("!")
            escaped = inside.replace("\\", "\\\\").replace("^", "\\^")
            found.append(f"[{'^' if negated else ''}{escaped}]")
            at = end + 1
            continue
        found.append({"*": ".*", "?": "."}.get(glob[at], re.escape(glob[at])))
        at += 1
    return f"(?s)^{''.join(found)}$"


def quoted(text: str) -> str:
    r"""Return a text as SQL has it.

    >>> print(quoted("it's \\"))
    'it\'s \\'
    """
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"

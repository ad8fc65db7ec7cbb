"""What is worth an alert, as people write it in a catalog."""

from collections.abc import Iterator
from decimal import Decimal
from string import Formatter
from typing import Annotated

from pydantic import Field, field_validator

from streams.config.catalog_dates import Lasting
from streams.config.document import Strict
from streams.config.exact import whole
from streams.config.faults import Fault, Loc
from streams.config.fields import Amount, Day, Hours, Name
from streams.core.alert_rules import ANY, CRITICAL_PER_HOUR, LINK_NAMES, MIN_PER_HOUR, MIN_TOTAL
from streams.core.money import PICO

AMOUNTS = ("min_per_hour", "min_total", "critical_per_hour")


class LinkTemplate(Strict):
    """Where to look further."""

    title: Name = Field(description="What is there.")
    url: Annotated[str, Field(pattern="^https?://")] = Field(
        description="Address, with names of what an alert is about in braces, e.g. "
        '"https://graphs.example/d/cost?var-tenant={tenant}&from={since_ms}&to={until_ms}". There '
        "are tenant, model, pool, kind, alert_id, since_ms and until_ms."
    )

    @field_validator("url")
    @classmethod
    def _names_known(cls, value: str) -> str:
        try:
            found = list(Formatter().parse(value))
        except ValueError:
            found = [("", "", None, None)]
        for _, name, form, conversion in found:
            if name is not None and (name not in LINK_NAMES or form or conversion):
                known = ", ".join(sorted(LINK_NAMES))
                raise ValueError(
                    f"expected in braces one of {known}, got {name!r}; a brace itself is doubled"
                )
        return value


class AlertRule(Lasting):
    """From which extra cost on something is said. The first that fits an alert holds."""

    name: Name = Field(description="What it is called.")
    tenants: tuple[Name, ...] = Field(
        default=ANY,
        min_length=1,
        description="Globs of tenants; of one that has others below it, theirs as well. Alerts of "
        "idle time in a pool are of __idle__, of sources and prices of __platform__, of "
        "right-sizing of the pool's platform account. Left out: all.",
    )
    kinds: tuple[Name, ...] = Field(
        default=ANY,
        min_length=1,
        description="Globs of kinds of alerts: cost_anomaly, unit_cost_anomaly, price_change, "
        "idle_anomaly, cost_growth, source_silent, source_incomplete, rightsize_low, "
        "rightsize_high. Left out: all.",
    )
    hours: Hours | None = Field(
        default=None,
        description='Only at these hours (UTC), e.g. "22:00-04:00"; may end on the next day. Left '
        "out: at all.",
    )
    days: tuple[Day, ...] | None = Field(
        default=None,
        min_length=1,
        description="Days (UTC) on which the hours begin. Left out: every day.",
    )
    muted: bool = Field(
        default=False, description="Nothing begins while it holds; what has begun goes on."
    )
    min_per_hour: Amount = Field(
        default=Decimal(MIN_PER_HOUR // PICO),
        description="Extra cost an hour that something is said from, in the price book's currency.",
    )
    min_total: Amount = Field(
        default=Decimal(MIN_TOTAL // PICO), description="And extra cost in all."
    )
    critical_per_hour: Amount = Field(
        default=Decimal(CRITICAL_PER_HOUR // PICO),
        description="Extra cost an hour from which an alert is critical.",
    )
    links: tuple[LinkTemplate, ...] = Field(default=(), description="Where to look further.")

    def faults(self, loc: Loc) -> Iterator[Fault]:
        """Name what does not fit in it."""
        for name in AMOUNTS:
            amount = getattr(self, name)
            if whole(amount, PICO) is None:
                text = f"expected at most 12 decimals, got {amount:f}; round it"
                yield Fault((*loc, name), text)

"""What the demo's day costs, by core alone: no broker, no database, each batch once."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

from schemas.decimals import from_bytes, to_decimal
from schemas.records import CostLine
from streams.config.catalog import load_catalog
from streams.config.price_book import load_price_book
from streams.config_topic import PRICES
from streams.core.lines import WindowPool
from streams.core.metering import Rules, meter_batch
from streams.core.window import Window
from streams.core.windows import MINUTE_US
from streams.demo.command import CATALOG
from streams.demo.figures import KINDS, Tenant
from streams.demo.load import made_up_day
from streams.demo.plan import Plan
from tests.builders.drawing import agreed

THOUSAND = 1000


@dataclass(slots=True)
class Day:
    """Sums of the day, in pico, and how much was counted."""

    events: int = 0
    windows: int = 0
    kinds: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    of_calls: Counter[str] = field(default_factory=Counter)  # what model calls cost, by tenant
    tokens: Counter[str] = field(default_factory=Counter)

    def tenants(self) -> list[Tenant]:
        """Return the tenants as the demo has them, dearest first."""
        found = []
        for name, kinds in self.kinds.items():
            cost, tokens = sum(kinds.values()), self.tokens[name]
            per_1k = to_decimal(self.of_calls[name] * THOUSAND) / tokens if tokens else None
            named = {
                said: to_decimal(sum(pico for kind, pico in kinds.items() if is_of(column, kind)))
                for said, column in KINDS.items()
            }
            found.append(Tenant(name, named, tokens, per_1k, to_decimal(cost)))
        return sorted(found, key=lambda tenant: (-tenant.cost, tenant.name))

    @property
    def cost(self) -> Decimal:
        """What all of it costs."""
        return sum((tenant.cost for tenant in self.tenants()), Decimal(0))


def is_of(column: str, kind: str) -> bool:
    """Whether lines of a kind are in a column of the demo's figures."""
    if column in {"tokens_cost", "resources_cost"}:
        return kind.startswith(column.removesuffix("s_cost") + ("s." if "tok" in column else "."))
    return kind == column


def whole_day(plan: Plan) -> Day:
    """Return what a day costs under the demo's catalog and the built-in prices."""
    prices, names = load_price_book(PRICES.default()), load_catalog(CATALOG.read_text("utf-8"))
    rules = Rules(prices, names, MINUTE_US, 5 * MINUTE_US)
    day, windows, seen = Day(), dict[WindowPool, Window](), set[tuple[str, int]]()
    for send in made_up_day(plan):
        batch_id = send.source, send.batch["seq"]
        if batch_id in seen:
            continue
        seen.add(batch_id)
        metered = meter_batch(send.record_name, send.batch, "o", rules, send.batch["sent_at_us"])
        day.events += metered.events
        count_tokens(day, rules, send.batch["events"], {each.index for each in metered.rejected})
        for each in metered.partials:
            where = WindowPool(each["window_start_us"], each["window_end_us"], each["pool"])
            if where not in windows:
                windows[where] = Window(where, 0, agreed(rules))
            windows[where].apply(each)
    day.windows = len(windows)
    for window in windows.values():
        for line in window.final():
            count_line(day, line)
    return day


def count_line(day: Day, line: CostLine) -> None:
    pico = from_bytes(line["cost"] or b"\0")
    day.kinds[line["tenant"]][line["kind"]] += pico
    if line["kind"].startswith("tokens.") or line["endpoint"] is not None:
        day.of_calls[line["tenant"]] += pico


def count_tokens(day: Day, rules: Rules, events: list[dict[str, int]], wrong: set[int]) -> None:
    for index, event in enumerate(events):
        if "input_tokens" in event and index not in wrong:
            tenant = rules.catalog.tenant(event["tenant"], event["at_us"])  # type: ignore[arg-type]  # a name
            used = (event["input_tokens"] or 0) + (event["output_tokens"] or 0)
            day.tokens[tenant] += used

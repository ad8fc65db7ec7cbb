"""Every step of the price of one call. Pure.

Its money is what metering makes of the event and allocation draws as lines. How it comes about is
said beside it, and held to it: `explain` raises where the two disagree.
"""

from dataclasses import dataclass
from typing import Final, cast

from schemas.decimals import from_bytes
from schemas.records import CostLine, InferenceUsage
from streams.core.call_price import REASONING, Used, by_meter, is_unknown
from streams.core.catalog import Catalog
from streams.core.charges import Override
from streams.core.inference import used_by
from streams.core.lines import Money, WindowPool
from streams.core.metering import LATEST_US, Rules, meter_batch
from streams.core.meters import PARTS, TOKEN_METERS, tier_of
from streams.core.money import half_even
from streams.core.policies import OneVersion
from streams.core.price import Rate
from streams.core.price_book import MeterUnit, PriceBook, Rates
from streams.core.rating import divisor_of
from streams.core.window import Window
from streams.core.windows import window_start
from streams.prices.choice import Choice, Sought, choose
from streams.prices.errors import BadCall

ANYBODY: Final = Catalog("none")  # any name is a tenant


@dataclass(frozen=True, slots=True)
class Part:
    """Tokens that a total includes; priced by themselves, or with the rest of it."""

    meter: str
    total: str
    tokens: int
    has_own_price: bool


@dataclass(frozen=True, slots=True)
class Priced:
    """One meter. Rates and quantity are core's integers; no money where there is no price."""

    meter: MeterUnit
    quantity: int
    choice: Choice
    rate: Rate | None
    override: Override | None
    lesser: tuple[Override, ...]  # overrides that fit too, and name less
    charged: int
    money: Money | None

    @property
    def divisor(self) -> int:
        """What turns quantity times rate into pico."""
        return divisor_of(self.meter[0])


@dataclass(frozen=True, slots=True)
class Explanation:
    """A call, and how each part of its price comes about."""

    event: InferenceUsage
    book: PriceBook
    sought: Sought
    window_us: int
    parts: tuple[Part, ...]
    priced: tuple[Priced, ...]
    is_unknown: bool

    @property
    def sum(self) -> Money:
        """What is priced, together."""
        found = [each.money for each in self.priced if each.money is not None]
        return Money(*(sum(amounts) for amounts in zip(*found, strict=True))) if found else Money()

    @property
    def is_complete(self) -> bool:
        """Whether everything that was used has a price."""
        return not self.is_unknown and all(each.money is not None for each in self.priced)


def explain(event: InferenceUsage, book: PriceBook, window_us: int) -> Explanation:
    """Return how one call is priced. Raises BadCall for one that metering rejects."""
    lines = metered_lines(event, book, window_us)
    tier = tier_of(event["service_tier"])
    prompt_tokens = event["input_tokens"] or 0
    sought = Sought(
        event["provider"], event["model"], event["region"], tier, event["at_us"], prompt_tokens
    )
    timeline = book.call_rates(sought.provider, sought.model, sought.region, tier)
    rates = timeline.at(sought.at_us).at(prompt_tokens)
    used = used_of(event)
    tenant = ANYBODY.tenant(event["tenant"], sought.at_us)
    terms = Terms(book, sought, rates, tenant, window_start(sought.at_us, window_us))
    priced = tuple(
        terms.priced(meter, quantity)
        for meter, quantity in sorted(by_meter(used, rates).items(), key=_order)
        if quantity or meter in rates
    )
    found = Explanation(
        event, book, sought, window_us, parts_of(used, rates), priced, is_unknown(used, rates)
    )
    _hold_to(found, lines)
    return found


def metered_lines(event: InferenceUsage, book: PriceBook, window_us: int) -> list[CostLine]:
    """Return the lines of a window in which there is only this call."""
    rules = Rules(book, ANYBODY, window_us, 0)
    batch = {"source": "explain", "epoch": 1, "seq": 0, "sent_at_us": 1, "losses": [],
             "events": [event]}  # fmt: skip
    metered = meter_batch("InferenceUsageBatch", batch, "explain", rules, LATEST_US)
    if metered.rejected:
        raise BadCall(metered.rejected[0].detail)
    [partial] = metered.partials
    where = WindowPool(partial["window_start_us"], partial["window_end_us"], partial["pool"])
    window = Window(where, 0, OneVersion(book, ANYBODY))
    window.apply(partial)
    return window.final()


def used_of(event: InferenceUsage) -> Used:
    """Return everything that a call used."""
    used = used_by(event)
    used.add_others(event["quantities"] or ())
    if not (used.others or event["input_tokens"] or event["output_tokens"]):
        used.count_nothing(event)
    return used


def parts_of(used: Used, rates: Rates) -> tuple[Part, ...]:
    """Return the tokens that are part of a total."""
    parts = ({REASONING: used.reasoning} if used.reasoning else {}) | (used.others or {})
    return tuple(
        Part(meter, PARTS[meter], tokens, (meter, unit) in rates)
        for (meter, unit), tokens in parts.items()
        if meter in PARTS and tokens
    )


@dataclass(frozen=True, slots=True)
class Terms:
    """What all meters of calls are priced by. `tenant`: who pays."""

    book: PriceBook
    sought: Sought
    rates: Rates
    tenant: str
    begin_us: int  # of the window

    def priced(self, meter: MeterUnit, quantity: int) -> Priced:
        """Return one meter with its money."""
        choice, rate = choose(self.book, meter, self.sought), self.rates.get(meter)
        _hold_choice_to(rate, choice, meter)
        if rate is None:
            return Priced(meter, quantity, choice, None, None, (), 0, None)
        sought = self.sought
        agreed = self.book.charges.of(
            self.tenant, sought.provider, sought.model, meter[0], self.begin_us
        )
        charged = rate.cost if agreed is None else agreed.billed_rate(rate.cost)
        amounts = (quantity * each for each in (*rate, charged))
        money = Money(*(half_even(amount, divisor_of(meter[0])) for amount in amounts))
        return Priced(
            meter, quantity, choice, rate, agreed, self.lesser(meter, agreed), charged, money
        )

    def lesser(self, meter: MeterUnit, agreed: Override | None) -> tuple[Override, ...]:
        """Return the overrides in force that another came before."""
        asked = (self.tenant, self.sought.provider, self.sought.model, meter[0])
        return tuple(
            each
            for each in self.book.charges.overrides
            if agreed is not None
            and each != agreed
            and each.from_us <= self.begin_us < each.to_us
            and all(
                said in {name, None}
                for said, name in zip(
                    (each.tenant, each.provider, each.model, each.meter), asked, strict=True
                )
            )
        )


def _hold_choice_to(rate: Rate | None, choice: Choice, meter: MeterUnit) -> None:
    """Raise where an entry was chosen by other rules than core's: a bug here."""
    if choice.rate != rate:
        raise AssertionError(f"expected {meter} to be priced at {rate}, explained {choice.rate}")


def _hold_to(found: Explanation, lines: list[CostLine]) -> None:
    """Raise where the lines say something else: a bug here."""
    explained = {(*each.meter, each.money) for each in found.priced}
    drawn = {
        (line["meter"], line["unit"], _money_of(line))
        for line in lines
        if from_bytes(line["quantity"]) or line["cost"] is not None
    }
    if found.is_unknown:
        drawn = {each for each in drawn if each[0] != "tokens.unknown"}
    if explained != drawn:
        raise AssertionError(f"expected lines of {drawn}, explained {explained}")


def _money_of(line: CostLine) -> Money | None:
    if line["cost"] is None:
        return None
    amounts = (line["cost"], line["list_cost"], line["billed_cost"])
    return Money(*(from_bytes(cast("bytes", amount)) for amount in amounts))


def _order(item: tuple[MeterUnit, int]) -> tuple[int, str]:
    name = item[0][0]
    return (TOKEN_METERS.index(name) if name in TOKEN_METERS else len(TOKEN_METERS)), name

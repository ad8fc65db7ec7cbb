"""Price books as `core` computes with them: rates are whole picos per million or hour."""

from fractions import Fraction

from schemas.decimals import ONE
from streams.config.agreements import WEIGHT_SCALE, Commitment, Override, Uplift
from streams.config.document import checked, read, version_of
from streams.config.exact import rate_of, sure, whole
from streams.config.fields import Dated
from streams.config.price_document import Document
from streams.config.price_entry import Entry
from streams.config.price_order import stay
from streams.config.weekly_hours import weekly
from streams.core import charges, commitments, uplifts
from streams.core.meters import TOKEN_METERS
from streams.core.price import GPU_DIVISOR, GPU_METER, Price
from streams.core.price_book import Agreements, PriceBook

WHAT = "price book"


def load_price_book(text: str) -> PriceBook:
    """Return the book a YAML document describes. Raises InvalidDocument with every fault."""
    return _book(read(Document, text, WHAT))


def price_book_of(document: Document) -> PriceBook:
    """Return the book of a document that was not read. Raises InvalidDocument."""
    return _book(checked(document, WHAT))


def _book(document: Document) -> PriceBook:
    normal = document.normal()
    agreements = Agreements(
        tuple(map(core_uplift, normal.uplifts)),
        tuple(map(core_override, normal.overrides)),
        tuple(map(core_commitment, normal.commitments)),
    )
    prices = map(core_price, normal.prices or ())
    return PriceBook(version_of(normal), normal.currency, prices, agreements)


def core_price(entry: Entry) -> Price:
    """Return an entry as `core` looks it up."""
    listed = entry.list_price
    from_us, to_us, source = dated(entry)
    return Price(
        entry.meter,
        entry.provider,
        entry.model,
        entry.pool,
        entry.core_unit,
        sure(rate_of(entry.meter, entry.price, entry.per_units)),
        from_us,
        to_us,
        source,
        from_tokens=entry.step,
        tier=entry.service_tier,
        region=entry.region,
        purchase=entry.purchase_option,
        hours=weekly(entry.hours, entry.days),
        list_rate=None if listed is None else sure(rate_of(entry.meter, listed, entry.per_units)),
    )


def core_uplift(uplift: Uplift) -> uplifts.Uplift:
    """Return an uplift as `core` applies it."""
    return uplifts.Uplift(
        uplift.region, Fraction(uplift.factor), uplift.provider, uplift.models, *dated(uplift)
    )


def core_override(override: Override) -> charges.Override:
    """Return an agreement as `core` applies it. Steps begin at quantities in base units."""
    meter = override.meter or ""
    rates = [sure(rate_of(meter, amount, override.per)) for _, amount in override.amounts()]
    scale = base_units(meter)
    steps = zip((step.from_units * scale for step in override.volume or ()), rates, strict=False)
    return charges.Override(
        override.tenant,
        override.provider,
        override.model,
        override.meter,
        override.factor,
        rates[0] if override.price is not None else None,
        tuple(steps),
        *dated(override),
    )


def core_commitment(commitment: Commitment) -> commitments.Commitment:
    """Return a commitment as `core` draws on it, work in thousandths."""
    weights = ((m, sure(whole(w, WEIGHT_SCALE))) for m, w in commitment.work.items())
    return commitments.Commitment(
        commitment.name,
        commitment.provider,
        commitment.models,
        tuple(sorted(weights)),
        commitment.per_hour * WEIGHT_SCALE,
        sure(whole(commitment.price_per_hour, ONE)),
        *dated(commitment),
    )


def dated(entry: Dated) -> tuple[int, int, str]:
    """Return from when until when an entry holds that was filled in, and by whose word."""
    from_us, to_us, _ = stay(entry, ())
    return from_us, to_us, sure(entry.source)


def base_units(meter: str) -> int:
    """Return how many base units of `core` a unit of a meter has."""
    if meter == GPU_METER:
        return GPU_DIVISOR
    return 1 if meter in TOKEN_METERS else ONE

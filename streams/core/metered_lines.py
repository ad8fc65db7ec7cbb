"""Lines of usage that is paid by its own meters: each costs what they say, rounded once."""

from streams.core.coverage import Agreed, cover, is_commitment, money_of
from streams.core.gpu import GPU
from streams.core.lines import NO_MONEY, Dimensions, Figures, Lines, Money
from streams.core.meters import CALL_PREFIX
from streams.core.money import PICO, half_even
from streams.core.monthly_lines import is_shared_time
from streams.core.reserved import UNATTRIBUTED
from streams.core.sums import EVIDENCE, Entry, Key, MeterKey

WORK = "work"
EVENTS_RIDE_ON = "tokens.input"  # the meter nearly every priced call has
NOTHING = (0,)  # of a meter that an entry has not
SCALED = (CALL_PREFIX, "resource.")  # meters counted in 1e-12 of their unit


def metered(lines: Lines, entries: list[tuple[Key, Entry]]) -> None:
    """Draw the lines of usage that is paid by its own meters, and of what is not counted."""
    for key, entry in entries:
        own = [
            (meter, total)
            for meter, total in sorted(entry.meters.items())
            if not meter.name.startswith(GPU)
            and meter.name != WORK
            and not is_commitment(meter)
            and not is_shared_time(meter)
            and meter != EVIDENCE
        ]
        evidence, *_ = entry.meters.get(EVIDENCE, NOTHING)
        if evidence:
            seen = line(lines, key, key.tenant or UNATTRIBUTED, EVIDENCE)
            seen.add(scaled(EVIDENCE, evidence), NO_MONEY, evidence)
        events = entry.events
        own.sort(key=lambda item: item[0].name != EVENTS_RIDE_ON)
        for meter, (quantity, *amounts) in own:
            figures = line(lines, key, key.tenant or UNATTRIBUTED, meter)
            money = Money(*(half_even(amount, meter.divisor) for amount in amounts))
            figures.add(scaled(meter, quantity), money, events)
            if not meter.priced:
                figures.money = None
            events = 0


def covered(lines: Lines, entries: list[tuple[Key, Entry]], agreed: Agreed) -> None:
    """Have commitments pay for the usage they cover; what nobody used of them is idle."""
    usage, unused = cover(entries, agreed)
    for each in usage:
        figures = line(lines, each.key, each.key.tenant or UNATTRIBUTED, each.meter)
        figures.money = money_of(each, agreed, figures.money or NO_MONEY)
    lines |= unused


def scaled(meter: MeterKey, quantity: int) -> int:
    """Return a quantity in 1e-12 of its unit, which some are counted in already."""
    return quantity if meter.name.startswith(SCALED) else quantity * PICO


def line(lines: Lines, key: Key, tenant: str, meter: MeterKey) -> Figures:
    """Return the figures of a metered line, made when it is new."""
    kind = meter.name if meter.priced else "unpriced"
    return lines.setdefault(dimensions(key, tenant, kind, meter), Figures())


def dimensions(key: Key, tenant: str, kind: str, meter: MeterKey) -> Dimensions:
    """Return what a metered line is about."""
    return Dimensions(
        tenant,
        key.project,
        kind,
        meter.name,
        key.provider,
        key.model,
        key.endpoint,
        key.job,
        meter.unit,
        key.region,
        key.service_tier,
    )

"""What was found of what was injected, how soon, and what was said for nothing.

An alert is about an injection when it is of one of its tenants (of a forgotten job also of its
pool; one of a changed price, of its model) and opened while it went on, or so soon after that it
can only be late. Alerts of too little, and of sources that are not heard, are held against falls,
all others against overspends.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from schemas.decimals import from_bytes
from schemas.records import Alert
from streams.core.money import PICO
from streams.core.series.keys import KIND_OF
from streams.core.silence import KIND as SILENT
from streams.core.windows import MINUTE_US
from tests.bench.anomaly.drive import Driven, Saying
from tests.bench.anomaly.injection import FALLS, OVERSPENDS, Injection, Kind
from tests.bench.anomaly.season import DAY, at_us
from tests.bench.anomaly.world import World

PRICE: Final = KIND_OF["price"]
COUNTED: Final = 50 * PICO  # extra cost an hour from which on an overspend is to be found
MINUTES_AN_HOUR: Final = 60
AFTER: Final = 15  # minutes after its end in which an alert may still be about it
MONTH: Final = 30 * DAY


@dataclass(frozen=True, slots=True)
class Found:
    """One overspend that was to be found. `after`: minutes until it was; None: never.

    Counted from the begin of the first minute that cost more than is to be found.
    """

    kind: Kind
    name: str
    after: float | None
    is_rightly_put: bool


@dataclass(slots=True)
class Score:
    """What came of one world in the days that are not quiet."""

    found: list[Found] = field(default_factory=list)
    falls: dict[Kind, list[bool]] = field(default_factory=dict)  # whether each was said
    meant: list[Saying] = field(default_factory=list)  # about an injection
    wrong: list[Saying] = field(default_factory=list)  # of too much, about nothing
    wrong_falls: list[Saying] = field(default_factory=list)
    tenant_months: float = 0.0
    series_months: float = 0.0

    def add(self, opened: Saying, *, is_meant: bool) -> None:
        """Count an alert when it is opened."""
        if is_meant:
            self.meant.append(opened)
        else:
            (self.wrong_falls if is_fall(opened.alert) else self.wrong).append(opened)


def judge(driven: Driven) -> Score:
    """Hold what was said against what was injected."""
    world = driven.world
    months = (world.minutes - world.quiet) / MONTH
    tenants = {use.tenant for use in world.uses} | {job.tenant for job in world.jobs}
    score = Score(tenant_months=months * len(tenants), series_months=months * driven.series)
    for injection, extra in zip(world.injections, driven.extra, strict=True):
        about = [each for each in driven.sayings if is_about(each, injection)]
        if injection.kind in FALLS:
            score.falls.setdefault(injection.kind, []).append(bool(about))
        elif injection.is_overspend:
            score.found += found_of(world, injection, extra, about)
    for each in driven.sayings:
        if each.alert["state"] == "opened":
            score.add(each, is_meant=any(is_about(each, one) for one in world.injections))
    return score


def is_about(saying: Saying, injection: Injection) -> bool:
    """Whether an alert that goes on is about an injection."""
    alert = saying.alert
    kinds: Sequence[Kind] = FALLS if is_fall(alert) else OVERSPENDS
    begin_us, end_us = at_us(injection.begin), at_us(injection.end + AFTER)
    if injection.kind not in kinds or not begin_us <= saying.now_us < end_us:
        return False
    if alert["kind"] == SILENT:
        is_it = injection.source is not None and alert["source"] in {None, injection.source}
        return is_it and alert["state"] != "resolved"
    pool = injection.job.pool if injection.job else None
    of_pool = pool is not None and alert["pool"] == pool
    of_price = alert["kind"] == PRICE and alert["model"] == injection.model
    of_tenant = alert["kind"] != PRICE and alert["tenant"] in injection.tenants
    return alert["state"] != "resolved" and (of_pool or of_price or of_tenant)


def is_fall(alert: Alert) -> bool:
    """Whether an alert says that something costs too little, or is not heard."""
    return alert["kind"] == SILENT or from_bytes(alert["excess_per_hour"] or b"") < 0


def found_of(
    world: World, injection: Injection, extra: Mapping[int, int], about: Sequence[Saying]
) -> Iterator[Found]:
    """Yield what became of an overspend; nothing of one that never cost enough."""
    counted = [minute for minute, pico in extra.items() if pico * MINUTES_AN_HOUR > COUNTED]
    if not counted:
        return
    if not about:
        yield Found(injection.kind, name_of(injection), None, is_rightly_put=False)
        return
    first = min(about, key=lambda each: each.now_us)
    after = max(first.now_us - at_us(min(counted)), 0) / MINUTE_US
    right = is_rightly_put(first.alert, causes_of(world, injection))
    yield Found(injection.kind, name_of(injection), after, right)


def name_of(injection: Injection) -> str:
    """Return what tells it from others of a seed."""
    day, minute = divmod(injection.begin, DAY)
    whom = ", ".join(injection.tenants)
    return f"{injection.kind} of {whom} on day {day} at {minute // 60:02}:{minute % 60:02}"


def causes_of(world: World, injection: Injection) -> dict[str, set[str]]:
    """Return what may be named as the cause of an injection, by dimension."""
    uses = [use for use in world.uses if use.name in injection.uses]
    if injection.job is not None:
        return {"project": {injection.job.project}, "tenant": {injection.job.tenant}}
    models = {injection.model_of(use.model) for use in uses}
    if injection.kind == "price change":
        return {"model": models}
    return {"model": models, "project": {use.project for use in uses}}


def is_rightly_put(alert: Alert, causes: Mapping[str, set[str]]) -> bool:
    """Whether the greatest part of an alert in each dimension is what was injected."""
    greatest: dict[str, str] = {"model": alert["model"]} if alert["model"] else {}
    for each in alert["contributors"]:
        greatest.setdefault(each["dimension"], each["value"])
    told = greatest.keys() & causes.keys()
    return bool(told) and all(greatest[name] in causes[name] for name in told)

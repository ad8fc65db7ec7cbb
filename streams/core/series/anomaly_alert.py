"""What an alert about an unusual cost says: how much, since when, whose, and where to look."""

from dataclasses import dataclass

from schemas.decimals import to_bytes
from schemas.records import Alert, AlertSeverity, AlertState, Contributor
from streams.core.alert_rules import AlertRule
from streams.core.alerts import NO_DETAILS, with_links
from streams.core.money import half_even
from streams.core.series.anomaly_query import query_of
from streams.core.series.anomaly_words import over_words, words
from streams.core.series.episode import Episode
from streams.core.series.keys import KINDS, SeriesKey, kind_of, payer_of, series_of
from streams.core.series.parts import MAIN_RATIO, Contribution
from streams.core.series.verdict import Verdict
from streams.core.series.watched import Watched
from streams.core.windows import HOUR_US


@dataclass(frozen=True, slots=True)
class Occasion:
    """What is going on in a series, and under which rule and group it is spoken of."""

    of: Watched
    episode: Episode
    since_us: int
    rule: AlertRule
    group: str | None

    @property
    def alert_id(self) -> str:
        """Identity of the alert."""
        return alert_id(self.of.key, self.since_us)

    @property
    def verdict(self) -> Verdict:
        """What is shown: the newest stretch that was unusual, or the newest when that is over."""
        return self.of.newest(is_over=self.episode.is_over)

    @property
    def excess(self) -> int:
        """Extra cost so far, in pico."""
        return self.of.course.excess

    @property
    def excess_per_hour(self) -> int:
        """Extra cost of an hour, in pico."""
        return self.verdict.per_hour(self.verdict.excess)

    @property
    def severity(self) -> AlertSeverity:
        """How much it matters."""
        if self.episode.turn < 0:
            return "info"
        is_dear = self.excess_per_hour >= self.rule.critical_per_hour
        return "critical" if is_dear else "warning"


def alert_id(key: SeriesKey, since_us: int) -> str:
    """Return the identity of an alert: of the series, and when it began."""
    return f"{kind_of(key)}/{key.name}/{since_us}"


def alert_of(of: Occasion, state: AlertState, revision: int) -> Alert:
    """Return an alert as it is to be said."""
    key, verdict = of.of.key, of.verdict
    parts = of.of.contributions()
    alert: Alert = {
        **NO_DETAILS,
        "alert_id": of.alert_id,
        "tenant": payer_of(key),
        "kind": kind_of(key),
        "state": state,
        "since_us": of.since_us,
        "at_us": verdict.end_us,
        "expected": to_bytes(verdict.per_hour(verdict.expected)),
        "actual": to_bytes(verdict.per_hour(verdict.actual)),
        "excess": to_bytes(of.excess),
        "currency": key.currency,
        "summary": words(key, verdict, of.since_us, of.excess, parts, is_over=of.episode.is_over),
        "severity": of.severity,
        "revision": revision,
        "expected_low": to_bytes(verdict.low_per_hour),
        "expected_high": to_bytes(verdict.high_per_hour),
        "excess_per_hour": to_bytes(of.excess_per_hour),
        "model": key.model or None,
        "pool": key.pool or None,
        "contributors": [contributor_of(each, verdict) for each in parts],
        "query": query_of(key, of.since_us, verdict.end_us),
        "group": of.group,
    }
    return with_links(alert, of.rule)


def ended(said: Alert, at_us: int) -> Alert:
    """Return the end of an alert of which nothing is known but what was said."""
    revision = (said["revision"] or 1) + 1
    summary = over_words(said["summary"])
    return {**said, "state": "resolved", "at_us": at_us, "summary": summary, "revision": revision}


def series_of_alert(alert: Alert) -> SeriesKey | None:
    """Return the series an alert is about; None where it is about something else."""
    kind, _, rest = alert["alert_id"].partition("/")
    name, _, _ = rest.partition("/")
    return series_of(name) if kind in KINDS else None


def cause_of(of: Watched) -> str:
    """Return what an alert is taken to come from: a model, a pool, or its tenant itself."""
    key = of.key
    if key.pool:
        return f"pool:{key.pool}"
    main = (
        each.part.name
        for each in of.contributions()
        if each.part.dimension == "model" and each.share > MAIN_RATIO
    )
    model = key.model or next(main, "")
    return f"model:{model}" if model else f"tenant:{key.tenant}"


def contributor_of(of: Contribution, verdict: Verdict) -> Contributor:
    """Return a part of an extra cost as the topic carries it."""
    per_hour = half_even(of.excess * HOUR_US, verdict.end_us - verdict.start_us)
    return {
        "dimension": of.part.dimension,
        "value": of.part.name,
        "excess": to_bytes(per_hour),
        "share": of.share,
    }

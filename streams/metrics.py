"""Every metric of the processors and of `apportion up`, and the one way to count them.

`Metric` is the truth; docs/metrics.md is generated from it. Each carries the label `processor`
beside its own; labels are bounded, so a tenant is never one. The registry is passed in.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Literal, TypeAlias, cast

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

Kind = Literal["counter", "gauge", "histogram"]

BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Spec:
    """One metric. `name` ends in its unit; `act` tells an operator what to do about it."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    act: str


class Metric(Enum):
    """The metrics, by what they count."""

    RECORDS_IN = Spec(
        "apportion_records_in_total",
        "counter",
        ("topic",),
        "Messages read. When it stands still while lag grows, restart the processor.",
    )
    EVENTS_IN = Spec(
        "apportion_events_in_total",
        "counter",
        ("topic",),
        "Usage events in those messages. Compare with what the producers say they sent.",
    )
    OUTCOMES = Spec(
        "apportion_outcomes_total",
        "counter",
        ("kind", "reason"),
        "What became of the input. When `late` or `dropped` rises, look for its reason upstream.",
    )
    DEAD_LETTERS = Spec(
        "apportion_dead_letters_total",
        "counter",
        ("reason",),
        "Messages and events that could not be counted. Read dlq.usage.v1 and fix the producer.",
    )
    UNATTRIBUTED = Spec(
        "apportion_unattributed_total",
        "counter",
        ("reason",),
        "Calls, quantities and holders of GPUs without a tenant that is known and theirs to name. "
        "When it rises, ask `apportion catalog unattributed` whose they are.",
    )
    EVIDENCE = Spec(
        "apportion_evidence_total",
        "counter",
        (),
        "Calls told by observers of a lesser precedence, kept until it is known whether another "
        "tells of them. When it stands still, such an observer has gone silent.",
    )
    STEP_S = Spec(
        "apportion_step_seconds",
        "histogram",
        (),
        "Time to handle one message. When it grows, add workers of this processor.",
    )
    LAG = Spec(
        "apportion_consumer_lag_records",
        "gauge",
        ("topic", "partition"),
        "Messages not read yet. When it keeps growing, add workers or look for a stuck one.",
    )
    WATERMARK_DELAY_S = Spec(
        "apportion_watermark_delay_seconds",
        "gauge",
        ("partition",),
        "How far event time is behind the clock. When it grows, find the origin that is silent.",
    )
    OPEN_WINDOWS = Spec(
        "apportion_state_windows",
        "gauge",
        (),
        "Windows in memory. When it keeps growing, windows do not close: look at watermark delay.",
    )
    BATCH_IDS = Spec(
        "apportion_state_batch_ids",
        "gauge",
        (),
        "Batch ids in memory. When memory is short, lower allocate.lateness_s or add workers.",
    )
    EMIT_S = Spec(
        "apportion_emit_seconds",
        "histogram",
        (),
        "Time to compute and send the changed lines. When it nears a second, add partitions.",
    )
    LINES_OUT = Spec(
        "apportion_lines_emitted_total",
        "counter",
        ("status",),
        "Cost lines sent. No final ones for longer than lateness means windows do not close.",
    )
    INSERT_ROWS = Spec(
        "apportion_insert_rows_total",
        "counter",
        ("table",),
        "Rows written to ClickHouse. When it stands still while lag grows, look at ClickHouse.",
    )
    INSERT_S = Spec(
        "apportion_insert_seconds",
        "histogram",
        ("table",),
        "Time of one insert. When it grows, raise store.flush_rows or look at ClickHouse's merges.",
    )
    REBALANCES = Spec(
        "apportion_rebalances_total",
        "counter",
        (),
        "Times the group handed partitions out. When it keeps rising, a worker dies or is slow.",
    )
    CONFIG_PUBLISHED_S = Spec(
        "apportion_config_published_seconds",
        "gauge",
        ("kind",),
        "When the price book or catalog in force was published, Unix time; 0: the built-in one. A "
        "worker that stays behind the others does not hear of what is published: restart it.",
    )
    CONFIG_REFUSED = Spec(
        "apportion_config_refused_records",
        "gauge",
        ("kind",),
        "Is 1 while what was published last cannot be read and the one before is in force. Read "
        "/health, publish a right one or upgrade this worker.",
    )
    WATCHED_JOBS = Spec(
        "apportion_state_jobs",
        "gauge",
        (),
        "Jobs under a cap in memory. When memory is short, cap fewer or lower watch.remember_s.",
    )
    WATCHED_BUDGETS = Spec(
        "apportion_state_budgets",
        "gauge",
        (),
        "Budgets of the catalog that this worker judges. When it is 0 everywhere, nobody leads.",
    )
    WATCHED_SERIES = Spec(
        "apportion_state_series",
        "gauge",
        (),
        "Series of costs watched for anomalies. At anomalies.max_series, raise it: others are not "
        "watched, and /health says how many.",
    )
    WATCHED_LINES = Spec(
        "apportion_state_lines",
        "gauge",
        (),
        "Cost lines in memory. When memory is short, lower watch.reread_every_s or budgets.live_s.",
    )
    HISTORY_S = Spec(
        "apportion_history_seconds",
        "histogram",
        (),
        "Time of one question to ClickHouse. Until it is answered, new jobs wait for their alerts.",
    )
    NOTICES = Spec(
        "apportion_notices_total",
        "counter",
        ("sink", "outcome"),
        "What became of alerts to be told. When `refused` rises, read /health and the log, put it "
        "right, and run `apportion notify resend`.",
    )
    NOTIFY_REQUESTS = Spec(
        "apportion_notify_requests_total",
        "counter",
        ("sink", "answer"),
        "Tries to tell. `later` is tried again by itself; when it keeps rising, look at the sink.",
    )
    NOTIFY_S = Spec(
        "apportion_notify_seconds",
        "histogram",
        ("sink",),
        "Time of one try. When it nears notify.request_timeout_s, look at the sink.",
    )
    NOTICES_WAITING = Spec(
        "apportion_notices_waiting_records",
        "gauge",
        ("sink",),
        "Alerts that wait to be told. When it keeps growing, look at the sink or route it less.",
    )
    PART_RESTARTS = Spec(
        "apportion_part_restarts_total",
        "counter",
        ("part",),
        "Times `up` started a part again. When it rises, read the last lines of that part's log.",
    )
    BROKER_MEMORY = Spec(
        "apportion_broker_memory_bytes",
        "gauge",
        (),
        "Memory of the embedded broker, which never frees any. Near the bound, start anew or use "
        "a real Kafka.",
    )


Instrument: TypeAlias = Counter | Gauge | Histogram


class Metrics:
    """The metrics of one processor. Calls cost a dictionary look-up and an addition."""

    def __init__(self, registry: CollectorRegistry, processor: str) -> None:
        self._registry = registry
        self._processor = processor
        self._families: dict[Metric, Instrument] = {}
        self._children: dict[tuple[Metric, tuple[str, ...]], Instrument] = {}

    def count(self, metric: Metric, n: float = 1, **labels: str) -> None:
        """Add to a counter."""
        cast("Counter", self._child(metric, labels)).inc(n)

    def set(self, metric: Metric, value: float, **labels: str) -> None:
        """Set a gauge."""
        cast("Gauge", self._child(metric, labels)).set(value)

    def observe(self, metric: Metric, for_s: float, **labels: str) -> None:
        """Note how long something took, in seconds."""
        cast("Histogram", self._child(metric, labels)).observe(for_s)

    def forget(self, metric: Metric, **labels: str) -> None:
        """Stop reporting one combination of labels, e.g. of a partition that was taken away."""
        key = (metric, tuple(labels.values()))
        if self._children.pop(key, None) is not None:
            self._families[metric].remove(self._processor, *key[1])

    def _child(self, metric: Metric, labels: dict[str, str]) -> Instrument:
        key = (metric, tuple(labels.values()))
        child = self._children.get(key)
        if child is None:
            child = self._children[key] = self._make(metric, labels)
        return child

    def _make(self, metric: Metric, labels: dict[str, str]) -> Instrument:
        if tuple(labels) != metric.value.labels:
            raise TypeError(
                f"{metric.name} takes the labels {metric.value.labels} in this order, "
                f"got {tuple(labels)}"
            )
        family = self._families.get(metric)
        if family is None:
            family = self._families[metric] = self._family(metric.value)
        return family.labels(self._processor, *labels.values())

    def _family(self, spec: Spec) -> Instrument:
        labels = ("processor", *spec.labels)
        if spec.kind == "histogram":
            return Histogram(
                spec.name, spec.act, labels, registry=self._registry, buckets=BUCKETS_S
            )
        make: Callable[..., Instrument] = Counter if spec.kind == "counter" else Gauge
        return make(spec.name, spec.act, labels, registry=self._registry)

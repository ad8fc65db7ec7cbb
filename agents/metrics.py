"""How an agent counts: metrics are an enum of `Spec`, and a registry is passed in.

Labels are bounded; a tenant is never one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Literal, TypeAlias, cast

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

Kind = Literal["counter", "gauge", "histogram"]
Instrument: TypeAlias = Counter | Gauge | Histogram

BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Spec:
    """One metric. `name` ends in its unit; `act` tells an operator what to do about it."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    act: str


class Metrics:
    """The metrics of one agent, made as they are first used."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._made: dict[Enum, Instrument] = {}

    def count(self, metric: Enum, n: float = 1, **labels: str) -> None:
        """Add to a counter."""
        cast("Counter", self._child(metric, labels)).inc(n)

    def set(self, metric: Enum, value: float, **labels: str) -> None:
        """Set a gauge."""
        cast("Gauge", self._child(metric, labels)).set(value)

    def observe(self, metric: Enum, for_s: float, **labels: str) -> None:
        """Note how long something took, in seconds."""
        cast("Histogram", self._child(metric, labels)).observe(for_s)

    def _child(self, metric: Enum, labels: dict[str, str]) -> Instrument:
        made = self._made.get(metric)
        if made is None:
            made = self._made[metric] = self._make(metric.value)
        return made.labels(**labels) if labels else made

    def _make(self, spec: Spec) -> Instrument:
        if spec.kind == "histogram":
            return Histogram(
                spec.name, spec.act, spec.labels, registry=self._registry, buckets=BUCKETS_S
            )
        make: Callable[..., Instrument] = Counter if spec.kind == "counter" else Gauge
        return make(spec.name, spec.act, spec.labels, registry=self._registry)

"""Counting is cheap, labelled as declared, and goes to the registry that was passed in."""

import re

import pytest
from prometheus_client import CollectorRegistry

from streams.metrics import Metric, Metrics

UNIT = {
    "counter": r"_total$",
    "gauge": r"_(records|seconds|bytes|windows|batch_ids|jobs|budgets|series|lines)$",
    "histogram": r"_seconds$",
}


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def metrics(registry: CollectorRegistry) -> Metrics:
    return Metrics(registry, "meter")


@pytest.mark.parametrize("metric", Metric)
def test_a_name_ends_in_its_unit(metric: Metric) -> None:
    assert re.search(UNIT[metric.value.kind], metric.value.name)
    assert metric.value.name.startswith("apportion_")


@pytest.mark.parametrize("metric", Metric)
def test_what_to_do_is_whole_sentences(metric: Metric) -> None:
    assert re.fullmatch(r"[A-Z].*\.", metric.value.act)


def test_no_metric_is_labelled_by_tenant() -> None:
    assert [m for m in Metric if "tenant" in m.value.labels] == []


def test_counts_add_up_under_the_processor(registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.count(Metric.OUTCOMES, kind="late", reason="closed")
    metrics.count(Metric.OUTCOMES, 4, kind="late", reason="closed")
    labels = {"processor": "meter", "kind": "late", "reason": "closed"}
    assert registry.get_sample_value("apportion_outcomes_total", labels) == 5


def test_a_gauge_holds_the_last_value(registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.set(Metric.LAG, 9, topic="t", partition="0")
    metrics.set(Metric.LAG, 2, topic="t", partition="0")
    labels = {"processor": "meter", "topic": "t", "partition": "0"}
    assert registry.get_sample_value("apportion_consumer_lag_records", labels) == 2


def test_a_partition_that_was_taken_away_is_no_longer_reported(
    registry: CollectorRegistry, metrics: Metrics
) -> None:
    labels = {"processor": "meter", "topic": "t", "partition": "0"}
    metrics.set(Metric.LAG, 9, topic="t", partition="0")
    metrics.forget(Metric.LAG, topic="t", partition="0")
    metrics.forget(Metric.LAG, topic="t", partition="never seen")
    assert registry.get_sample_value("apportion_consumer_lag_records", labels) is None


def test_durations_are_counted_and_summed(registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.observe(Metric.STEP_S, 0.5)
    metrics.observe(Metric.STEP_S, 0.25)
    labels = {"processor": "meter"}
    assert registry.get_sample_value("apportion_step_seconds_count", labels) == 2
    assert registry.get_sample_value("apportion_step_seconds_sum", labels) == 0.75


def test_labels_that_were_not_declared_are_refused(metrics: Metrics) -> None:
    with pytest.raises(TypeError, match="takes the labels"):
        metrics.count(Metric.RECORDS_IN, tenant="acme")
    with pytest.raises(TypeError, match="takes the labels"):
        metrics.set(Metric.LAG, 1, partition="0", topic="t")


def test_two_processors_do_not_share_a_registry() -> None:
    first, second = CollectorRegistry(), CollectorRegistry()
    Metrics(first, "meter").count(Metric.REBALANCES)
    Metrics(second, "meter").count(Metric.REBALANCES)
    labels = {"processor": "meter"}
    assert first.get_sample_value("apportion_rebalances_total", labels) == 1

"""The promise on a cluster of three: brokers killed, paused, rolled; workers come and go."""

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.servers import apache_kafka
from tests.servers.apache_kafka import Cluster
from tests.system import broker_faults, stack, worker_faults
from tests.system.play import SETTINGS, Plan, Run, Size, judge

SEED = int(os.environ.get("APPORTION_TEST_SEED", "1"))
LONG, SHORT = 400, 150  # slots: brokers take their time
EVENTS = 60  # a batch, at most: a load is here to be there, not to be large
WITHIN_S = 500.0

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(WITHIN_S + 120)]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with apache_kafka.cluster(tmp_path / "cluster", 3) as found:
        yield found


def played(folder: Path, cluster: Cluster, plan: Plan, slots: int) -> Run:
    """Judge a run on a cluster."""
    system = stack.running(folder, SETTINGS, bootstrap=cluster.bootstrap, replication=3)
    run = Run(SEED, Size(slots, EVENTS, WITHIN_S), system, plan)
    judge(run)
    return run


def test_brokers_come_and_go_and_every_cent_is_accounted_for_once(
    tmp_path: Path, cluster: Cluster
) -> None:
    plan = partial(broker_faults.kills_and_pauses, cluster=cluster)
    run = played(tmp_path, cluster, plan, LONG)
    assert run.ends == [], "a worker ended instead of finding its brokers again"


def test_workers_come_and_go_and_every_cent_is_accounted_for_once(
    tmp_path: Path, cluster: Cluster
) -> None:
    run = played(tmp_path, cluster, worker_faults.scaling, SHORT)
    assert sum(run.abuse.kills.values()) == 4

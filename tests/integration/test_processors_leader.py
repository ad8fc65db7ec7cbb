"""One worker of a group reads all cost lines; another takes over and has read every one."""

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from schemas import topics
from schemas.codec import Codec
from streams.kafka.batch import publish_all
from streams.kafka.whole import WholeTopic
from streams.settings import KafkaSettings
from tests.builders.cost_lines import line
from tests.daemon import Daemon

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

CODEC = Codec()
WITHIN_S = 90.0  # on a busy machine
LOOK_S = 0.05
CHILD = Path(__file__).parents[1] / "leader_child.py"
CHECKOUT = Path(__file__).parents[2]


@dataclass(slots=True)
class Worker(Daemon):
    """One worker of the group."""

    bootstrap: str
    folder: Path
    name: str

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    def start(self) -> None:
        command = [sys.executable, str(CHILD), self.bootstrap]
        self.launch(command, self.folder, {"PYTHONPATH": str(CHECKOUT)})

    @property
    def said(self) -> list[str]:
        whole = self.log.read_text("utf-8", "replace").rpartition("\n")[0]
        return whole.splitlines()

    @property
    def read(self) -> list[str]:
        """Return the ids of the lines it read, in order."""
        return [each.split()[1] for each in self.said if each.startswith("line ")]


@pytest.fixture
def workers(kafka: KafkaSettings, tmp_path: Path) -> Iterator[list[Worker]]:
    made = [Worker(kafka.bootstrap, tmp_path, name) for name in ("one", "other")]
    yield made
    for each in made:
        each.stop()


def send(kafka: KafkaSettings, numbers: range) -> set[str]:
    """Send lines of several tenants; return their ids."""
    lines = [line(number, tenant=f"t{number % 9}") for number in numbers]
    publish_all(
        kafka,
        topics.COST_LINE.name,
        [(each["tenant"], CODEC.encode("CostLine", each)) for each in lines],
    )
    return {each["line_id"] for each in lines}


def waited(is_so: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + WITHIN_S
    while not is_so():
        assert time.monotonic() < deadline_s
        time.sleep(LOOK_S)


def read_on(whole: WholeTopic) -> int:
    """Read until all was read that there is; return how many messages that were."""
    whole.look_again()
    found = 0
    while True:
        found += len(whole.more())
        if whole.is_at_end:
            return found


def test_one_leads_and_when_it_is_killed_the_other_has_read_everything(
    kafka: KafkaSettings, workers: list[Worker]
) -> None:
    for each in workers:
        each.start()
    waited(lambda: sorted(each.said[-1:] for each in workers) == [["leads"], ["stands_by"]])
    other, leader = sorted(workers, key=lambda each: each.said[-1:] == ["leads"])
    sent = send(kafka, range(2000))
    waited(lambda: len(leader.read) == len(sent))
    assert set(leader.read) == sent
    assert other.read == []
    sent |= send(kafka, range(2000, 3000))
    leader.kill()
    waited(lambda: f"at_end {len(sent)}" in other.said)
    assert len(other.read) == len(sent)
    assert set(other.read) == sent


def test_asked_again_each_partition_tells_the_end_that_there_is_now(kafka: KafkaSettings) -> None:
    whole = WholeTopic(kafka, topics.COST_LINE.name)
    try:
        assert read_on(whole) == 0
        sent = send(kafka, range(50))
        assert read_on(whole) == len(sent)
        assert sum(whole.positions.values()) == len(sent)
        assert read_on(whole) == 0  # nothing is read twice
        more = send(kafka, range(50, 80))
        assert whole.is_at_end  # the end there was when it was asked
        assert read_on(whole) == len(more)
        assert set(whole.behind().values()) == {0}
        first = whole.positions[0]
        whole.begin({0: first})  # the others from their begin
        assert read_on(whole) == len(sent | more) - first
    finally:
        whole.close()

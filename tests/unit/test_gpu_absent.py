"""A GPU that is lost when the agent comes has no UUID: whose time is told, and under which name."""

from dataclasses import replace

from tests.gpu_looks import LOST, SECOND_US, FakeNode, gpu, span, states

GPUS = tuple(gpu(f"GPU-{n}") for n in range(3))
NAMELESS = tuple(
    replace(gpu(f"unidentified-{n}", standing=LOST, processes=None), model="") for n in range(3)
)


def told(node: FakeNode) -> dict[str, int]:
    """Return the seconds told of each device, in all its states."""
    spans = [(one["device"], span(one)) for one in node.kept]
    return {
        uuid: round(sum(end - start for of, (start, end) in spans if of == uuid))
        for uuid in sorted({uuid for uuid, _ in spans})
    }


def restarted(*before: int) -> FakeNode:
    """Return a node whose agent saw some GPUs for ten seconds, and died."""
    node = FakeNode(devices=tuple(GPUS[n] for n in before))
    node.watch(10)
    node.restart()
    node.clocks.go(1.0)
    return node


def test_it_is_the_one_that_was_told_of_and_is_not_there() -> None:
    """10 s well, 1 s without an agent, 9 s lost, 10 s well again: 30 s in all, not 39."""
    node = restarted(0, 1)
    node.devices = (NAMELESS[0], GPUS[1])
    node.watch(9)
    node.devices = GPUS[:2]
    node.watch(10)
    node.finish()
    assert told(node) == {"GPU-0": 30, "GPU-1": 30}
    mine = [one for one in node.kept if one["device"] == "GPU-0"]
    assert sum(states(one)[2] for one in mine) == 9 * SECOND_US
    assert [one["gpu_model"] for one in mine] == ["NVIDIA H100", "", "NVIDIA H100"]
    assert "identity_assumed" in mine[1]["flags"]


def test_one_that_nobody_told_of_has_no_name() -> None:
    node = restarted(1)
    node.devices = (NAMELESS[0], GPUS[1])
    node.watch(9)
    node.finish()
    assert told(node) == {"GPU-1": 20, "unidentified-0": 9}


def test_two_that_are_lost_are_two_and_each_comes_back_by_its_own_name() -> None:
    """Which is which nobody knows; no second is told twice, whoever comes back first."""
    for first in (0, 2):
        node = restarted(0, 1, 2)
        node.devices = (NAMELESS[0], GPUS[1], NAMELESS[2])
        node.watch(9)
        node.devices = tuple(one if n in {1, first} else NAMELESS[n] for n, one in enumerate(GPUS))
        node.watch(10)
        node.devices = GPUS
        node.watch(10)
        node.finish()
        assert told(node) == {"GPU-0": 40, "GPU-1": 40, "GPU-2": 40}

"""A real agent process over the real pynvml: what happens to a node, and what it tells of it.

Shares and gaps are exact in the sampler's own tests. Here a machine that is shared decides when the
agent gets to look, so what is exact is: every interval is balanced, and they follow each other.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.kafka import create_topics
from streams.settings import KafkaSettings
from tests import embedded_broker
from tests.gpu_host import EVERY_S, Host, arrived, events, flags, held_s, of, sent, state_s
from tests.nvml_scenario import HANG
from tests.outbox_parts import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

GPU_IS_LOST = 15
DRIVER_VERSION_MISMATCH = 18
SECOND_LOOKS = round(1 / EVERY_S)


@pytest.fixture
def kafka(tmp_path: Path) -> Iterator[str]:
    with embedded_broker.running(tmp_path) as address:
        create_topics(KafkaSettings(bootstrap=address))
        yield address


@pytest.fixture
def host(tmp_path: Path, kafka: str) -> Iterator[Host]:
    host = Host(folder=tmp_path, kafka=kafka)
    yield host
    host.node.rules.clear()  # what hangs goes on, and can end
    host.node.write()
    host.kill()


def test_who_held_what_arrives_with_its_tenant_and_its_work(host: Host, kafka: str) -> None:
    busy, free = host.node.add_gpu(), host.node.add_gpu()
    host.submit("71", "search", "0")
    host.run(busy, 4001, "71", percent=50)
    host.start()
    host.watch(4 * SECOND_LOOKS)
    assert host.stop() == 0
    told = sent(kafka)
    mine = of(busy, told)
    [holder] = mine[-1]["holders"]
    assert (holder["tenant"], holder["job"], holder["rule"]) == ("search", "71", "by-account")
    assert holder["attribution"] == "allocation"
    assert holder["workload"]["slurm_job"] == "71"
    assert {one["sharing_mode"] for one in mine[1:]} == {"exclusive"}
    active_us = sum(holder["active_us"] for one in mine for holder in one["holders"])
    assert 0.3 * held_s(mine, "search") < active_us / 1e6 < 0.7 * held_s(mine, "search")
    assert sum(one["energy_mj"] or 0 for one in mine) > 0
    assert state_s(of(free, told), "unallocated") > 0
    assert host.logged("agent_closed")[0]["batches_left"] == 0


def test_a_process_killed_keeps_what_it_held_and_the_rest_is_nobodys(
    host: Host, kafka: str
) -> None:
    gpu = host.node.add_gpu()
    host.submit("71", "search")  # which has no GPU of its own
    host.run(gpu, 4001, "71")
    host.start()
    host.watch(SECOND_LOOKS)
    host.kill_process(gpu, 4001)
    host.watch(2 * SECOND_LOOKS)
    host.stop()
    mine = of(gpu, sent(kafka))
    assert held_s(mine, "search") > 0.5
    assert state_s(mine[-1:], "unallocated") > 0


def test_holders_of_one_gpu_share_it_and_mps_says_so(host: Host, kafka: str) -> None:
    sliced, under_mps = host.node.add_gpu(), host.node.add_gpu()
    for gpu, kind in ((sliced, "C"), (under_mps, "M")):
        for account in ("search", "fraud"):
            pid = 4001 + len(host.node.gpus[0].processes) + len(host.node.gpus[1].processes)
            host.submit(str(pid), account, str(gpu.number))
            host.run(gpu, pid, str(pid), percent=30, kind=kind)  # type: ignore[arg-type] # two
    host.start()
    host.watch(3 * SECOND_LOOKS)
    host.stop()
    told = sent(kafka)
    for gpu, mode in ((sliced, "time_sliced"), (under_mps, "mps")):
        mine = of(gpu, told)
        assert abs(held_s(mine, "search") - held_s(mine, "fraud")) < 0.001
        assert mine[-1]["sharing_mode"] == mode
        assert {h["attribution"] for h in mine[-1]["holders"]} == {"reserved_replica"}


def test_mig_devices_are_parts_and_cutting_anew_is_seen(host: Host, kafka: str) -> None:
    """3g + 3g of memory 40 + 40: a half each. Then 4g + 3g: 8/15 and 7/15."""
    gpu = host.node.add_gpu("NVIDIA A100-SXM4-80GB", max_instances=7, memory_bytes=80 << 30)
    first, _ = gpu.cut(("3g.40gb", 3, 40 * 1024), ("3g.40gb", 3, 40 * 1024))
    host.submit("71", "search", f"0.{first.gi}")
    host.run(gpu, 4001, "71", instance=first)
    host.start()
    host.watch(2 * SECOND_LOOKS)
    host.kill_process(gpu, 4001)
    gpu.cut(("4g.40gb", 4, 40 * 1024), ("3g.40gb", 3, 40 * 1024))
    host.watch(2 * SECOND_LOOKS)
    host.stop()
    mine = of(gpu, sent(kafka))
    shares = [
        (holder["instance"], holder["held_us"] / (one["end_us"] - one["start_us"]))
        for one in mine
        for holder in one["holders"]
        if not one["unobserved_us"] and holder["tenant"] == "search"
    ]
    before = {round(share, 3) for instance, share in shares if instance == first.uuid}
    after = {round(share, 3) for instance, share in shares if instance != first.uuid}
    assert (before, after) == ({0.5}, {0.533})
    assert "activity_unknown" in flags(mine)  # this GPU has no GPM
    [holder] = mine[-1]["holders"]
    assert (holder["active_us"], flags(mine[-1:])) == (0, set())  # nobody is on it any more


def test_a_lost_gpu_is_out_of_service_and_others_go_on(host: Host, kafka: str) -> None:
    bad, good = host.node.add_gpu(), host.node.add_gpu()
    host.start()
    host.watch(SECOND_LOOKS)
    bad.lose(GPU_IS_LOST)
    host.watch(2 * SECOND_LOOKS)
    host.stop()
    told = sent(kafka)
    assert state_s(of(bad, told), "out_of_service") > 0.5
    assert state_s(of(good, told), "out_of_service") == 0
    assert [line["now"] for line in host.logged("device_standing")].count("out_of_service") == 1


def test_a_driver_that_is_loaded_anew_is_survived(host: Host, kafka: str) -> None:
    gpu = host.node.add_gpu()
    host.start()
    host.watch(SECOND_LOOKS)
    host.node.reload_driver()
    host.watch(2 * SECOND_LOOKS)
    assert host.stop() == 0
    mine = of(gpu, sent(kafka))
    assert state_s(mine[-1:], "unallocated") > 0
    assert "counter_reset" in flags(mine)


def test_a_driver_that_was_replaced_ends_the_agent_for_its_supervisor(
    host: Host, kafka: str
) -> None:
    gpu = host.node.add_gpu()
    host.start()
    host.watch(SECOND_LOOKS)
    host.node.answer("*", DRIVER_VERSION_MISMATCH)
    wait_until(lambda: not host.is_running)
    assert host.process is not None
    assert host.process.returncode == 1
    assert "start a new process" in host.log.read_text()
    host.node.rules.clear()
    host.node.write()
    host.start()
    host.watch(SECOND_LOOKS)
    host.stop()
    assert "agent_restart" in flags(of(gpu, sent(kafka)))


def test_a_call_that_hangs_is_unobserved_time_and_the_agent_goes_on(host: Host, kafka: str) -> None:
    gpu = host.node.add_gpu()
    host.start()
    host.watch(SECOND_LOOKS)
    hang = host.node.answer("nvmlDeviceGetTotalEnergyConsumption", HANG)
    wait_until(lambda: '"unreadable"' in host.got("/health"))
    host.node.forget(hang)
    wait_until(lambda: '"in_service"' in host.got("/health"))
    host.watch(2 * SECOND_LOOKS)
    host.stop()
    mine = of(gpu, sent(kafka))
    assert state_s(mine, "unobserved") > 0.5
    assert "nvml_timeout" in flags(mine)
    assert state_s(mine[-1:], "unobserved") == 0


def test_killed_at_any_moment_no_instant_is_told_twice_and_none_is_missing(
    host: Host, kafka: str
) -> None:
    """`of` says that intervals follow each other without gap or overlap, over every death."""
    gpu = host.node.add_gpu()
    for looks in (1, 7, 3, 12, 6):
        host.start()
        host.watch(looks)
        host.kill()
    host.start()
    host.watch(SECOND_LOOKS)
    host.stop()
    mine = of(gpu, sent(kafka))
    assert "agent_restart" in flags(mine)
    assert state_s(mine, "unallocated") > 0
    assert host.logged("agent_started")[0]["remembered_devices"] == 1


def test_a_pause_is_told_as_missed_looks(host: Host, kafka: str) -> None:
    gpu = host.node.add_gpu()
    host.start()
    host.watch(SECOND_LOOKS)
    looked = host.counted("looks_total")
    host.pause()
    paused_us = host.node.now_us
    wait_until(lambda: host.node.now_us > paused_us + 2_000_000)
    host.resume()
    wait_until(lambda: host.counted("looks_total") > looked + SECOND_LOOKS)
    host.stop()
    mine = of(gpu, sent(kafka))
    assert state_s(mine, "unobserved") >= 2.0
    assert "missed_samples" in flags(mine)


def test_an_outage_of_kafka_loses_nothing(tmp_path: Path) -> None:
    """It goes away for a while, and the agent dies meanwhile: what waits is on disk."""
    host = Host(folder=tmp_path)
    with embedded_broker.running(tmp_path) as address:
        create_topics(KafkaSettings(bootstrap=address))
        host.kafka = address
        gpu = host.node.add_gpu()
        host.start()
        host.watch(2 * SECOND_LOOKS)
        host.pause()  # so that nothing arrives that is not read: this broker's log dies with it
        before = arrived(address)
    host.resume()
    wait_until(lambda: host.counted("pending_batches") > 2)
    host.kill()
    with embedded_broker.running_at(address, tmp_path):
        create_topics(KafkaSettings(bootstrap=address))
        host.start()
        host.watch(SECOND_LOOKS)
        assert host.stop() == 0
        after = arrived(address)
    mine = of(gpu, events(before | after))
    assert len(before) > 0
    assert state_s(mine, "unallocated") > 3

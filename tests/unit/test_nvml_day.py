"""A day of looks at two GPUs, in simulated time: work, a loss, a reload, a cut, a stepped clock."""

from collections import Counter
from dataclasses import dataclass, field

from agents.gpu.nvml.reader import NvmlReader
from agents.gpu.observed import DeviceSeen, Standing
from tests.nvml_process import START_US, Clocks
from tests.nvml_scenario import Gpu, Node

EVERY_S = 10
HOUR = 3600 // EVERY_S  # looks
DAY = 24 * HOUR
SECOND_US = 1_000_000
RESCAN_LOOKS = 3


@dataclass
class Diary:
    """What the looks at one GPU said over the day."""

    standings: Counter[Standing] = field(default_factory=Counter)
    flags: Counter[str] = field(default_factory=Counter)
    worked_us: int = 0
    sm_us: Counter[int] = field(default_factory=Counter)
    instance_us: int = 0
    energy_mj: int = 0
    until_us: int = 0
    last: DeviceSeen | None = None

    def note(self, seen: DeviceSeen) -> None:
        self.standings[seen.standing] += 1
        self.flags.update(seen.flags)
        if seen.activity is not None:
            assert seen.activity.since_us >= self.until_us or "clock_step" in self.flags
            self.until_us = seen.activity.until_us
            self.worked_us += seen.activity.device_us or 0
            self.sm_us.update(seen.activity.sm_us or {})
        if seen.mig is not None:
            self.instance_us += sum(i.active_us or 0 for i in seen.mig.instances)
        if self.last is not None and self.last.energy_epoch == seen.energy_epoch:
            used_mj = (seen.energy_mj or 0) - (self.last.energy_mj or 0)
            assert used_mj >= 0 or seen.energy_mj is None
            self.energy_mj += used_mj
        self.last = seen


def happen(look: int, node: Node, clocks: Clocks, whole: Gpu, cut: Gpu) -> None:
    """Let happen what happens just after a look."""
    if look % HOUR == 0:  # every other hour, one of two processes works
        whole.stop(100 + (look // HOUR + 1) % 2)
        if look // HOUR % 2 == 0:
            whole.start(100)
            whole.work(100, 60)
    if look == 6 * HOUR:
        node.reload_driver()
    if look == 9 * HOUR:
        whole.lose()
    if look == 9 * HOUR + HOUR // 2:
        node.forget(node.rules[0])
    if look == 12 * HOUR:
        (instance,) = cut.cut(("7g.80gb", 7, 80_000))
        cut.start(200, instance=instance)
        cut.work(200, 25, instance=instance)
    if look == 15 * HOUR:
        cut.stop(200)
        cut.mend()
    if look == 18 * HOUR + 7:
        clocks.step(90)


def test_a_day_is_told_without_a_gpu_or_a_microsecond_missing(node: Node) -> None:
    clocks = Clocks(node)
    whole, cut = node.add_gpu(), node.add_gpu(max_instances=7, has_gpm=True)
    cut.draw(watts=250)
    reader = NvmlReader(clocks)
    diaries = {gpu.uuid: Diary() for gpu in (whole, cut)}
    for look in range(DAY):
        seen = reader.look()
        assert {device.uuid for device in seen} == diaries.keys()
        for device in seen:
            diaries[device.uuid].note(device)
        happen(look, node, clocks, whole, cut)
        node.advance(EVERY_S)
    of_whole, of_cut = diaries[whole.uuid], diaries[cut.uuid]

    lost = of_whole.standings[Standing.OUT_OF_SERVICE]
    assert HOUR // 2 <= lost <= HOUR // 2 + RESCAN_LOOKS
    assert of_whole.standings[Standing.IN_SERVICE] == DAY - lost
    assert of_cut.standings == {Standing.IN_SERVICE: DAY}
    assert of_whole.flags == {"nvml_gpu_is_lost": lost, "clock_step": 1}

    # 12 hours at 60 %. The window after the loss goes back as far as the driver keeps samples; the
    # two that a reload and a stepped clock begin miss at most one look's time each.
    hours_us = 12 * 3600 * SECOND_US * 60 // 100
    missed_us = hours_us - of_whole.worked_us
    assert of_whole.sm_us[100] == of_whole.worked_us
    assert 0 <= missed_us <= 2 * EVERY_S * SECOND_US
    assert of_whole.until_us <= node.now_us

    # 3 hours at 25 % by GPM, of which the first look on the instance tells nothing
    told_us = of_cut.instance_us
    assert 0 <= 3 * 3600 * SECOND_US // 4 - told_us <= EVERY_S * SECOND_US
    # 250 W between all looks but the two around the reload; the stub's counter follows its clock,
    # which was set forward by 90 s
    assert of_cut.energy_mj == 250_000 * ((DAY - 2) * EVERY_S + 90)
    assert node.now_us - clocks.stepped_us - START_US == DAY * EVERY_S * SECOND_US

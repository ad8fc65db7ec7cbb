"""Alerts at a desk: each told once everywhere, in order, none lost, nobody held back by another."""

import asyncio
from collections import deque
from functools import partial
from itertools import pairwise

import pytest

from streams.core.notices import Destination
from streams.notify import teller
from streams.notify.sink import Later, Refused, Thread, Told
from streams.processors.errors import SendFailed
from tests.builders.alerts import alert
from tests.notify_parts import QUICK, FakeSink, TakingOutlet, at, desk
from tests.processor_fakes import FakeOutlet, run, settle, until

OPS, LAB = Destination("ops", "C1"), Destination("lab", "C2")
PATIENT = QUICK.model_copy(update={"first_retry_s": 1.0, "last_retry_s": 1.0})
ONE, TWO = "cost_anomaly/1/acme", "cost_anomaly/2/acme"


def test_a_sink_is_asked_after_the_intent_and_before_the_receipt() -> None:
    async def test() -> None:
        outlet, sink = TakingOutlet(), FakeSink()
        seen: list[list[tuple[str, int, str]]] = []
        sink.on_ask = lambda: seen.append(outlet.stages())
        it = desk({"ops": sink}, outlet)
        await it.take(alert(), at(0), [OPS])
        await until(lambda: it.begins() == {0: 1})
        assert seen == [[(ONE, 1, "intended")]]
        assert outlet.stages() == [(ONE, 1, "intended"), (ONE, 1, "told")]
        assert (outlet.notices()[1]["place"], outlet.notices()[1]["thread"]) == ("C", ONE)
        await it.close(1.0)

    run(test())


def test_nothing_is_told_before_the_broker_has_the_intent() -> None:
    async def test() -> None:
        outlet, sink = FakeOutlet(), FakeSink()
        it = desk({"ops": sink}, outlet)  # type: ignore[arg-type]  # one that takes nothing yet
        await it.take(alert(), at(0), [OPS])
        await settle()
        assert (len(outlet.sent), sink.asked) == (1, [])
        outlet.acknowledge()
        await until(lambda: sink.asked)
        await it.close(0.0)

    run(test())


def test_an_intent_that_the_broker_does_not_take_stops_the_processor() -> None:
    async def test() -> None:
        outlet = FakeOutlet()
        it = desk({"ops": FakeSink()}, outlet)  # type: ignore[arg-type]  # see above
        await it.take(alert(), at(0), [OPS])
        await until(lambda: outlet.sent)
        outlet.sent[0].future.set_exception(RuntimeError("gone"))
        await settle()
        with pytest.raises(SendFailed):
            it.begins()

    run(test())


def test_what_was_told_is_not_told_again_by_whoever_comes_after() -> None:
    async def test() -> None:
        outlet, sink = TakingOutlet(), FakeSink()
        it = desk({"ops": sink}, outlet)
        await it.take(alert(), at(0), [OPS])
        await it.take(alert(revision=2), at(1), [OPS])
        await until(lambda: it.begins() == {0: 2})
        await it.close(1.0)
        told = len(sink.asked)
        after = desk({"ops": sink}, outlet, notices=[outlet.notices()[-1]])
        for offset, revision in enumerate((1, 2, 2, 1)):
            await after.take(alert(revision=revision), at(offset), [OPS])
        assert after.begins() == {0: 4}
        await after.take(alert(revision=9), at(4), [OPS])
        await until(lambda: after.begins() == {0: 5})
        assert len(sink.asked) == told + 1
        assert sink.asked[-1].thread == Thread("C", ONE)
        assert not sink.asked[-1].is_doubted
        await after.close(1.0)

    run(test())


def test_what_was_intended_and_not_answered_is_in_doubt_for_whoever_comes_after() -> None:
    async def test() -> None:
        outlet, sink = TakingOutlet(), FakeSink(free=asyncio.Event())
        it = desk({"ops": sink}, outlet)
        await it.take(alert(), at(0), [OPS])
        await until(lambda: sink.asked)
        await it.close(0.0)  # broken off: the sink may have it
        assert outlet.stages() == [(ONE, 1, "intended")]
        assert it.begins() == {0: 0}
        sink.free = None
        after = desk({"ops": sink}, outlet, notices=outlet.notices())
        await after.take(alert(), at(0), [OPS])
        await until(lambda: after.begins() == {0: 1})
        assert [each.is_doubted for each in sink.asked] == [False, True]
        await after.close(1.0)

    run(test())


def test_a_later_revision_of_which_nothing_is_known_is_looked_for() -> None:
    async def test() -> None:
        outlet, sink = TakingOutlet(), FakeSink()
        it = desk({"ops": sink}, outlet)
        await it.take(alert(revision=3), at(0), [OPS])
        await it.take(alert(2, revision=1), at(1), [OPS])
        await until(lambda: it.begins() == {0: 2})
        assert [each.is_doubted for each in sink.asked] == [True, False]
        await it.close(1.0)

    run(test())


def test_closing_lets_what_is_being_told_be_told() -> None:
    async def test() -> None:
        outlet, sink = TakingOutlet(), FakeSink(free=asyncio.Event())
        it = desk({"ops": sink}, outlet)
        for number in (1, 2):
            await it.take(alert(number), at(number), [OPS])
        await until(lambda: sink.asked)
        closing = asyncio.create_task(it.close(60.0))
        await settle()
        assert sink.free is not None
        sink.free.set()
        await closing
        assert outlet.stages() == [(ONE, 1, "intended"), (ONE, 1, "told")]
        assert it.begins() == {0: 2}

    run(test())


def test_of_an_alert_that_waits_only_the_last_is_told_and_all_are_done_with() -> None:
    async def test() -> None:
        outlet, sink = TakingOutlet(), FakeSink(free=asyncio.Event())
        it = desk({"ops": sink}, outlet)
        await it.take(alert(2), at(0), [OPS])
        await until(lambda: sink.asked)
        for offset, revision in enumerate((1, 2, 9), start=1):
            await it.take(alert(revision=revision), at(offset), [OPS])
        assert it.begins() == {0: 0}
        assert sink.free is not None
        sink.free.set()
        await until(lambda: it.begins() == {0: 4})
        assert sink.said() == [(TWO, 1), (ONE, 9)]
        await it.close(1.0)

    run(test())


def test_a_sink_of_programs_gets_every_revision_in_order() -> None:
    async def test() -> None:
        outlet, sink = TakingOutlet(), FakeSink(folds=False, free=asyncio.Event())
        it = desk({"ops": sink}, outlet)
        for offset, revision in enumerate((1, 2, 9)):
            await it.take(alert(revision=revision), at(offset), [OPS])
        assert sink.free is not None
        sink.free.set()
        await until(lambda: it.begins() == {0: 3})
        assert sink.said() == [(ONE, 1), (ONE, 2), (ONE, 9)]
        await it.close(1.0)

    run(test())


def test_a_later_revision_takes_the_place_of_one_that_is_tried_again() -> None:
    async def test() -> None:
        outlet = TakingOutlet()
        sink = FakeSink(answers=deque([Later("HTTP 500", is_doubted=True)]))
        it = desk({"ops": sink}, outlet, PATIENT)
        taking: list[asyncio.Task[None]] = []

        def come() -> None:
            if not taking:
                later = it.take(alert(revision=2), at(1), [OPS])
                taking.append(asyncio.create_task(later))

        sink.on_ask = come
        await it.take(alert(), at(0), [OPS])
        await until(lambda: it.begins() == {0: 2})
        assert sink.said() == [(ONE, 1), (ONE, 2)]
        assert sink.asked[1].is_doubted  # the first may be there: this one belongs below it
        await it.close(1.0)

    run(test())


def test_what_is_refused_is_put_aside_and_holds_nothing_back() -> None:
    async def test() -> None:
        outlet, lab = TakingOutlet(), FakeSink()
        ops = FakeSink(answers=deque([Refused("channel_not_found")]))
        it = desk({"ops": ops, "lab": lab}, outlet)
        await it.take(alert(), at(0), [OPS, LAB])
        await until(lambda: it.begins() == {0: 1})
        troubles = [it.trouble]
        refused = [each for each in outlet.notices() if each["stage"] == "refused"]
        assert [(each["sink"], each["reason"]) for each in refused] == [
            ("ops", "channel_not_found")
        ]
        await it.take(alert(2), at(1), [OPS, LAB])
        await until(lambda: it.begins() == {0: 2})
        assert [*troubles, it.trouble] == ["ops:C1: channel_not_found", None]
        assert lab.said() == [(ONE, 1), (TWO, 1)]
        await it.close(1.0)

    run(test())


def test_what_was_put_aside_is_told_when_it_comes_again_and_nowhere_twice() -> None:
    async def test() -> None:
        outlet, lab = TakingOutlet(), FakeSink()
        ops = FakeSink(answers=deque([Refused("is_archived")]))
        it = desk({"ops": ops, "lab": lab}, outlet)
        await it.take(alert(), at(4), [OPS, LAB])
        await until(lambda: it.begins() == {0: 5})
        await it.take(alert(), at(4), [OPS, LAB])  # read again after a restart
        assert len(ops.asked) == 1
        await it.take(alert(), at(7), [OPS, LAB])  # sent again by a person
        await until(lambda: it.begins() == {0: 8})
        assert (len(ops.asked), len(lab.asked)) == (2, 1)
        await it.close(1.0)

    run(test())


def test_a_sink_that_the_settings_lack_is_trouble_and_what_it_would_get_put_aside() -> None:
    async def test() -> None:
        outlet = TakingOutlet()
        it = desk({}, outlet)
        await it.take(alert(), at(0), [OPS])
        await until(lambda: it.begins() == {0: 1})
        assert "APPORTION_NOTIFY__SINKS__OPS__KIND" in str(it.trouble)
        await it.close(1.0)

    run(test())


def test_a_sink_that_asks_to_be_left_alone_is_with_all_its_channels_and_no_other() -> None:
    async def test() -> None:
        outlet, lab = TakingOutlet(), FakeSink()
        ops = FakeSink(answers=deque([Later("HTTP 429", after_s=0.3)]))
        it = desk({"ops": ops, "lab": lab}, outlet)
        await it.take(alert(), at(0), [OPS])
        await until(lambda: ops.asked)
        await it.take(alert(2), at(1), [Destination("ops", "C9"), LAB])
        await until(lambda: it.begins() == {0: 2})
        first_s, *later_s = [each.at_s for each in ops.asked]
        assert all(at_s - first_s >= 0.3 for at_s in later_s)
        assert len(later_s) == 2
        assert lab.said() == [(TWO, 1)]
        await it.close(1.0)

    run(test())


def test_messages_to_one_channel_are_apart_and_those_of_programs_are_not() -> None:
    async def test() -> None:
        outlet, ops, lab = TakingOutlet(), FakeSink(), FakeSink(is_paced=False)
        settings = QUICK.model_copy(update={"every_s": 0.1})
        it = desk({"ops": ops, "lab": lab}, outlet, settings)
        for number in range(1, 5):
            await it.take(alert(number), at(number), [OPS, LAB])
        await until(lambda: len(lab.asked) == 4)
        assert len(ops.asked) < 4
        await until(lambda: it.begins() == {0: 5})
        at_s = [each.at_s for each in ops.asked]
        assert all(later - one >= 0.099 for one, later in pairwise(at_s))
        await it.close(1.0)

    run(test())


def test_what_fails_for_too_long_is_put_aside() -> None:
    async def test() -> None:
        outlet = TakingOutlet()
        sink = FakeSink(answers=deque([Later("HTTP 500")] * 1_000))
        it = desk({"ops": sink}, outlet, QUICK.model_copy(update={"give_up_s": 0.05}))
        await it.take(alert(), at(0), [OPS])
        await until(lambda: it.begins() == {0: 1})
        assert outlet.stages()[-1] == (ONE, 1, "refused")
        assert "given up after" in str(it.trouble)
        await it.close(1.0)

    run(test())


def test_a_failure_or_two_is_no_trouble_yet() -> None:
    async def test() -> None:
        outlet = TakingOutlet()
        sink = FakeSink(answers=deque([Later("HTTP 500")] * 3))
        it = desk({"ops": sink}, outlet)
        seen: list[str | None] = []
        sink.on_ask = lambda: seen.append(it.trouble)
        await it.take(alert(), at(0), [OPS])
        await until(lambda: it.begins() == {0: 1})
        assert [each is not None for each in seen] == [False, False, False, True]
        assert it.trouble is None
        await it.close(1.0)

    run(test())


def test_one_that_is_full_and_stuck_holds_no_other_back() -> None:
    async def test() -> None:
        outlet, lab = TakingOutlet(), FakeSink(is_paced=False)
        ops = FakeSink(free=asyncio.Event())
        settings = QUICK.model_copy(update={"waiting": 2, "stuck_s": 2.0})
        it = desk({"ops": ops, "lab": lab}, outlet, settings)
        for number in range(1, 7):
            await it.take(alert(number), at(number), [OPS, LAB])
        await until(lambda: len(lab.asked) == 6)
        aside = {each["alert_id"] for each in outlet.notices() if each["stage"] == "refused"}
        assert it.detail == {"ops:C1": 3, "lab:C2": 0}  # one being told, and two that wait
        assert len(aside) == 3
        assert ops.free is not None
        ops.free.set()
        await until(lambda: it.begins() == {0: 7})
        assert {each.alert_id for each in ops.asked} | aside == {
            f"cost_anomaly/{number}/acme" for number in range(1, 7)
        }
        await it.close(1.0)

    run(test())


def test_one_that_is_full_and_gets_on_is_waited_for() -> None:
    async def test() -> None:
        outlet, ops = TakingOutlet(), FakeSink()
        it = desk({"ops": ops}, outlet, QUICK.model_copy(update={"waiting": 1}))
        for number in range(1, 21):
            await it.take(alert(number), at(number), [OPS])
        await until(lambda: it.begins() == {0: 21})
        assert [each.alert_id for each in ops.asked] == [
            f"cost_anomaly/{number}/acme" for number in range(1, 21)
        ]
        await it.close(1.0)

    run(test())


def test_one_that_wakes_too_late_looks_before_it_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its process was stopped between the intent and the request; another may have told it."""
    monkeypatch.setattr(teller, "FRESH_S", -1.0)
    monkeypatch.setattr(teller, "HELD_S", 0.0)

    async def test() -> None:
        outlet, sink = TakingOutlet(), FakeSink()
        it = desk({"ops": sink}, outlet)
        await it.take(alert(), at(0), [OPS])
        await until(lambda: sink.asked)
        assert sink.asked[0].is_doubted
        await it.close(1.0)

    run(test())


def test_what_has_no_revision_goes_by_its_state() -> None:
    """Alerts of an earlier release: opened and resolved under one revision."""

    async def test() -> None:
        outlet, sink = TakingOutlet(), FakeSink(answers=deque([Told(Thread("C", "1"))]))
        it = desk({"ops": sink}, outlet)
        await it.take(alert(revision=None, state="opened"), at(0), [OPS])
        await until(lambda: it.begins() == {0: 1})
        await it.take(alert(revision=None, state="resolved"), at(1), [OPS])
        await until(lambda: it.begins() == {0: 2})
        assert len(sink.asked) == 2
        await it.close(1.0)

    run(test())


def test_what_lies_on_the_topic_twice_is_told_once() -> None:
    """The second is read while the first is being told."""

    async def test() -> None:
        outlet, sink = TakingOutlet(), FakeSink(folds=False, free=asyncio.Event())
        it = desk({"ops": sink}, outlet)
        await it.take(alert(), at(0), [OPS])
        await until(lambda: sink.asked)
        await it.take(alert(), at(1), [OPS])
        assert sink.free is not None
        sink.free.set()
        await until(lambda: it.begins() == {0: 2})
        assert sink.said() == [(ONE, 1)]
        await it.close(1.0)

    run(test())


@pytest.mark.parametrize(("looks", "least_s"), [(True, 0.3), (False, 0.0)])
def test_one_that_can_look_waits_first_until_who_was_telling_has_its_answer(
    *, looks: bool, least_s: float
) -> None:
    async def test() -> None:
        outlet, sink = TakingOutlet(), FakeSink(looks=looks, free=asyncio.Event())
        it = desk({"ops": sink}, outlet)
        await it.take(alert(), at(0), [OPS])
        await until(lambda: sink.asked)
        await it.close(0.0)
        sink.free = None
        settings = QUICK.model_copy(update={"request_timeout_s": 0.3})
        after = desk({"ops": sink}, outlet, settings, outlet.notices())
        began_s = asyncio.get_running_loop().time()
        await after.take(alert(), at(0), [OPS])
        await until(lambda: after.begins() == {0: 1})
        assert sink.asked[-1].at_s - began_s >= least_s
        assert sink.asked[-1].is_doubted
        await after.close(1.0)

    run(test())


def test_what_finds_no_room_when_partitions_are_taken_away_is_left_to_the_next() -> None:
    async def test() -> None:
        outlet, sink = TakingOutlet(), FakeSink(free=asyncio.Event())
        it = desk({"ops": sink}, outlet, QUICK.model_copy(update={"waiting": 1}))
        for number in (1, 2):
            await it.take(alert(number), at(number), [OPS])
        await until(lambda: sink.asked)
        taking = asyncio.create_task(it.take(alert(3), at(3), [OPS]))
        await settle()
        taking_more = asyncio.create_task(it.take(alert(4), at(4), [OPS]))
        await settle()
        await it.close(0.0)
        await asyncio.gather(taking, taking_more)
        assert {stage for _, _, stage in outlet.stages()} == {"intended"}
        assert it.begins() == {0: 1}

    run(test())


@pytest.mark.parametrize(("folds", "said"), [(True, [1, 3]), (False, [1, 2, 3])])
def test_an_alert_that_goes_on_while_all_is_full_and_stuck_is_not_put_aside(
    *, folds: bool, said: list[int]
) -> None:
    """Or what was put aside would be taken for told once the revision before it is."""

    async def test() -> None:
        outlet, sink = TakingOutlet(), FakeSink(folds=folds, free=asyncio.Event())
        settings = QUICK.model_copy(update={"waiting": 1, "stuck_s": 0.001})
        it = desk({"ops": sink}, outlet, settings)
        for offset, number in enumerate((1, 2, 3)):
            await it.take(alert(number), at(offset), [OPS])
            await until(lambda: sink.asked)
        for offset, revision in enumerate((2, 3), start=3):
            await it.take(alert(revision=revision), at(offset), [OPS])
        assert sink.free is not None
        sink.free.set()
        await until(lambda: it.begins() == {0: 5})
        refused = [each["alert_id"] for each in outlet.notices() if each["stage"] == "refused"]
        assert refused == ["cost_anomaly/3/acme"]
        assert [revision for name, revision in sink.said() if name == ONE] == said
        await it.close(1.0)

    run(test())


def asked(sink: FakeSink, times: int) -> bool:
    """Whether a sink was asked so often."""
    return len(sink.asked) == times


def test_a_doubt_that_is_handed_on_goes_back_to_when_it_began() -> None:
    """Teller after teller dies before it has looked: the last looks back as far as the first."""

    async def test() -> None:
        outlet, sink = TakingOutlet(), FakeSink(free=asyncio.Event())
        for times in range(1, 4):
            it = desk({"ops": sink}, outlet, notices=outlet.notices()[-1:])
            await it.take(alert(), at(0), [OPS])
            await until(partial(asked, sink, times))
            await it.close(0.0)
        assert len({each["said_at_us"] for each in outlet.notices()}) == 1
        assert len(outlet.notices()) == 3

    run(test())

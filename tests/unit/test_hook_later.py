"""An event that is made when it is read: once, beside whoever put it, and possibly none."""

import weakref
from functools import partial

from apportion_hook.hook import MOST_UNMADE
from apportion_hook.later import Later
from tests.hook_parts import KeptOutbox, UnreadOutbox, hook_with
from tests.outbox_parts import event


def test_an_event_is_made_once_and_reads_as_one_that_is() -> None:
    made: list[int] = []

    def make() -> dict[str, object]:
        made.append(1)
        return event(7)

    later = Later(make)
    assert made == []
    assert later["request_id"] == "r7"
    assert (later.get("tenant"), later.get("nothing"), later.get("nothing", 3)) == ("acme", None, 3)
    assert dict(later) == event(7)
    assert len(later) == len(event(7))
    assert made == [1]


def test_what_an_event_is_made_of_is_let_go_once_it_is() -> None:
    class Answer:
        """Something large."""

    answer = Answer()
    alive = weakref.ref(answer)
    later = Later(partial(lambda _: event(7), answer))
    del answer
    assert alive()
    assert later["request_id"] == "r7"
    assert alive() is None


def test_as_many_wait_to_be_made_as_fit_two_batches_and_no_more() -> None:
    outbox = UnreadOutbox()
    hook = hook_with(outbox)
    for number in range(MOST_UNMADE + 3):
        assert hook.put_later(partial(event, number))
    unmade = [isinstance(each, Later) for each in outbox.unread]
    assert unmade == [True] * MOST_UNMADE + [False] * 3
    told = [each["request_id"] for each in outbox.unread]
    assert told == [f"r{number}" for number in range(MOST_UNMADE + 3)]


def test_where_there_is_nothing_to_tell_nothing_is_told() -> None:
    outbox = KeptOutbox()
    assert hook_with(outbox).put_later(dict)
    assert outbox.events == []

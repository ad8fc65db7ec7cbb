"""One partition folded: what each record asks for, one rule a test.

`tests/property/test_core_two_owners.py` holds the same rules against random histories.
"""

import pytest

from schemas.records import Partial
from streams.core.partition_log import Action, Finals, PartitionLog, PassOn, Write
from streams.core.windows import MINUTE_US
from tests.builders.drawing import meter
from tests.builders.terms import GPT_4O, NOTHING_AGREED, book, rules
from tests.builders.usage import T0, call

LATENESS_US = 2 * MINUTE_US
REMEMBER_US = 5 * MINUTE_US
END = T0 + MINUTE_US + LATENESS_US  # the watermark that closes the window of T0
RULES = rules(book(*GPT_4O))


class Fed:
    """A log fed record by record."""

    def __init__(self) -> None:
        self.log = PartitionLog(NOTHING_AGREED, LATENESS_US, REMEMBER_US)
        self.offset = -1

    def read(self, name: str, **record: object) -> list[Action]:
        self.offset += 1
        return self.log.read(self.offset, name, record)

    def claimed(self, owner: str = "me") -> "Fed":
        self.log.claim(owner)
        self.read("Claim", owner=owner)
        return self

    def partial(self, seq: int = 0, at_us: int = T0) -> list[Action]:
        return self.read("Partial", **partial(seq, at_us))

    def watermark(self, at_us: int, origin: str = "o", origins: int = 1) -> list[Action]:
        return self.read("Watermark", origin=origin, at_us=at_us, origins=origins)

    def close(self, through_us: int = END, owner: str = "me") -> list[Action]:
        return self.read("Close", owner=owner, through_us=through_us)

    def closed(self, at: int, owner: str = "me") -> list[Action]:
        return self.read("Closed", owner=owner, at=at)


def partial(seq: int = 0, at_us: int = T0) -> Partial:
    (made,) = meter(RULES, call(at_us=at_us), seq=seq, now_us=at_us).partials
    return made


@pytest.fixture
def fed() -> Fed:
    return Fed().claimed()


def statuses(actions: list[Action]) -> list[tuple[int, int]]:
    """Return (offset of the close, revision) of the finals asked for."""
    return [(each.at, each.lines[0]["revision"]) for each in actions if isinstance(each, Finals)]


def test_nothing_is_emitted_before_one_s_own_claim_is_read() -> None:
    fed = Fed()
    assert fed.log.claim("me") == Write("Claim", {"owner": "me"})
    fed.read("Claim", owner="before")
    fed.partial()
    assert fed.watermark(END) == []
    assert fed.close(owner="before") == []
    late = fed.partial(seq=9)
    assert (late, fed.log.dirty_windows(), fed.log.active) == ([], [], False)
    finals, passed_on = fed.read("Claim", owner="me")
    assert statuses([finals]) == [(3, 1)]
    assert isinstance(passed_on, PassOn)
    assert passed_on.late["seq"] == 9


def test_a_close_is_asked_for_once_a_window_ended_long_enough_ago(fed: Fed) -> None:
    fed.partial()
    fed.watermark(T0)  # a first close comes at once: commits need one
    assert fed.watermark(END - 1) == [Write("Close", {"owner": "me", "through_us": END - 1})]
    assert fed.watermark(END) == [Write("Close", {"owner": "me", "through_us": END})]
    assert fed.watermark(END) == []


def test_a_close_that_is_due_is_asked_for_as_soon_as_the_claim_is_read() -> None:
    """The former owner may have died with its request, and the last watermark have come."""
    fed = Fed()
    fed.log.claim("me")
    fed.partial()
    fed.watermark(END)
    assert fed.read("Claim", owner="me") == [Write("Close", {"owner": "me", "through_us": END})]
    assert fed.watermark(END) == []


def test_closes_are_asked_for_each_minute_when_nothing_happens(fed: Fed) -> None:
    assert len(fed.watermark(T0)) == 1
    assert fed.watermark(T0 + MINUTE_US - 1) == []
    assert len(fed.watermark(T0 + MINUTE_US)) == 1


def test_the_watermark_is_the_least_of_all_origins(fed: Fed) -> None:
    fed.partial()
    assert fed.watermark(END, "a", origins=2) == []
    heard = [fed.log.watermark_us]  # the other was not heard
    for at_us in (T0, T0 - 1):  # it never goes back
        fed.watermark(at_us, "b", origins=2)
        heard.append(fed.log.watermark_us)
    assert heard == [None, T0, T0]
    assert fed.watermark(END + 7, "b", origins=2) == [
        Write("Close", {"owner": "me", "through_us": END})
    ]


def test_a_window_holds_exactly_the_partials_before_its_close(fed: Fed) -> None:
    fed.partial(seq=0)
    fed.partial(seq=1)
    assert statuses(fed.close()) == [(fed.offset, 2)]
    (late,) = fed.partial(seq=2)
    assert isinstance(late, PassOn)
    assert (late.offset, late.late["seq"], late.late["events"]) == (fed.offset, 2, 1)


def test_a_close_leaves_windows_open_that_are_not_long_enough_past(fed: Fed) -> None:
    fed.partial()
    fed.partial(seq=1, at_us=T0 + MINUTE_US)
    (finals,) = fed.close(END)
    assert isinstance(finals, Finals)
    assert {line["window_start_us"] for line in finals.lines} == {T0}
    assert [window.where.start_us for window in fed.log.windows.values()] == [T0 + MINUTE_US]


@pytest.mark.parametrize("when", ["open", "frozen", "finished"])
def test_a_duplicate_of_a_counted_batch_changes_nothing(fed: Fed, when: str) -> None:
    fed.partial()
    if when != "open":
        fed.close()
    if when == "finished":
        fed.closed(at=fed.offset)
    before = fed.log.batch_ids
    assert fed.partial() == []
    assert fed.log.duplicates == 1
    assert fed.log.batch_ids == before


@pytest.mark.parametrize("closed_after", ["first", "second", "never"])
def test_a_late_batch_is_passed_on_once_however_often_it_comes(fed: Fed, closed_after: str) -> None:
    fed.partial()
    close = fed.offset + 1
    fed.close()
    seen = [len(fed.partial(seq=1))]
    if closed_after == "first":
        fed.closed(at=close)
    seen.append(len(fed.partial(seq=1)))
    if closed_after == "second":
        fed.closed(at=close)
    seen.append(len(fed.partial(seq=1)))
    assert seen == [1, 0, 0]


def test_acknowledged_finals_are_said_to_be_out_in_the_log(fed: Fed) -> None:
    fed.partial()
    fed.close()
    at = fed.offset
    assert fed.log.finals_acknowledged(at) == [Write("Closed", {"owner": "me", "at": at})]
    fed.closed(at)
    assert fed.log.finals_acknowledged(at) == []


def test_windows_are_said_to_be_final_once_their_finals_are_out(fed: Fed) -> None:
    fed.partial()
    fed.partial(seq=1, at_us=T0 + MINUTE_US)
    assert fed.log.final_until_us == 0
    fed.close(END)
    at = fed.offset
    assert fed.log.final_until_us == T0, "what is closed is not out yet"
    fed.close(END + MINUTE_US)
    assert fed.log.final_until_us == T0
    fed.closed(at)
    assert fed.log.final_until_us == T0 + MINUTE_US
    fed.closed(at + 1)
    assert fed.log.final_until_us == T0 + 2 * MINUTE_US
    fed.close(END + 9 * MINUTE_US)  # nothing was in these windows
    assert fed.log.final_until_us == T0 + 10 * MINUTE_US
    fed.read("Claim", owner="other")
    assert fed.log.final_until_us == 0, "another knows better"


def test_a_new_owner_emits_the_same_finals_again_until_they_are_said_to_be_out() -> None:
    first = Fed().claimed("first")
    first.partial()
    finals = first.close(owner="first")
    second = Fed()
    second.log.claim("second")
    second.read("Claim", owner="first")
    second.partial()
    second.close(owner="first")
    assert second.read("Claim", owner="second") == finals
    second.closed(at=2, owner="first")  # void: another claimed since
    assert second.read("Claim", owner="second") == finals
    second.closed(at=2, owner="second")
    assert second.read("Claim", owner="second") == []


def test_control_records_of_a_former_owner_are_void(fed: Fed) -> None:
    fed.partial()
    fed.read("Claim", owner="other")
    assert fed.close(owner="me") == []
    assert len(fed.log.windows) == 1
    assert fed.log.contested
    assert not fed.log.active


def test_a_close_that_goes_back_is_void(fed: Fed) -> None:
    fed.close(END)
    fed.close(END - 1)
    assert fed.log.closed_through_us == END
    assert fed.log.committable() == 1


def test_an_owner_that_claims_again_asks_for_the_close_that_became_void(fed: Fed) -> None:
    fed.partial()
    request = fed.watermark(END)
    fed.read("Claim", owner="other")
    fed.close(END)  # the request arrives after the other's claim
    fed.log.claim("me-again")
    again = fed.read("Claim", owner="me-again")
    assert not fed.log.contested
    assert request == [Write("Close", {"owner": "me", "through_us": END})]
    assert again == [Write("Close", {"owner": "me-again", "through_us": END})]


def test_a_fenced_owner_asks_for_nothing(fed: Fed) -> None:
    fed.partial()
    fed.close()
    at = fed.offset
    fed.partial(seq=1, at_us=END)
    fed.read("Claim", owner="other")
    assert fed.watermark(END + MINUTE_US) == []
    assert fed.partial(seq=2) == []
    assert fed.log.finals_acknowledged(at) == []
    assert fed.log.dirty_windows() == []


def test_reading_may_begin_at_a_close_which_says_what_is_closed() -> None:
    fed = Fed()
    fed.log.claim("me")
    fed.close(owner="before")
    fed.partial()
    fed.read("Claim", owner="me")
    assert fed.log.closed_through_us == END
    assert fed.log.committable() == 0  # the late partial is not passed on yet
    fed.log.late_acknowledged(1)
    fed.close(END + REMEMBER_US - 1)
    assert fed.log.committable() == 0  # its id is still remembered
    fed.close(END + REMEMBER_US)
    assert fed.log.committable() == 4


def test_the_committable_close_has_no_state_before_it(fed: Fed) -> None:
    assert fed.log.committable() is None
    fed.close(T0)
    empty = fed.offset
    assert fed.log.committable() == empty
    fed.partial()
    fed.close(END)
    ended = fed.offset
    assert fed.log.committable() == empty  # the window is frozen
    fed.closed(at=ended)
    assert fed.log.committable() == empty  # its ids are remembered
    fed.close(END + REMEMBER_US - 1)
    assert fed.log.committable() == empty
    fed.close(END + REMEMBER_US)
    assert fed.log.committable() == fed.offset  # forgotten


def test_a_late_partial_holds_the_commit_until_it_is_passed_on(fed: Fed) -> None:
    """Its window is long forgotten, so nothing else would."""
    fed.close(END + 2 * REMEMBER_US)
    first = fed.offset
    (passed_on,) = fed.partial()
    assert isinstance(passed_on, PassOn)
    fed.close(END + 2 * REMEMBER_US + 1)
    assert fed.log.committable() == first
    fed.log.late_acknowledged(passed_on.offset)
    assert fed.log.committable() == fed.offset


def test_reading_never_begins_between_a_window_and_a_late_duplicate_of_it(fed: Fed) -> None:
    fed.partial()  # 1
    fed.close()  # 2
    fed.closed(at=2)
    fed.close(END + MINUTE_US)  # 4
    fed.partial(seq=1, at_us=T0 + REMEMBER_US + MINUTE_US)  # 5, open to the end
    assert fed.partial() == []  # 6, late, and told by the ids of 1
    fed.close(END + REMEMBER_US)  # 7, and the first window is forgotten
    assert fed.log.committable() is None  # 4 would let a new reader pass 6 on
    fed.close(END + REMEMBER_US + 2 * MINUTE_US)  # 8, closes the second
    fed.closed(at=8)
    fed.close(END + 2 * REMEMBER_US + 2 * MINUTE_US)  # 10, forgets it
    assert fed.log.committable() == 10


def test_late_duplicates_without_end_do_not_hold_the_commit_for_ever(fed: Fed) -> None:
    closes: dict[int, int] = {}  # offset -> through
    for minute in range(60):
        at_us = T0 + minute * MINUTE_US
        fed.partial(seq=minute, at_us=at_us)
        through_us = at_us + MINUTE_US + LATENESS_US
        fed.close(through_us)
        closes[fed.offset] = through_us
        fed.closed(at=fed.offset)
        assert fed.partial(seq=minute, at_us=at_us) == []
    begin = fed.log.committable()
    assert begin is not None
    assert max(closes.values()) - closes[begin] <= LATENESS_US + 2 * REMEMBER_US + MINUTE_US


def test_dirty_windows_are_those_that_changed_oldest_first(fed: Fed) -> None:
    fed.partial(seq=0, at_us=T0 + MINUTE_US)
    fed.partial(seq=1)
    starts = [window.where.start_us for window in fed.log.dirty_windows()]
    assert starts == [T0, T0 + MINUTE_US]
    for window in fed.log.dirty_windows():
        assert [line["status"] for line in window.changed()] == ["provisional", "provisional"]
        assert window.changed() == []
    assert fed.log.dirty_windows() == []
    fed.partial(seq=1)
    assert fed.log.dirty_windows() == []  # a duplicate


def test_batch_ids_are_counted_wherever_they_are_kept(fed: Fed) -> None:
    fed.partial(seq=0)
    fed.partial(seq=1)
    assert fed.log.batch_ids == 2
    fed.close()
    assert fed.log.batch_ids == 2  # frozen
    fed.closed(at=fed.offset)
    assert fed.log.batch_ids == 2  # remembered
    fed.close(END + REMEMBER_US)
    assert fed.log.batch_ids == 0


def test_a_record_of_another_name_is_passed_over(fed: Fed) -> None:
    assert fed.read("Somebody") == []

"""What a replay found, as people and programs read it: one tenant's part, and sums to the pico."""

import io
import json

from rich.console import Console

from streams.replay.bar import showing
from streams.replay.changes import Change, Changes, Key
from streams.replay.chunk import Outcome
from streams.replay.run import Progress
from streams.replay.show import to_json, to_text


def found() -> Outcome:
    changes: Changes = {}
    changes[Key("acme", "m", "price")] = Change(2, [10, 11, 12], [7, 7, 7])  # 3 less, 4, 5
    changes[Key("globex", None, "priced")] = Change(1, [0, 0, 0], [5, 5, 6])
    return Outcome(windows=3, events=40, open_windows=1, behind=2, changed=2, changes=changes)


def test_the_total_is_the_sum_of_the_rows_in_every_kind_of_money() -> None:
    said = json.loads(to_json(found(), {"prices": "v"}, None))
    assert [row["tenant"] for row in said["changes"]] == ["globex", "acme"]  # the largest first
    assert said["total"] == {
        "lines": 3,
        "old_cost": "0.000000000010",
        "new_cost": "0.000000000012",
        "cost": "0.000000000002",  # 5 - 3
        "list_cost": "0.000000000001",  # 5 - 4
        "billed_cost": "0.000000000001",  # 6 - 5
    }
    assert (said["windows"], said["open_windows"], said["windows_behind"]) == (3, 1, 2)


def test_one_tenant_s_part_is_its_rows_and_their_sum() -> None:
    said = json.loads(to_json(found(), {}, "acme"))
    assert [row["tenant"] for row in said["changes"]] == ["acme"]
    assert said["total"]["cost"] == "-0.000000000003"
    text = "\n".join(to_text(found(), "acme"))
    assert "globex" not in text
    assert "-0.000000000003" in text


def test_people_are_told_what_was_left_alone_and_what_a_reason_means() -> None:
    text = "\n".join(to_text(found(), None))
    assert "1 still open" in text
    assert "2 windows left as they are" in text
    assert "priced: had no price and has one now" in text
    assert list(to_text(Outcome(windows=1), None))[-1] == "no difference"


def test_a_terminal_gets_a_bar_with_rate_and_time_left() -> None:
    screen = io.StringIO()
    with showing(Console(file=screen, force_terminal=True, width=120)) as report:
        report(Progress(1, 4, 1_000))
        report(Progress(4, 4, 4_000))
    said = screen.getvalue()
    assert "4,000 events" in said
    assert "/s" in said
    assert "100%" in said

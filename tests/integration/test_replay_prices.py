"""Replays on a real engine: every change has a reason, and the changes sum to new less old."""

import asyncio
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from clickhouse.client import Connection
from streams import sql_socket
from streams.core.windows import DAY_US, MINUTE_US, SECOND_US
from streams.replay import worker
from streams.replay.ask import Direct
from streams.replay.changes import Changes
from streams.replay.chunk import Askers, Outcome, Request, replay
from streams.replay.encoded import encoded, totals
from streams.replay.errors import CurrencyDiffers, StretchFailed, UnknownVersion
from streams.replay.notebook import Notebook
from streams.replay.plan import packed, plan
from streams.replay.report import reports
from streams.replay.span import Span
from streams.replay.versions import Versions
from streams.replay.worker import RETRY_S, Job, work
from streams.sql import read_only
from tests.builders.archived import Document, Live, price_book
from tests.builders.usage import T0, call, holder, interval

pytestmark = pytest.mark.integration

ONE_POOL = "pools: [{name: main, nodes: ['gpu-*']}]"
TWO_POOLS = "pools: [{name: lab, nodes: ['gpu-node-1']}, {name: main, nodes: ['gpu-*']}]"
FEW_TENANTS = "tenants: [acme]\n" + ONE_POOL
PICO = 10**12


@pytest.fixture
def live(database: Connection) -> Live:
    return Live(database)


def names(text: str = ONE_POOL, at_us: int = 1) -> Document:
    return Document(text, at_us)


def book(at_us: int = 1, **prices: str) -> Document:
    return Document(price_book(prices), at_us)


def replayed(live: Live, request: Request) -> Outcome:
    """Replay everything there is, stretch by stretch."""
    asker = Direct(live.database)
    versions = Versions(asker)
    outcome = Outcome()
    for span in plan(asker, 0, T0 + 400 * DAY_US, request.pool):
        found = replay(Askers(asker, asker), span, request, versions)
        outcome.lines += found.lines
        outcome = merged(outcome, found)
    return outcome


def merged(one: Outcome, other: Outcome) -> Outcome:
    whole = totals([encoded(one).body, encoded(other).body])
    whole.lines = one.lines
    return whole


def sums(changes: Changes) -> dict[tuple[str, str | None, str], tuple[int, int]]:
    """Return (old, new) cost in pico by tenant, model and reason."""
    return {
        (key.tenant, key.model, key.reason): (change.old[0], change.new[0])
        for key, change in changes.items()
    }


def in_force(live: Live) -> int:
    row = live.database.reader.value("SELECT toString(sum(cost)) FROM cost_current")
    whole, _, rest = str(row).partition(".")
    return int(whole) * PICO + int((rest or "0").ljust(12, "0"))


def moved(changes: Changes) -> int:
    return sum(change.new[0] - change.old[0] for change in changes.values())


def test_the_prices_it_was_drawn_under_change_nothing(live: Live) -> None:
    rules = live.publish(book(m="1"), names())
    live.send(rules, call(model="m"))
    live.send(rules, interval(holder(5 * SECOND_US, tenant="acme")))
    live.close()
    found = replayed(live, Request(rules.book.version, None, with_lines=True))
    assert (found.windows, found.changed, found.changes, found.lines) == (2, 0, {}, [])


def test_another_price_changes_what_used_it_and_nothing_else(live: Live) -> None:
    """1,000 + 100 tokens at 3 instead of 1 USD a million: 0.0033 for 0.0011."""
    old = live.publish(book(m="1", other="7"), names())
    new = live.publish(book(2, m="3", other="7"), names())
    live.send(old, call(model="m"), call(model="other", tenant="globex"))
    live.close()
    before = in_force(live)
    found = replayed(live, Request(new.book.version, None, with_lines=True))
    assert sums(found.changes) == {("acme", "m", "price"): (1_100_000_000, 3_300_000_000)}
    live.store(found.lines)
    assert in_force(live) - before == moved(found.changes) == 2_200_000_000


def test_usage_that_gets_a_price_or_loses_it_says_so(live: Live) -> None:
    old = live.publish(book(gone="1"), names())
    new = live.publish(book(2, come="1"), names())
    live.send(old, call(model="gone"), call(model="come"))
    live.close()
    found = replayed(live, Request(new.book.version, None))
    assert sums(found.changes) == {
        ("acme", "come", "priced"): (0, 1_100_000_000),
        ("acme", "gone", "unpriced"): (1_100_000_000, 0),
    }


def test_tenants_of_another_catalog_take_over_what_others_paid(live: Live) -> None:
    rules = live.publish(book(m="1"), names())
    few = live.publish(book(m="1"), names(FEW_TENANTS, 2))
    live.send(rules, call(model="m"), call(model="m", tenant="globex"))
    live.close()
    found = replayed(live, Request(rules.book.version, few.catalog.version, with_lines=True))
    assert sums(found.changes) == {
        ("globex", "m", "tag"): (1_100_000_000, 0),
        ("__unattributed__", "m", "tag"): (0, 1_100_000_000),
    }
    before = in_force(live)
    live.store(found.lines)
    assert in_force(live) == before


def test_a_node_that_is_in_another_pool_takes_its_cost_there(live: Live) -> None:
    """10 s of each of two GPUs at 1 USD a second."""
    rules = live.publish(book(), names())
    two = live.publish(book(), names(TWO_POOLS, 2))
    live.send(rules, *(interval(holder(10 * SECOND_US, tenant="acme"), node=f"gpu-node-{number}")
                       for number in (1, 2)))  # fmt: skip
    live.close()
    found = replayed(live, Request(rules.book.version, two.catalog.version, with_lines=True))
    assert moved(found.changes) == 0
    live.store(found.lines)
    by_pool = live.database.reader.rows(
        "SELECT pool, toString(sum(cost)) AS cost FROM cost_current GROUP BY pool ORDER BY pool"
    )
    assert [(row["pool"], row["cost"]) for row in by_pool] == [("lab", "10"), ("main", "10")]


def test_prices_and_catalog_at_once_are_told_apart(live: Live) -> None:
    old = live.publish(book(m="1"), names())
    new = live.publish(book(2, m="3"), names(FEW_TENANTS, 2))
    live.send(old, call(model="m", tenant="globex"))
    live.close()
    found = replayed(live, Request(new.book.version, new.catalog.version))
    assert sums(found.changes) == {
        ("globex", "m", "tag"): (1_100_000_000, 0),
        ("__unattributed__", "m", "tag"): (0, 1_100_000_000),
        ("__unattributed__", "m", "price"): (1_100_000_000, 3_300_000_000),
    }


def test_what_came_late_is_a_reason_of_its_own(live: Live) -> None:
    old = live.publish(book(m="1"), names())
    new = live.publish(book(2, m="3"), names())
    live.send(old, call(model="m"))
    live.close()
    live.send(old, call(model="m"))
    found = replayed(live, Request(new.book.version, None))
    assert sums(found.changes) == {
        ("acme", "m", "late"): (1_100_000_000, 2_200_000_000),
        ("acme", "m", "price"): (2_200_000_000, 6_600_000_000),
    }


def test_a_window_the_archive_does_not_hold_whole_is_left_alone(live: Live) -> None:
    old = live.publish(book(m="1"), names())
    new = live.publish(book(2, m="3"), names())
    live.send(old, call(model="m"))
    live.send(old, call(model="m"))
    live.close()
    live.database.writer.command("DELETE FROM usage_events WHERE seq = 1")
    found = replayed(live, Request(new.book.version, None, with_lines=True))
    assert (found.behind, found.changes, found.lines) == (1, {}, [])


def test_there_and_back_again_changes_nothing(live: Live) -> None:
    old = live.publish(book(m="1"), names())
    new = live.publish(book(2, m="3"), names())
    live.send(old, call(model="m"))
    first = {line["line_id"]: line["cost"] for line in live.close()}
    for rules in (new, old):
        live.store(replayed(live, Request(rules.book.version, None, with_lines=True)).lines)
    last = live.database.reader.rows("SELECT line_id, generation FROM cost_current")
    assert {str(row["line_id"]) for row in last} == first.keys()
    assert {row["generation"] for row in last} == {2}
    found = replayed(live, Request(old.book.version, None))
    assert found.changes == {}
    assert in_force(live) == 1_100_000_000


def test_a_generation_is_higher_than_any_that_is_there_in_part(live: Live) -> None:
    """Of another replay, killed while it published."""
    old = live.publish(book(m="1"), names())
    new = live.publish(book(2, m="3"), names())
    live.send(old, call(model="m"))
    live.close()
    killed = replayed(live, Request(new.book.version, None, with_lines=True)).lines
    live.store(killed[:1])
    assert in_force(live) == 1_100_000_000
    lines = replayed(live, Request(new.book.version, None, note="again", with_lines=True)).lines
    assert {(line["generation"], line["lines"], line["note"]) for line in lines} == {
        (2, len(lines), "again")
    }
    live.store(lines)
    live.store(killed)
    assert in_force(live) == 3_300_000_000


def test_one_pool_only(live: Live) -> None:
    old = live.publish(book(m="1"), names())
    new = live.publish(book(2, m="3"), names())
    live.send(old, call(model="m"), call(model="m", provider="azure"))
    live.close()
    found = replayed(live, Request(new.book.version, None, pool="api:openai", with_lines=True))
    assert found.windows == 1
    assert {line["pool"] for line in found.lines} == {"api:openai"}


def test_prices_in_another_currency_are_refused(live: Live) -> None:
    old = live.publish(book(m="1"), names())
    euro = Document(price_book({"m": "1"}).replace("USD", "EUR"), 2)
    new = live.publish(euro, names())
    live.send(old, call(model="m"))
    live.close()
    with pytest.raises(CurrencyDiffers, match="expected prices in USD"):
        replayed(live, Request(new.book.version, None))


def test_a_version_nobody_published_is_refused(live: Live) -> None:
    rules = live.publish(book(m="1"), names())
    live.send(rules, call(model="m"))
    live.close()
    with pytest.raises(UnknownVersion, match="prices publish"):
        replayed(live, Request("nobody", None))


def test_stretches_end_with_the_hour_the_bound_and_the_length_of_windows() -> None:
    hour = T0 + 60 * MINUTE_US
    rows = [
        [T0, MINUTE_US, 15_000],
        [T0 + MINUTE_US, MINUTE_US, 5_000],  # 20,000 is the bound
        [T0 + 2 * MINUTE_US, MINUTE_US, 1],
        [hour - MINUTE_US, MINUTE_US, 90_000],  # more than the bound: alone
        [hour, MINUTE_US, 1],
        [hour, 5 * MINUTE_US, 1],
    ]
    assert list(packed(rows)) == [
        Span(T0, T0 + 2 * MINUTE_US, MINUTE_US),
        Span(T0 + 2 * MINUTE_US, T0 + 3 * MINUTE_US, MINUTE_US),
        Span(hour - MINUTE_US, hour, MINUTE_US),
        Span(hour, hour + MINUTE_US, MINUTE_US),
        Span(hour, hour + 5 * MINUTE_US, 5 * MINUTE_US),
    ]


def test_a_notebook_keeps_lines_until_they_are_published(tmp_path: Path, live: Live) -> None:
    old = live.publish(book(m="1"), names())
    new = live.publish(book(2, m="3"), names())
    live.send(old, call(model="m"))
    live.close()
    found = encoded(replayed(live, Request(new.book.version, None, with_lines=True)))
    span = Span(T0, T0 + MINUTE_US, MINUTE_US)
    with Notebook(tmp_path, "asked") as notebook:
        notebook.note(span, found)
    with Notebook(tmp_path, "asked") as notebook:
        assert notebook.done() == {span}
        assert list(notebook.unpublished()) == [(span, found.lines)]
        notebook.published(span)
        assert list(notebook.unpublished()) == []
        assert moved(totals(notebook.bodies()).changes) == 2_200_000_000
    with Notebook(tmp_path, "asked otherwise") as notebook:
        assert notebook.done() == set()


def test_a_store_that_is_away_is_waited_for(tmp_path: Path, live: Live) -> None:
    """As when it was killed, and is being started again."""
    old = live.publish(book(m="1"), names())
    new = live.publish(book(2, m="3"), names())
    live.send(old, call(model="m"))
    live.close()
    socket = tmp_path / "sql.sock"
    stop = threading.Event()

    async def back_again() -> None:
        await asyncio.sleep(RETRY_S / 2)
        async with sql_socket.serve(socket, read_only(live.database), reports(live.database)):
            await asyncio.to_thread(stop.wait)

    with ThreadPoolExecutor(1) as beside:
        serving = beside.submit(asyncio.run, back_again())
        job = Job(socket, Request(new.book.version, None))
        found = totals([work(job, Span(T0, T0 + MINUTE_US, MINUTE_US)).body])
        stop.set()
        serving.result()
    assert moved(found.changes) == 2_200_000_000


def test_what_stops_a_process_can_be_told_to_another(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = live.publish(book(m="1"), names())
    live.send(rules, call(model="m"))
    live.close()
    monkeypatch.setattr(worker, "asker_of", lambda _: Direct(live.database))
    job = Job(Path("anywhere"), Request("nobody", None))
    with pytest.raises(StretchFailed, match="prices publish") as failed:
        work(job, Span(T0, T0 + MINUTE_US, MINUTE_US))
    told = pickle.loads(pickle.dumps(failed.value))  # noqa: S301 - our own
    assert str(told) == str(failed.value)

"""Windows that met two price books or catalogs, and usage without a price: corrected, once."""

import json
from typing import cast

import pytest

from clickhouse.client import Connection
from schemas.records import CostLine
from streams.core.terms import TWO_BOOKS, TWO_CATALOGS
from streams.core.windows import SECOND_US
from streams.replay.ask import Direct
from streams.replay.audit import audit
from streams.replay.notes import PRICED
from streams.replay.repair import Corrections, corrections
from streams.replay.report import to_json, to_text
from streams.replay.unpriced import LookedAt, price
from streams.replay.versions import Versions
from tests.builders.archived import Document, Live, price_book
from tests.builders.usage import T0, call, interval

pytestmark = pytest.mark.integration

IN, OUT = "api:openai tokens.input", "api:openai tokens.output"
ONE_POOL = "pools: [{name: main, nodes: ['gpu-*']}]"
TWO_POOLS = "pools: [{name: lab, nodes: ['gpu-node-1']}, {name: main, nodes: ['gpu-*']}]"


@pytest.fixture
def live(database: Connection) -> Live:
    return Live(database)


def book(at_us: int, **prices: str) -> Document:
    return Document(price_book(prices), at_us)


def names(at_us: int = 1, text: str = ONE_POOL) -> Document:
    return Document(text, at_us)


def repair(live: Live) -> Corrections:
    """Publish what a repair finds."""
    found = corrections(live.database)
    live.store(found.lines)
    return found


def priced(live: Live, looked_at: LookedAt | None = None) -> Corrections:
    """Publish what the newest price book prices."""
    found = Corrections()
    price(live.database, Versions(Direct(live.database)), found, looked_at or LookedAt())
    live.store(found.lines)
    return found


def said(live: Live) -> str:
    return to_text(json.loads(to_json(audit(live.database))))


def editions(lines: list[CostLine]) -> set[tuple[int, str, str | None]]:
    return {(line["generation"], line["price_book"], line["note"]) for line in lines}


def test_a_window_rated_under_two_books_is_said_to_be_and_corrected_once(live: Live) -> None:
    """1,100 tokens at 1 and then at 3 USD per million: 0.0011 + 0.0033; after, 2 x 0.0033."""
    old = live.publish(book(1, m="1"), names())
    new = live.publish(book(2, m="3"), names())
    live.send(old, call(model="m"))
    live.send(new, call(model="m"))
    live.close()
    before = audit(live.database)
    assert ([each.note for each in before.mixed], before.off) == ([TWO_BOOKS], ())
    assert not before.clean
    assert "MIXED" in said(live)
    assert live.costs() == {
        "api:openai tokens.input": "0.004",
        "api:openai tokens.output": "0.0004",
    }

    assert editions(repair(live).lines) == {(1, new.book.version, TWO_BOOKS)}
    assert live.costs() == {
        "api:openai tokens.input": "0.006",
        "api:openai tokens.output": "0.0006",
    }
    assert audit(live.database).clean
    assert repair(live).lines == []


def test_the_book_published_last_decides_though_another_hash_is_greater(live: Live) -> None:
    documents = sorted((book(0, m=each) for each in "12345"), key=lambda each: each.text)
    rules = [
        live.publish(Document(each.text, at_us), names()) for at_us, each in enumerate(documents, 1)
    ]
    for each in rules:
        live.send(each, call(model="m"))
    assert {line["price_book"] for line in live.close()} == {rules[-1].book.version}
    repair(live)
    assert audit(live.database).clean


def test_a_mixed_window_whose_lines_are_right_is_settled_too(live: Live) -> None:
    old = live.publish(book(1, m="1"), names())
    new = live.publish(book(2, m="1", other="1"), names())
    live.send(old, call(model="m"))
    live.send(new, call(model="m"))
    live.close()
    cost = live.costs()
    assert len(repair(live).mended) == 1
    assert live.costs() == cost
    assert audit(live.database).clean
    assert repair(live).lines == []


def test_events_that_two_catalogs_put_in_two_pools_are_in_one(live: Live) -> None:
    """Two intervals of 10 s of one GPU at 1 USD a second, of which one in each pool: 20 USD."""
    one = live.publish(book(1), names(1))
    two = live.publish(book(1), names(2, TWO_POOLS))
    live.send(one, interval(node="gpu-node-1"), interval(node="gpu-node-2"))
    live.send(two, interval(node="gpu-node-1", start_us=T0 + 10 * SECOND_US,
                            end_us=T0 + 20 * SECOND_US))  # fmt: skip
    live.close()
    assert live.costs() == {"lab idle_share": "10", "main idle_share": "20"}
    assert {each.note for each in audit(live.database).mixed} == {TWO_CATALOGS}

    found = repair(live)
    assert {line["catalog"] for line in found.lines} == {two.catalog.version}
    assert live.costs() == {"lab idle_share": "20", "main idle_share": "10"}
    after = audit(live.database)
    assert after.clean, said(live)
    assert repair(live).lines == []


def test_a_pool_that_has_nothing_any_more_is_zeroed_and_one_that_had_nothing_is_made(
    live: Live,
) -> None:
    """Of two batches in `main`, both are of a node that the last catalog puts in `lab`."""
    one = live.publish(book(1), names(1))
    two = live.publish(book(1), names(2, "pools: [{name: lab, nodes: ['gpu-*']}]"))
    live.send(one, interval())
    live.partials[-1]["pool"] = "main"
    live.send(two, interval(start_us=T0 + 10 * SECOND_US, end_us=T0 + 20 * SECOND_US))
    live.close()
    assert live.costs() == {"lab idle_share": "10", "main idle_share": "10"}
    repair(live)
    assert live.costs() == {"lab idle_share": "20"}
    assert audit(live.database).clean, said(live)
    assert repair(live).lines == []


def test_a_catalog_that_came_while_windows_are_open_is_waited_for(live: Live) -> None:
    one = live.publish(book(1), names(1))
    two = live.publish(book(1), names(2, TWO_POOLS))
    live.send(one, interval(node="gpu-node-2"))
    live.send(two, interval(node="gpu-node-1"))
    finals = live.close()
    still_open = [{**line, "status": "provisional", "revision": 2} for line in finals[-1:]]
    live.store([cast("CostLine", line) for line in still_open])
    assert repair(live).lines == []


def test_unpriced_usage_is_held_said_and_priced_by_the_book_that_has_it(live: Live) -> None:
    """1,000 tokens in at 2 USD per million: 0.002; and 100 out: 0.0002."""
    old = live.publish(book(1, m="1"), names())
    live.send(old, call(model="m"), call(model="new"))
    live.close()
    before = audit(live.database)
    assert before.clean
    rows = {(each.model, each.meter, each.quantity, each.events, each.since_us)
            for each in before.unpriced}  # fmt: skip
    assert rows == {("new", "tokens.input", "1000", 1, T0), ("new", "tokens.output", "100", 0, T0)}
    assert "UNPRICED openai new: 1000 Tokens of tokens.input, 1 events, since 2026-01-01" in said(
        live
    )
    assert priced(live).lines == []

    new = live.publish(book(2, m="1", new="2"), names())
    found = priced(live)
    assert editions(found.lines) == {(1, new.book.version, PRICED)}
    assert live.costs() == {
        "api:openai tokens.input": "0.003",
        "api:openai tokens.output": "0.0003",
    }
    after = audit(live.database)
    assert after.clean, said(live)
    assert after.unpriced == ()
    assert (priced(live).lines, repair(live).lines) == ([], [])


def test_a_book_that_changes_more_prices_nothing_and_the_window_is_named(live: Live) -> None:
    old = live.publish(book(1, m="1"), names())
    live.send(old, call(model="m"), call(model="new"))
    live.close()
    live.publish(book(2, m="5", new="2"), names())
    found = priced(live)
    assert ([each.pool for each in found.held], found.lines) == (["api:openai"], [])


def test_lines_that_follow_from_other_lines_are_left_alone(live: Live) -> None:
    """A month's adjustment begins with the first window of the month, and has no catalog."""
    one = live.publish(book(1), names(1))
    live.publish(book(1, new="2"), names(2, TWO_POOLS))
    live.send(one, call(model="new"), call(model="never"))
    [line, *_] = live.close()
    charge = {**line, "line_id": "c", "pool": "charge:month", "catalog": "", "note": "settled",
              "generation": 1, "lines": 1, "status": "corrected", "kind": "adjustment"}  # fmt: skip
    live.store([cast("CostLine", charge)])
    assert repair(live).lines == []
    assert {each["pool"] for each in priced(live).lines} == {"api:openai"}
    assert audit(live.database).clean


def test_hours_that_stay_unpriced_are_looked_at_once_under_one_book(live: Live) -> None:
    old = live.publish(book(1, m="1"), names())
    live.send(old, call(model="m"), call(model="new"))
    live.close()
    live.publish(book(2, m="5", new="2"), names())
    looked_at = LookedAt()
    assert len(priced(live, looked_at).held) == 1
    assert priced(live, looked_at).held == []
    live.publish(book(3, m="1", new="2"), names())
    assert len(priced(live, looked_at).mended) == 1


def test_what_stays_unpriced_stays_and_what_gets_a_price_gets_it(live: Live) -> None:
    old = live.publish(book(1, m="1"), names())
    live.send(old, call(model="new"), call(model="never"))
    live.close()
    live.publish(book(2, m="1", new="2"), names())
    priced(live)
    after = audit(live.database)
    assert {each.model for each in after.unpriced} == {"never"}
    assert after.clean
    assert priced(live).lines == []


def test_gpu_time_without_a_price_is_priced_with_its_idle_shares(live: Live) -> None:
    """10 s of an H100 at 1 USD a second, of which nobody held any."""
    old = live.publish(
        Document(price_book({"m": "1"}).replace("NVIDIA H100", "Another"), 1), names()
    )
    live.send(old, interval())
    live.close()
    assert live.costs() == {"main unpriced": None}
    live.publish(book(2, m="1"), names())
    assert len(priced(live).mended) == 1
    assert live.costs() == {"main idle_share": "10"}
    assert audit(live.database).clean


def test_an_open_window_is_priced_when_it_has_closed(live: Live) -> None:
    old = live.publish(book(1, m="1"), names())
    live.send(old, call(model="new"))
    finals = live.close()
    live.store([cast("CostLine", {**line, "status": "provisional", "revision": 2})
                for line in finals])  # fmt: skip
    live.publish(book(2, m="1", new="2"), names())
    looked_at = LookedAt()
    assert priced(live, looked_at).lines == []
    live.store([cast("CostLine", {**line, "revision": 2}) for line in finals])
    assert priced(live, looked_at).lines == []  # the archive is behind what the lines count
    live.send(old, call(model="new", at_us=T0 + 1))
    assert priced(live, looked_at).lines == []  # and now the lines are behind it: late batches


def test_a_newest_book_that_cannot_be_read_is_passed_over(live: Live) -> None:
    old = live.publish(book(1, m="1"), names())
    live.send(old, call(model="new"))
    live.close()
    live.publish(book(2, m="1", new="2"), names())
    live.keep_unreadable(3)
    assert len(priced(live).mended) == 1


def test_what_a_person_has_replayed_is_left_as_it_is(live: Live) -> None:
    """Nothing is known of why one pool is under one catalog, and the other under another."""
    one = live.publish(book(1), names(1))
    two = live.publish(book(1), names(2, TWO_POOLS))
    live.send(one, interval(node="gpu-node-2"))
    live.send(two, interval(node="gpu-node-1"))
    finals = live.close()
    decided = [{**line, "generation": 1, "status": "corrected", "lines": 1, "note": "by hand"}
               for line in finals if line["pool"] == "lab"]  # fmt: skip
    live.store([cast("CostLine", line) for line in decided])
    assert repair(live).lines == []
    assert audit(live.database).mixed == ()

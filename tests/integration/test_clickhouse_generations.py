"""A correction is seen as a whole or not at all: on a real engine, in any order, after a crash."""

import random
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import cast

import pytest

from clickhouse.client import Connection
from clickhouse.errors import Unavailable
from clickhouse.rows import cost_lines, edition_of
from clickhouse.session import Params, Session
from clickhouse.writer import Writer
from schemas.records import CostLine
from tests.builders.cost_lines import line
from tests.builders.generations import corrected, streamed

pytestmark = pytest.mark.integration

SNAPSHOT_MS = 100  # how long a reader dwells on each table before it goes on to the next
SUMS = (
    "(SELECT sum(ifNull(cost, 0)) FROM cost_current)",
    "(SELECT sum(cost) FROM hourly)",
    "(SELECT sum(cost) FROM daily)",
)


def write(database: Connection, *lines: CostLine) -> None:
    """Insert as a store does: a writer of its own, and the rollups."""
    writer = Writer(database.session())
    writer.add(cost_lines(lines))
    writer.flush()
    writer.recompute()


def sums(database: Connection) -> tuple[Decimal, ...]:
    """Return the cost by lines, hours and days."""
    values = database.reader.value(f"SELECT ({', '.join(SUMS)})")
    return cast("tuple[Decimal, ...]", values)


def all_three(cost: int) -> tuple[Decimal, ...]:
    return (Decimal(cost),) * 3


def test_half_a_generation_is_invisible_and_its_last_line_shows_all_of_it(
    database: Connection,
) -> None:
    write(database, *streamed("1", "2", "4"))
    *some, last = corrected(1, "10", "20", "40")
    assert sums(database) == all_three(7)
    for each in some:
        write(database, each)
        assert sums(database) == all_three(7)  # 1 + 2 + 4, never 10 + 2 + 4
    write(database, last)
    assert sums(database) == all_three(70)


def test_a_line_delivered_again_does_not_count_for_another(database: Connection) -> None:
    write(database, *streamed("1", "2"))
    first, second = corrected(1, "10", "20")
    write(database, first, first)
    write(database, first)
    assert sums(database) == all_three(3)
    write(database, second)
    write(database, second)
    assert sums(database) == all_three(30)


def test_lines_that_a_generation_does_not_have_are_gone(database: Connection) -> None:
    write(database, *streamed("1", "2", "4"))
    write(database, *corrected(1, "10"))
    assert sums(database) == all_three(10)
    write(database, *corrected(2, "5", "6", "7", "8"))
    assert sums(database) == all_three(26)


def test_each_pool_of_a_window_is_corrected_by_itself(database: Connection) -> None:
    write(database, *streamed("1", "2"), *streamed("4", pool="a100"))
    write(database, *corrected(1, "10", "20"), corrected(1, "40", "50", pool="a100")[0])
    assert sums(database) == all_three(34)  # 10 + 20, and still 4


def test_an_older_generation_that_comes_late_changes_nothing(database: Connection) -> None:
    write(database, *corrected(2, "10", "20"))
    write(database, *corrected(1, "5", "5"))
    write(database, *streamed("1", "2"))
    write(database, *streamed("9", "9", "9", revision=50))
    assert sums(database) == all_three(30)


def test_every_complete_generation_stays_queryable_with_its_note(database: Connection) -> None:
    write(database, *streamed("1", "2"))
    write(database, *corrected(1, "10", "20", note="late batches"))
    write(database, *corrected(2, "100", "200", note="new prices"), corrected(3, "7", "7")[0])
    rows = database.reader.rows(
        "SELECT generation, note, toString(sum(cost)) AS cost, count() AS lines "
        "FROM cost_history GROUP BY generation, note ORDER BY generation"
    )
    assert [tuple(row.values()) for row in rows] == [
        (0, None, "3", 2),
        (1, "late batches", "30", 2),
        (2, "new prices", "300", 2),
    ]


def test_corrections_of_before_lines_were_counted_are_seen_at_once(database: Connection) -> None:
    write(database, *streamed("1", "2"))
    write(database, *corrected(1, "10", "20", lines=None))
    assert sums(database) == all_three(30)
    write(database, corrected(2, "100", "200")[0])
    assert sums(database) == all_three(30)


def test_two_contents_of_one_number_are_never_mixed(database: Connection) -> None:
    # A publisher was killed halfway; the next did not know, and had one more batch.
    write(database, *streamed("1", "2"))
    killed = corrected(1, "10", "20", revision=5)
    other = corrected(1, "100", "200", revision=6)
    write(database, killed[0], other[1])
    assert sums(database) == all_three(3)  # not 10 + 200
    write(database, other[0])
    assert sums(database) == all_three(300)
    write(database, killed[1])
    assert sums(database) == all_three(300)  # of one number the later revision


class Cut:
    """A session whose process dies, or whose server does not answer, when it marks."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.insert = session.insert
        self.rows = session.rows
        self.is_cut = True

    def command(self, sql: str, params: Params | None = None) -> None:
        if self.is_cut:
            raise Unavailable("gone")
        self._session.command(sql, params)


def test_what_a_crash_leaves_between_insert_and_mark_is_found_at_start(
    database: Connection,
) -> None:
    write(database, *streamed("1", "2"))
    dead = Writer(cast("Session", Cut(database.writer)))
    dead.add(cost_lines(corrected(1, "10", "20")))
    with pytest.raises(Unavailable):
        dead.flush()
    assert sums(database) == all_three(3)
    Writer(database.writer).recover()
    assert sums(database) == all_three(30)


def test_lines_that_come_again_after_such_a_crash_complete_it_too(database: Connection) -> None:
    write(database, *streamed("1", "2"))
    dead = Writer(cast("Session", Cut(database.writer)))
    lines = corrected(1, "10", "20")
    dead.add(cost_lines(lines))
    with pytest.raises(Unavailable):
        dead.flush()
    write(database, lines[0])  # what was not committed: any part of it will do
    assert sums(database) == all_three(30)


def test_a_flush_that_could_not_mark_marks_when_it_is_called_again(database: Connection) -> None:
    write(database, *streamed("1", "2"))
    cut = Cut(database.writer)
    writer = Writer(cast("Session", cut))
    writer.add(cost_lines(corrected(1, "10", "20")))
    with pytest.raises(Unavailable):
        writer.flush()
    cut.is_cut = False
    assert writer.flush().total == 0
    writer.recompute()
    assert sums(database) == all_three(30)


def test_rollups_of_a_writer_that_died_after_it_marked_are_found_at_start(
    database: Connection,
) -> None:
    write(database, *streamed("1", "2"))
    # As if everything had been rolled up long after its lines came.
    database.writer.command(
        "ALTER TABLE cost_lines UPDATE inserted_at = inserted_at - INTERVAL 1 HOUR WHERE 1 "
        "SETTINGS mutations_sync = 2"
    )
    dead = Writer(database.writer)
    dead.add(cost_lines(corrected(1, "10", "20")))
    dead.flush()
    assert sums(database) == (Decimal(30), Decimal(3), Decimal(3))
    assert Writer(database.session()).recover() == 1
    assert sums(database) == all_three(30)


def test_a_generation_whose_publisher_died_stays_invisible_and_harmless(
    database: Connection,
) -> None:
    write(database, *streamed("1", "2"), corrected(1, "10", "20")[0])
    for _ in range(2):
        Writer(database.writer).recover()
        assert sums(database) == all_three(3)
    write(database, *corrected(2, "100", "200"))
    assert sums(database) == all_three(300)


def test_many_windows_are_corrected_in_one_flush(database: Connection) -> None:
    minutes = 60 * 120  # five days, more hours than one statement marks
    every = range(0, minutes, 7)
    write(database, *(x for m in every for x in streamed("1", "2", minute=m)))
    lines = [x for m in every for x in corrected(1, "10", "20", minute=m)]
    random.Random(3).shuffle(lines)
    write(database, *lines[:-1])
    whole = len(every)
    assert sums(database) == all_three(30 * (whole - 1) + 3)
    write(database, lines[-1])
    assert sums(database) == all_three(30 * whole)


@contextmanager
def publishing(database: Connection, generations: int) -> Iterator[threading.Thread]:
    """Publish one generation after the other meanwhile, in two halves by two writers."""
    writers = [Writer(database.session()) for _ in range(2)]

    def publish() -> None:
        for number in range(1, generations + 1):
            lines = corrected(number, *[str(number)] * 4)
            for writer, half in zip(writers, (lines[:2], lines[2:]), strict=True):
                writer.add(cost_lines(half))
                writer.flush()

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        yield thread
    finally:
        thread.join()


def test_a_reader_sees_one_generation_whatever_completes_while_it_reads(
    database: Connection,
) -> None:
    """Between the tables it reads from, a reader dwells for several generations."""
    write(database, *streamed("0", "0", "0", "0"))
    slow = database.session({"merge_tree_storage_snapshot_sleep_ms": SNAPSHOT_MS})
    seen: list[tuple[object, ...]] = []
    with publishing(database, 60) as thread:
        while thread.is_alive():
            [row] = slow.rows(
                "SELECT uniqExact(generation) AS generations, count() AS lines, "
                "sum(cost) = 4 * max(generation) AS one, max(generation) AS g FROM cost_current"
            )
            seen.append(tuple(row.values()))
    assert {row[:3] for row in seen} == {(1, 4, True)}
    assert len({row[3] for row in seen}) > 1  # it did read while they came


def assert_whole(database: Connection, sent: Sequence[CostLine]) -> None:
    """Compare what is visible of each (window, pool) with the newest edition wholly sent."""
    visible: dict[tuple[object, ...], set[tuple[object, ...]]] = {}
    for row in database.reader.rows(
        "SELECT toUnixTimestamp64Micro(window_start) AS at, pool, line_id, generation, revision "
        "FROM cost_current"
    ):
        at, pool, *rest = row.values()
        visible.setdefault((at, pool), set()).add(tuple(rest))
    should = {where: expected(sent, where) for where in map(where_of, sent)}
    assert visible == {where: lines for where, lines in should.items() if lines}


def where_of(each: CostLine) -> tuple[object, ...]:
    return (each["window_start_us"], each["pool"])


def expected(sent: Sequence[CostLine], where: tuple[object, ...]) -> set[tuple[object, ...]]:
    editions: dict[tuple[int, int, int], set[str]] = {}
    counts: dict[tuple[int, int, int], int] = {}
    for each in sent:
        if where_of(each) == where and each["lines"] is not None:
            key = (each["generation"], each["revision"], edition_of(each))
            editions.setdefault(key, set()).add(each["line_id"])
            counts[key] = each["lines"]
    whole = [key for key, ids in editions.items() if len(ids) == counts[key]]
    if whole:
        newest = max(whole)
        return {(line_id, newest[0], newest[1]) for line_id in editions[newest]}
    newest_of: dict[str, int] = {}
    for each in sent:
        if where_of(each) == where and each["generation"] == 0:
            newest_of[each["line_id"]] = max(each["revision"], newest_of.get(each["line_id"], 0))
    return {(line_id, 0, revision) for line_id, revision in newest_of.items()}


def drawn(chance: random.Random) -> list[CostLine]:
    """Return a few windows in up to four generations, some numbers published twice."""
    lines: list[CostLine] = []
    for pool, minute in ((p, m) for p in ("h100", "a100") for m in (0, 1, 70)):
        for revision in (1, 2):
            costs = ["1"] * chance.randrange(1, 4)
            lines += streamed(*costs, pool=pool, minute=minute, revision=revision)
        for generation in range(1, chance.randrange(1, 5)):
            for revision in range(3, 3 + chance.choice([1, 1, 2])):
                costs = ["2"] * chance.randrange(1, 5)
                lines += corrected(generation, *costs, pool=pool, minute=minute, revision=revision)
    return lines


@pytest.mark.parametrize("seed", range(6))
def test_visible_lines_are_exactly_one_generation_after_any_interleaving(
    database: Connection, seed: int
) -> None:
    chance = random.Random(seed)
    lines = drawn(chance)
    lines += chance.sample(lines, len(lines) // 3)  # delivered again
    chance.shuffle(lines)
    writers = [Writer(database.writer), Writer(database.session())]
    sent: list[CostLine] = []
    while lines:
        portion = [lines.pop() for _ in range(min(len(lines), chance.randrange(1, 16)))]
        halves = (portion[: len(portion) // 2], portion[len(portion) // 2 :])
        for writer, half in zip(chance.sample(writers, 2), halves, strict=True):
            writer.add(cost_lines(half))
            writer.flush()
            writer.recompute()
            sent += half
        assert_whole(database, sent)
        assert len(set(sums(database))) == 1


def test_two_writers_that_insert_at_once_complete_it_between_them(database: Connection) -> None:
    minutes = range(30)
    write(database, *(x for m in minutes for x in streamed("1", "2", minute=m)))
    writers = [Writer(database.session()) for _ in range(2)]
    start = threading.Barrier(len(writers))

    def insert(writer: Writer, number: int) -> None:
        for minute in minutes:
            start.wait()
            writer.add(cost_lines([corrected(1, "10", "20", minute=minute)[number]]))
            writer.flush()

    threads = [
        threading.Thread(target=insert, args=(writer, number))
        for number, writer in enumerate(writers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sums(database)[0] == Decimal(30 * len(minutes))


def test_new_columns_come_out_as_they_went_in(database: Connection) -> None:
    amounts = {"list_cost": b"\x02", "billed_cost": b"\x03"}  # pico
    given = line(1, "1", region="eu-west", service_tier="batch", **amounts)
    write(database, given, line(2, None, kind="unpriced"))
    rows = database.reader.rows(
        "SELECT region, service_tier, toString(list_cost) AS l, toString(billed_cost) AS b "
        "FROM cost_current ORDER BY line_id"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("eu-west", "batch", "0.000000000002", "0.000000000003"),
        (None, None, None, None),
    ]

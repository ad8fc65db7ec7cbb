"""Versions that allocate needs: waited for, found, kept, let go of; and never guessed."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from streams.config_topic import CATALOG, PRICES, Kind
from streams.errors import BrokerUnavailable
from streams.processors import library as module
from streams.processors.errors import VersionUnknown
from streams.processors.library import KEPT, Library
from tests.processor_fakes import run, until


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_S", 0.001)


def answers(*said: str | Exception | None) -> Callable[[Kind, str], str | None]:
    """Answer so for price books, the last answer again and again; know every catalog."""
    left = list(said)

    def find(kind: Kind, _version: str) -> str | None:
        if kind is CATALOG:
            return kind.default()
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    return find


def test_a_version_is_looked_for_once() -> None:
    async def test() -> None:
        asked: list[tuple[str, str]] = []

        def find(kind: Kind, version: str) -> str:
            asked.append((kind.name, version))
            return kind.default()

        library = Library(find)
        await library.get("b1", "c1")
        await library.get("b1", "c2")
        assert asked == [("price book", "b1"), ("catalog", "c1"), ("catalog", "c2")]
        assert library.has("b1", "c2")
        assert not library.has("b2", "c2")
        assert library.of("b1", "c1").book is library.of("b1", "c2").book

    run(test())


def test_a_broker_that_is_down_is_waited_for_and_named() -> None:
    async def test() -> None:
        down = BrokerUnavailable("kafka:9092", 1.0, "nobody")
        up = threading.Event()

        def find(kind: Kind, _version: str) -> str:
            if up.is_set():
                return kind.default()
            raise down

        library = Library(find)
        getting = asyncio.create_task(library.get("b1", "c1"))
        await until(lambda: "kafka:9092" in (library.trouble or ""))
        up.set()
        await asyncio.wait_for(getting, 10)
        assert library.trouble is None

    run(test())


def test_a_version_on_its_way_is_waited_for() -> None:
    async def test() -> None:
        library = Library(answers(None, None, PRICES.default()))
        await library.get("b1", "c1")
        assert library.has("b1", "c1")

    run(test())


def test_a_version_unknown_for_too_long_stops_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "UNKNOWN_S", 0.01)

    async def test() -> None:
        with pytest.raises(VersionUnknown, match=r"b1 on config\.price-book\.v1.*prices publish"):
            await Library(answers(None)).get("b1", "c1")

    run(test())


def test_a_version_that_cannot_be_read_stops_at_once() -> None:
    async def test() -> None:
        with pytest.raises(VersionUnknown, match="fault"):
            await Library(answers("later: 1\n")).get("b1", "c1")

    run(test())


def test_what_no_window_needs_is_let_go_of_once_there_is_much_of_it() -> None:
    async def test() -> None:
        library = Library(answers(PRICES.default()))
        for number in range(KEPT):
            await library.get(f"b{number}", "c")
        library.keep([("b0", "c")])
        assert library.has("b1", "c")
        await library.get("one more", "c")
        library.keep([("b0", "c"), ("b1", "c")])
        assert (library.has("b0", "c"), library.has("b1", "c")) == (True, True)
        assert not library.has("b2", "c")

    run(test())

"""One replay from what a person asked for to what came of it."""

import json
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from rich.console import Console

from streams.config.price_book import load_price_book
from streams.kafka import wait_ready
from streams.replay.bar import showing
from streams.replay.chunk import Outcome, Request
from streams.replay.from_kafka import archive_of
from streams.replay.notebook import Notebook
from streams.replay.place import Place, asker_of, place_of
from streams.replay.plan import plan
from streams.replay.run import run
from streams.replay.versions import Versions
from streams.replay.worker import Job
from streams.settings import WorkerSettings

REACH_S = 5.0  # a person waits; a broker that is there answers in milliseconds

Source = Literal["archive", "kafka"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for. `prices` and `catalog`: beginnings of versions; `book`: a file's text."""

    since_us: int
    until_us: int
    prices: str
    catalog: str | None
    book: str | None
    pool: str
    source: Source
    publish: bool
    note: str


@dataclass(frozen=True, slots=True)
class Session:
    """Where it works: which data, where it keeps notes, where it says how far it is."""

    settings: WorkerSettings
    folder: Path
    console: Console

    def replay(self, asked: Asked, *, restart: bool) -> tuple[Request, Outcome]:
        """Replay, and return what versions that meant and what it gave. Blocks.

        Goes on where one that was asked for the same was killed, unless it is to `restart`. Raises
        ReplayError, StreamsError and ConfigError.
        """
        with place_of(self.settings) as place:
            request = requested(place, asked)
            spans = plan(asker_of(place), asked.since_us, asked.until_us, asked.pool)
            data = self.settings.clickhouse.url
            name = json.dumps({**asdict(asked), **asdict(request), "data": data})
            with Notebook(self.folder, name) as notebook, ExitStack() as opened:
                if restart:
                    notebook.finish()
                done = len(notebook.done())
                if done:
                    self.console.print(f"going on after {done} stretches that were done")
                job = Job(place, request, asked.book)
                if asked.source == "kafka":
                    wait_ready(self.settings.kafka, REACH_S)
                    self.console.print("reading Kafka ...")
                    scratch = notebook.path.with_suffix(".events")
                    filled = archive_of(self.settings, spans, scratch)
                    job = replace(job, archive=opened.enter_context(filled))
                if asked.publish:
                    wait_ready(self.settings.kafka, REACH_S)
                target = self.settings.kafka if asked.publish else None
                progress = opened.enter_context(showing(self.console))
                outcome = run(job, spans, notebook, target, progress)
                notebook.finish()
        return request, outcome


def requested(place: Place, asked: Asked) -> Request:
    """Return what was asked for, with whole versions."""
    given = [] if asked.book is None else [load_price_book(asked.book)]
    versions = Versions(asker_of(place), *given)
    prices = given[0].version if given else versions.full("price-book", asked.prices)
    catalog = None if asked.catalog is None else versions.full("catalog", asked.catalog)
    return Request(prices, catalog, asked.pool, asked.note, asked.publish)

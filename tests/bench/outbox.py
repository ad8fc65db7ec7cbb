"""How fast events go through put and sync to disk, beside encoding the same batches alone."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from structlog.testing import capture_logs

from agents.outbox import Limits, Outbox, OutboxConfig
from schemas.codec import Codec
from tests.bench.figure import Figure, Number, Options, medians
from tests.outbox_parts import RECORD, FakeChannel, event

EVENTS_PER_SECOND = 60_000  # about what this class of machine does, to size a run
CHUNK = 20_000  # put, then wait until these are on disk
NOT_SHOWN = (
    "Kafka (the channel acknowledges at once), a slow disk's fsync, several producing threads"
)


def bench(options: Options) -> list[Figure]:
    """Measure rounds of both and return their medians."""
    events = round(options.seconds * EVENTS_PER_SECOND / 2)
    with capture_logs():  # results go to stdout, alone
        runs = [run(events) for _ in range(options.rounds)]
    numbers = medians(runs)
    line = (
        f"outbox: {numbers['outbox_events_per_s']:,.0f} events/s through put and sync to disk, "
        f"{numbers['ratio']:.2f} of encoding alone ({numbers['encode_events_per_s']:,.0f}); "
        f"put takes its caller {numbers['put_us']:.2f} us"
    )
    return [Figure("outbox", line, numbers, NOT_SHOWN, runs)]


def run(events: int = 100_000) -> dict[str, Number]:
    """Return events/s of both, their ratio, and what a put costs its caller."""
    made = [event(number, project=f"project-{number % 50}") for number in range(events)]
    encode_s = _seconds(lambda: _encode(made))
    with tempfile.TemporaryDirectory() as folder, _open(Path(folder)) as outbox:
        outbox_s = _seconds(lambda: _put_and_sync(outbox, made))
        put_s = _seconds(lambda: [outbox.put(one) for one in made[:CHUNK]])
    return {
        "events": events,
        "encode_events_per_s": events / encode_s,
        "outbox_events_per_s": events / outbox_s,
        "ratio": encode_s / outbox_s,
        "put_us": put_s / len(made[:CHUNK]) * 1e6,
    }


def main() -> None:
    """Print the figure of one short run."""
    [figure] = bench(Options(seconds=5.0, rounds=3, seed=1))
    print(figure.line, f"not shown: {figure.not_shown}", sep="\n")  # noqa: T201 -- a command


def _encode(events: list[dict[str, object]]) -> None:
    codec = Codec()
    size = Limits().max_events
    for seq in range(0, len(events), size):
        head = {"source": "gw-1", "epoch": 1, "seq": seq, "sent_at_us": 1, "losses": []}
        codec.encode(RECORD, {**head, "events": events[seq : seq + size]})


def _put_and_sync(outbox: Outbox, events: list[dict[str, object]]) -> None:
    for start in range(0, len(events), CHUNK):
        for one in events[start : start + CHUNK]:
            outbox.put(one)
        if not outbox.flush(60.0):
            raise RuntimeError(f"expected all on disk, got {outbox.stats()}")


def _open(folder: Path) -> Outbox:
    config = OutboxConfig(
        path=folder / "outbox.db", source="gw-1", topic="bench", record=RECORD, kafka={}
    )
    return Outbox(config, channel=FakeChannel())


def _seconds(work: Callable[[], object]) -> float:
    start_s = time.perf_counter()
    work()
    return time.perf_counter() - start_s


if __name__ == "__main__":
    main()

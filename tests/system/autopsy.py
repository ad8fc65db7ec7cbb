"""Writes down the state of a system that does not get on, for whoever has to find out why."""

import json
import urllib.error
import urllib.request
from collections import defaultdict

from schemas import topics
from schemas.codec import Codec
from streams.kafka import read_to_end
from tests.system.evidence import committed
from tests.system.stack import Stack
from tests.system.workers import Worker

ANSWER_S = 5.0


def write(stack: Stack) -> None:
    """Put what the workers say of themselves, and how far the log is, beside their logs."""
    for worker in stack.workers:
        (stack.folder / f"{worker.name}.metrics").write_text(metrics(worker), encoding="utf-8")
    dump(stack)
    report = {"log": log(stack), "committed": commits(stack)}
    (stack.folder / "autopsy.json").write_text(json.dumps(report, indent=1), encoding="utf-8")


def dump(stack: Stack) -> None:
    """Put the partial log and what was passed on beside the logs, a record a line."""
    codec = Codec()
    for topic in (topics.METERED_PARTIAL, topics.LATE_PARTIAL):
        with (stack.folder / f"{topic.name}.jsonl").open("w", encoding="utf-8") as out:
            for entry in read_to_end(stack.kafka, topic.name):
                name, record = codec.decode(entry.value or b"")
                record.pop("sums", None)
                where = {"partition": entry.partition, "offset": entry.offset, "at_ms": entry.at_ms}
                out.write(json.dumps({"name": name, **where, **record}) + "\n")


def metrics(worker: Worker) -> str:
    """Return what a worker's /metrics and /health say."""
    ports = [entry["port"] for entry in worker.entries("processor_started")]
    if not ports:
        return "not started"
    told = []
    for path in ("health", "metrics"):
        try:
            url = f"http://127.0.0.1:{ports[-1]}/{path}"
            with urllib.request.urlopen(url, timeout=ANSWER_S) as answer:
                told.append(answer.read().decode())
        except (OSError, urllib.error.URLError) as error:
            told.append(f"{path}: {error!r}")
    return "\n".join(told)


def log(stack: Stack) -> dict[str, dict[str, object]]:
    """Return, by partition of the partial log: watermarks by origin, controls, end."""
    codec = Codec()
    found: dict[str, dict[str, object]] = defaultdict(dict)
    for entry in read_to_end(stack.kafka, topics.METERED_PARTIAL.name):
        name, record = codec.decode(entry.value or b"")
        state = found[str(entry.partition)]
        state["end"] = entry.offset + 1
        if name == "Watermark":
            state[record["origin"]] = [entry.offset, record["at_us"]]
        elif name != "Partial":
            state[name] = [entry.offset, record]
    return found


def commits(stack: Stack) -> dict[str, object]:
    """Return the committed offsets of the readers of the usage and partial topics."""
    groups = [("meter", topic) for topic in topics.USAGE] + [("allocate", topics.METERED_PARTIAL)]
    return {
        f"{processor} {topic.name}": committed(stack.kafka, processor, topic, topic.partitions)
        for processor, topic in groups
    }

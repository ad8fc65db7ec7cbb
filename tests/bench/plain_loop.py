"""The plain loop: one process, confluent-kafka and fastavro, tokens summed by (tenant, model).

What one would write with no framework, no prices and no guarantees. Run as a process of its own;
prints one JSON object.
"""

import argparse
import json
import time
from io import BytesIO
from typing import Any, cast

import fastavro
from confluent_kafka import Consumer, TopicPartition

from schemas.catalogue import current
from schemas.codec import HEADER_BYTES

MESSAGES = 500


def consume(bootstrap: str, topic: str, partitions: int, events: int) -> dict[str, float]:
    """Read a topic until so many events came; return what it took."""
    schema = current()["InferenceUsageBatch"].parsed
    reader = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "plain-loop",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    reader.assign([TopicPartition(topic, number, 0) for number in range(partitions)])
    sums: dict[tuple[str | None, str], int] = {}
    seen = 0
    begin_s = begin_cpu_s = 0.0
    while seen < events:
        messages = reader.consume(MESSAGES, timeout=1.0)
        if not begin_s:
            begin_s, begin_cpu_s = time.monotonic(), time.process_time()
        for message in messages:
            body = BytesIO(cast("bytes", message.value())[HEADER_BYTES:])
            batch = cast("dict[str, Any]", fastavro.schemaless_reader(body, schema, None))
            for event in batch["events"]:
                key = (event["tenant"], event["model"])
                tokens = (event["input_tokens"] or 0) + (event["output_tokens"] or 0)
                sums[key] = sums.get(key, 0) + tokens
            seen += len(batch["events"])
    took = {"for_s": time.monotonic() - begin_s, "cpu_s": time.process_time() - begin_cpu_s}
    reader.close()
    return {"events": seen, "tokens": sum(sums.values()), **took}


def main() -> None:
    """Read the command line, run, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kafka", required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--partitions", type=int, required=True)
    parser.add_argument("--events", type=int, required=True)
    given = parser.parse_args()
    result = consume(given.kafka, given.topic, given.partitions, given.events)
    print(json.dumps(result))  # noqa: T201 - its output


if __name__ == "__main__":
    main()

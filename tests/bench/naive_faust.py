"""The obvious Faust program: a message per event, a windowed table summed by tenant.

As the Faust documentation would have one write it, with in-memory tables. Run as a process of its
own; prints one JSON object when it has seen all events.
"""

import argparse
import json
import os
import tempfile
import time

import faust

WINDOW_S = 60.0


def program(bootstrap: str, topic: str, partitions: int, events: int) -> faust.App:
    """Return the app; it ends the process when so many events came."""

    class Call(faust.Record):
        tenant: str
        model: str
        input_tokens: int
        output_tokens: int

    app = faust.App(
        "naive-faust",
        broker=f"kafka://{bootstrap}",
        store="memory://",
        topic_partitions=partitions,
        broker_session_timeout=6.0,  # as ours: the embedded broker makes a join wait for half of it
        broker_heartbeat_interval=1.0,
        consumer_auto_offset_reset="earliest",
        datadir=tempfile.mkdtemp(),
        web_enabled=False,
    )
    source = app.topic(topic, value_type=Call, value_serializer="json")
    tokens = app.Table("tokens", default=int).tumbling(WINDOW_S)
    seen = 0
    begin_s = begin_cpu_s = 0.0

    @app.agent(source)
    async def count(stream: faust.StreamT[Call]) -> None:
        nonlocal seen, begin_s, begin_cpu_s
        async for call in stream:
            if not begin_s:
                begin_s, begin_cpu_s = time.monotonic(), time.process_time()
            tokens[call.tenant] += call.input_tokens + call.output_tokens
            seen += 1
            if seen == events:
                for_s = time.monotonic() - begin_s
                cpu_s = time.process_time() - begin_cpu_s
                took = {"events": seen, "for_s": for_s, "cpu_s": cpu_s}
                os.write(1, json.dumps(took).encode())  # Faust has taken sys.stdout
                os._exit(0)  # there is nothing to keep

    return app


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kafka", required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--partitions", type=int, required=True)
    parser.add_argument("--events", type=int, required=True)
    given = parser.parse_args()
    app = program(given.kafka, given.topic, given.partitions, given.events)
    faust.Worker(app, loglevel="ERROR").execute_from_commandline()


if __name__ == "__main__":
    main()

"""Model calls through the real OpenTelemetry SDK: python otel_sender.py URL TOKEN SPANS SEED.

Runs in the environment of the peers. Instruments as an application does, with text in attributes
and events, exports in small batches with the SDK's own exporter, and repeats a batch that the
exporter gave up on. Prints as JSON how many tokens of each kind its leaf spans had.
"""

import json
import logging
import random
import sys
from collections import Counter
from collections.abc import Sequence

from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

PROMPT = "the-prompt-that-nobody-may-keep"
BATCH = 20
ATTEMPTS = 200


class Persistent(SpanExporter):  # type: ignore[misc]  # the peers have no types here
    """Repeats what the exporter gave up on, as a collector with a queue does."""

    def __init__(self, exporter: OTLPSpanExporter) -> None:
        self._exporter = exporter
        self.gave_up = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        for _ in range(ATTEMPTS):
            if self._exporter.export(spans) is SpanExportResult.SUCCESS:
                return SpanExportResult.SUCCESS
            self.gave_up += 1
        return SpanExportResult.FAILURE

    def shutdown(self) -> None:
        self._exporter.shutdown()


def main() -> None:
    url, token, spans, seed = sys.argv[1:]
    logging.disable(logging.CRITICAL)  # the exporter's complaints about a server that was killed
    chance = random.Random(int(seed))
    exporter = Persistent(
        OTLPSpanExporter(
            endpoint=f"{url}/v1/traces",
            headers={"authorization": f"Bearer {token}"},
            compression=Compression.Gzip if int(seed) % 2 else Compression.NoCompression,
            timeout=3,
        )
    )
    provider = TracerProvider(resource=Resource.create({"tenant.id": "acme"}))
    provider.add_span_processor(
        BatchSpanProcessor(exporter, max_export_batch_size=BATCH, schedule_delay_millis=100,
                           max_queue_size=100_000)
    )  # fmt: skip
    tracer = provider.get_tracer("an-application")
    sent: Counter[str] = Counter()
    for _ in range(int(spans)):
        with tracer.start_as_current_span("invoke_agent") as agent:
            agent.set_attributes({"gen_ai.operation.name": "invoke_agent",
                                  "gen_ai.usage.input_tokens": 10**6})  # fmt: skip
            with tracer.start_as_current_span("chat gpt-4o") as span:
                counts = {"input": chance.randint(0, 5_000), "output": chance.randint(0, 900)}
                counts["cached"] = chance.randint(0, counts["input"])
                span.set_attributes(
                    {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "openai",
                        "gen_ai.request.model": "gpt-4o",
                        "gen_ai.response.model": "gpt-4o-2024-08-06",
                        "gen_ai.usage.input_tokens": counts["input"],
                        "gen_ai.usage.output_tokens": counts["output"],
                        "gen_ai.usage.cache_read.input_tokens": counts["cached"],
                        "gen_ai.input.messages": PROMPT,
                    }
                )
                span.add_event("gen_ai.user.message", {"content": PROMPT})
                sent.update(counts)
                sent["calls"] += 1
    provider.force_flush(120_000)
    provider.shutdown()
    print(json.dumps({**sent, "gave_up": exporter.gave_up}))  # noqa: T201 -- read by the test


if __name__ == "__main__":
    main()

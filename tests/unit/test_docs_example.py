"""The README's event, put through codec and core, gives the README's cost lines."""

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from schemas.codec import Codec
from schemas.decimals import from_bytes, to_decimal
from schemas.records import CostLine, InferenceUsage
from streams.config.price_book import load_price_book
from streams.config_topic import PRICES
from streams.core.lines import WindowPool
from streams.core.metering import Rules, meter_batch
from streams.core.policies import OneVersion
from streams.core.window import Window
from tests.builders.terms import rules

FIELDS = tuple(InferenceUsage.__annotations__)
HEAD = ("window", "pool", "tenant", "kind", "quantity", "unit", "cost USD")


def block(root: Path, name: str) -> str:
    text = (root / "README.md").read_text(encoding="utf-8")
    found = re.search(rf"<!-- {name} -->\n```\w+\n(.*?)```", text, re.DOTALL)
    assert found, name
    return found.group(1)


def batch_of(event: dict[str, Any]) -> dict[str, Any]:
    at = datetime.fromisoformat(event.pop("at"))
    at_us = int(at.timestamp()) * 10**6
    assert set(event) <= set(FIELDS)
    whole = {name: event.get(name) for name in FIELDS} | {"at_us": at_us}
    head = {"source": "gw-eu-3", "epoch": 1, "seq": 0, "sent_at_us": at_us, "losses": []}
    return head | {"events": [whole]}


def lines_of(batch: dict[str, Any], terms: Rules) -> list[CostLine]:
    codec = Codec()
    name, record = codec.decode(codec.encode("InferenceUsageBatch", batch))
    metered = meter_batch(name, record, "usage.inference.v1:0", terms, record["sent_at_us"])
    assert metered.rejected == []
    (partial,) = metered.partials
    where = WindowPool(partial["window_start_us"], partial["window_end_us"], partial["pool"])
    window = Window(where, 0, OneVersion(terms.book, terms.catalog))
    assert window.apply(partial)
    return sorted(window.final(), key=lambda line: line["kind"])


def row(line: CostLine) -> tuple[str, ...]:
    start = datetime.fromtimestamp(line["window_start_us"] / 10**6, UTC)
    quantity = to_decimal(from_bytes(line["quantity"]))
    cost = line["cost"]
    assert cost is not None
    return (
        f"{start:%Y-%m-%d %H:%M}",
        line["pool"],
        line["tenant"],
        line["kind"],
        str(int(quantity)),
        line["unit"],
        str(to_decimal(from_bytes(cost))),
    )


def test_example_event_gives_the_lines_shown(root: Path) -> None:
    """800 x 2.50 + 200 x 1.25 + 300 x 10 dollars a million tokens = 5250 / 10**6."""
    event = json.loads(block(root, "example:event"))
    book = load_price_book(PRICES.default())
    rows = [row(line) for line in lines_of(batch_of(event), rules(book))]
    shown = [re.split(r"\s{2,}", line) for line in block(root, "example:lines").splitlines()]
    assert [tuple(cells) for cells in shown] == [HEAD, *rows]
    assert sum(Decimal(cells[-1]) for cells in rows) == Decimal("0.005250")

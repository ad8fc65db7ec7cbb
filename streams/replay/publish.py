"""Puts corrections on the cost topic, where every reader of cost lines gets them."""

import json
from base64 import b64decode
from dataclasses import dataclass
from typing import Literal

from schemas import topics
from streams.kafka.batch import publish_all
from streams.replay.report import Found, made_where_the_data_is
from streams.settings import WorkerSettings

Which = Literal["corrections", "corrections-of-open", "corrections-everywhere"]


@dataclass(frozen=True, slots=True)
class Repaired:
    """What a repair did: the windows, as an audit's JSON says them, and how many lines."""

    windows: list[Found]
    lines: int


def repair(settings: WorkerSettings, which: Which, *, dry_run: bool = False) -> Repaired:
    """Correct windows that are not what the archive makes, and publish. Blocks.

    Raises SqlRefused, StoreUnavailable or DeliveryFailed; repeating it does no harm.
    """
    found = json.loads(made_where_the_data_is(settings, which))
    lines = [(tenant, b64decode(line)) for tenant, line in found["lines"]]
    if not dry_run:
        publish_all(settings.kafka, topics.COST_LINE.name, lines)
    return Repaired(found["mended"], len(lines))

"""Puts corrections on the cost topic, where every reader of cost lines gets them."""

import json
from base64 import b64decode
from dataclasses import dataclass, field

from schemas import topics
from streams.kafka.batch import publish_all
from streams.replay.report import Found, made_where_the_data_is
from streams.settings import WorkerSettings


@dataclass(frozen=True, slots=True)
class Repaired:
    """What a repair did: the windows, as an audit's JSON says them, and how many lines.

    `held`: windows that the newest price book could price, were it not for what else it changes.
    """

    windows: list[Found]
    lines: int
    held: list[Found] = field(default_factory=list)


def repair(
    settings: WorkerSettings,
    *,
    log_began_us: int = 0,
    everywhere: bool = False,
    by_itself: bool = False,
    dry_run: bool = False,
) -> Repaired:
    """Correct windows that are not what the archive makes, and publish. Blocks.

    Only where something came late, met two versions or can be priced, unless `everywhere`; closed
    ones, and those that began before a log of partials did that replaced a lost one. Repeating it
    does no harm; `by_itself` does not say the same again. Raises SqlRefused, StoreUnavailable or
    DeliveryFailed.
    """
    asked = {
        "log_began_us": str(log_began_us),
        "everywhere": "yes" if everywhere else "no",
        "by_itself": "yes" if by_itself else "no",
    }
    found = json.loads(made_where_the_data_is(settings, "corrections", asked))
    lines = [(tenant, b64decode(line)) for tenant, line in found["lines"]]
    if not dry_run:
        publish_all(settings.kafka, topics.COST_LINE.name, lines)
    return Repaired(found["mended"], len(lines), found["held"])

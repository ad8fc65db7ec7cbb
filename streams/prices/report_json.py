"""What an import did, whole, as JSON: prices as text, exactly."""

import json
from dataclasses import asdict
from datetime import datetime

from streams.config.agreements import Uplift
from streams.config.price_entry import Entry
from streams.prices.found import Aside, Found, NotUnderstood, Reading
from streams.prices.merge import Merged
from streams.prices.report import by_size, percent, rounded


def report_json(reading: Reading, merged: Merged, begin: datetime) -> str:
    """Return the report of an import as one JSON object."""
    counts = {
        "fields": len(reading.fates),
        "taken": sum(1 for _ in reading.taken()),
        "put_aside": sum(1 for _ in reading.aside()),
        "not_understood": sum(1 for _ in reading.not_understood()),
        "new": len(merged.added),
        "changed": len(merged.changed),
        "as_before": merged.same,
    }
    said = {
        "effective_from": begin.isoformat(),
        "counts": counts,
        "put_aside": [_field(fate) for fate in reading.aside()],
        "not_understood": [_field(fate) for fate in reading.not_understood()],
        "conflicts": [
            {"kept": _found(each.kept), "dropped": _found(each.dropped)}
            for each in reading.conflicts
        ],
        "rounded": [_found(each) for each in rounded(reading)],
        "said_twice": reading.twice,
        "changes": [
            {"old": _entry(each.old), "new": _entry(each.new), "percent": percent(each)}
            for each in by_size(merged.changed)
        ],
        "kept_yours": [_found(each) for each in merged.kept_yours],
        "vanished": [_entry(each) for each in merged.vanished],
        "uplifts_added": [_entry(each) for each in merged.uplifts_added],
        "uplifts_ended": [_entry(each) for each in merged.uplifts_ended],
    }
    return json.dumps(said, default=str)


def _field(fate: Aside | NotUnderstood) -> dict[str, str]:
    leaf = fate.leaf
    return {
        "model": leaf.key,
        "field": ".".join(leaf.path),
        "value": leaf.text,
        "why": fate.why,
    }


def _found(found: Found) -> dict[str, object]:
    thing = {name: value for name, value in asdict(found.thing).items() if value is not None}
    return {**thing, "price": found.price, "key": found.key, "field": ".".join(found.path)}


def _entry(entry: Entry | Uplift) -> dict[str, object]:
    return entry.model_dump(mode="json", exclude_defaults=True)

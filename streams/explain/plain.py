"""An explanation in JSON's types: the same, exact figures as text. Pure."""

from collections.abc import Sequence
from typing import Any, TypeAlias

from schemas.decimals import to_decimal
from streams.core.lines import Figures, Money
from streams.explain.amounts import money
from streams.explain.evidence import Evidence
from streams.explain.explained import ExplainedLine, ExplainedWindow
from streams.explain.step import Step
from streams.readable import instant

Plain: TypeAlias = dict[str, Any]


def to_plain(windows: Sequence[ExplainedWindow], tenant: str) -> Plain:
    """Return an explanation."""
    lines = [line for window in windows for line in window.lines]
    return {
        "tenant": tenant,
        "explained": all(line.is_explained for line in lines),
        "windows": [_window(window) for window in windows],
    }


def _window(window: ExplainedWindow) -> Plain:
    where, terms = window.where, window.terms
    return {
        "window_start": instant(where.start_us),
        "window_end": instant(where.end_us),
        "pool": where.pool,
        **terms._asdict(),
        "batches": window.batches,
        "why_not": window.why_not,
        "pool_steps": [_step(step) for step in window.pool],
        "lines": [_line(line) for line in window.lines],
    }


def _line(line: ExplainedLine) -> Plain:
    return {
        **line.what._asdict(),
        "explained": line.is_explained,
        "in_force": _figures(line.in_force),
        "archive": _figures(line.made),
        "events": [_evidence(each) for each in line.evidence],
        "steps": [_step(step) for step in line.steps],
    }


def _figures(figures: Figures | None) -> Plain | None:
    if figures is None:
        return None
    return {
        "quantity": f"{to_decimal(figures.quantity):f}",
        "events": figures.events,
        **_money(figures.money),
    }


def _money(amounts: Money | None) -> Plain:
    if amounts is None:
        return {"cost": None, "list_cost": None, "billed_cost": None}
    return {
        "cost": money(amounts.cost),
        "list_cost": money(amounts.listed),
        "billed_cost": money(amounts.billed),
    }


def _evidence(each: Evidence) -> Plain:
    return {
        "source": each.source,
        "reported": each.reported,
        "what": each.what,
        "events": each.events,
        "first": list(each.first),
    }


def _step(step: Step) -> Plain:
    return {
        "what": step.what,
        "arithmetic": step.arithmetic or None,
        "adds_to": step.adds,
        "adds": money(step.pico) if step.adds else None,
        "notes": list(step.notes),
    }

"""Tenant rules as a catalog document has them, for readers that cannot check a whole catalog.

`apportion catalog check` names every fault; this only tells what can be trusted from what cannot.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from schemas.owner_rules import (
    FACTS,
    FOREVER_US,
    LABEL_MARK,
    LABELS,
    AnyRule,
    Given,
    NotUnderstood,
    Question,
    Rule,
)

SECTION: Final = "owners"
GIVES: Final = ("tenant", "project", "endpoint", "job")
FROM: Final = "_from"  # a field that takes its value from a fact
FIELDS: Final = {"name", "match", "effective_from", "effective_to"}
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
SECOND_US: Final = 1_000_000
DAY_S: Final = 86_400


class Unclear(Exception):
    """A part of a rule that this release does not understand."""


def rules_of(document: object) -> tuple[AnyRule, ...]:
    """Return the rules of a catalog, in order. What is no rule stands for one not understood."""
    section = document.get(SECTION) if isinstance(document, Mapping) else None
    if section is None:
        return ()
    if not isinstance(section, list):
        return (NotUnderstood(SECTION, f"expected a list of {SECTION}, got {_kind(section)}"),)
    return tuple(rule_of(said, number) for number, said in enumerate(section))


def rule_of(said: object, number: int = 0) -> AnyRule:
    """Return one rule."""
    name = f"{SECTION}.{number}"
    if not isinstance(said, Mapping):
        return NotUnderstood(name, f"expected fields, got {_kind(said)}")
    name = said["name"] if isinstance(said.get("name"), str) else name
    dates = (0, FOREVER_US)
    try:
        dates = (
            _instant(said.get("effective_from"), 0),
            _instant(said.get("effective_to"), FOREVER_US),
        )
        return _rule(said, name, dates)
    except Unclear as error:
        return NotUnderstood(name, str(error), *dates)


def _rule(said: Mapping[object, object], name: str, dates: tuple[int, int]) -> Rule:
    given = {each: _given(said, each) for each in GIVES}
    known = {*FIELDS, *GIVES, *(each + FROM for each in GIVES if each != "endpoint")}
    if strange := [str(each) for each in said if each not in known]:
        raise Unclear(f"expected known fields, got {', '.join(strange)}")
    tenant, endpoint = given["tenant"], given["endpoint"]
    if (tenant is None) == (endpoint is None):
        raise Unclear("expected one of tenant, tenant_from and endpoint")
    questions = _questions(said.get("match"))
    if not questions:
        raise Unclear("expected something to match, got nothing")
    return Rule(name, questions, **given, from_us=dates[0], to_us=dates[1])


def _given(said: Mapping[object, object], name: str) -> Given | None:
    text, fact = said.get(name), said.get(name + FROM)
    if text is None and fact is None:
        return None
    if text is not None and fact is not None:
        raise Unclear(f"expected {name} or {name}{FROM}, got both")
    if fact is None:
        return Given(text=_text(text, name))
    if not is_fact(wanted := _text(fact, name + FROM)):
        raise Unclear(f"expected a known fact as {name}{FROM}, got {wanted}")
    return Given(fact=wanted)


def _questions(match: object) -> tuple[Question, ...]:
    if not isinstance(match, Mapping) or not match:
        raise Unclear(f"expected what to match, got {_kind(match)}")
    if strange := [str(each) for each in match if each not in (*LABELS, *FACTS)]:
        raise Unclear(f"expected to match known facts, got {', '.join(strange)}")
    of_labels = [
        Question(label(kind, str(key)), _globs(globs))
        for kind in LABELS
        for key, globs in _keys(match.get(kind), kind)
    ]
    asked = ((fact, match[fact]) for fact in FACTS if match.get(fact) is not None)
    return (*of_labels, *(Question(fact, _globs(globs)) for fact, globs in asked))


def _keys(said: object, kind: str) -> Iterable[tuple[object, object]]:
    if said is not None and not isinstance(said, Mapping):
        raise Unclear(f"expected globs by key as {kind}, got {_kind(said)}")
    return () if said is None else said.items()


def _globs(said: object) -> tuple[str, ...]:
    if not isinstance(said, list) or not said:
        raise Unclear(f"expected a list of globs, got {_kind(said)}")
    return tuple(_text(each, "a glob") for each in said)


def _text(said: object, what: str) -> str:
    if not isinstance(said, str) or not said:
        raise Unclear(f"expected text as {what}, got {_kind(said)}")
    return said


def _instant(said: object, absent_us: int) -> int:
    if said is None:
        return absent_us
    try:
        instant = datetime.fromisoformat(said) if isinstance(said, str) else said
    except ValueError as error:
        raise Unclear(f"expected an instant, got {said}") from error
    if not isinstance(instant, datetime) or instant.tzinfo is None:
        raise Unclear(f"expected an instant with an offset, got {said}")
    since = instant - EPOCH
    return (since.days * DAY_S + since.seconds) * SECOND_US + since.microseconds


def label(kind: str, key: str) -> str:
    """Return the fact that a label is."""
    return f"{kind}{LABEL_MARK}{key}"


def is_fact(name: str) -> bool:
    """Whether there is such a fact.

    >>> is_fact("namespace"), is_fact("pod_label:team"), is_fact("pod_label:"), is_fact("pods")
    (True, True, False, False)
    """
    kind, mark, key = name.partition(LABEL_MARK)
    return name in FACTS or (kind in LABELS and bool(mark) and bool(key))


def _kind(said: object) -> str:
    return "nothing" if said is None else type(said).__name__

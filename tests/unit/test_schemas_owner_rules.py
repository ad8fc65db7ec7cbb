"""Which tenant rule decides, by table: arithmetic there is none, order and doubt there are."""

from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.owner_rules import (
    NO_RULE,
    AnyRule,
    Decision,
    Facts,
    Given,
    NotUnderstood,
    Question,
    Rule,
    Undecided,
    decide,
)
from schemas.owner_rules_document import rule_of, rules_of

JULY_US = 1_782_864_000_000_000  # 2026-07-01T00:00:00Z
LABEL = "namespace_label:team"
BY_LABEL = Rule("by-label", (Question(LABEL, ("*",)),), tenant=Given(fact=LABEL))
ML = Rule("ml", (Question("namespace", ("ml-*", "ai")),), tenant=Given("search"))
REST = Rule("rest", (Question("node", ("*",)),), tenant=Given("platform"))


def tenant(rules: list[AnyRule], *unknown: str, **known: str) -> str | None:
    return decide(rules, Facts({"node": "n", **known}, frozenset(unknown)), 0).tenant


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"namespace": "ml-a"}, "search"),
        ({"namespace": "ai"}, "search"),
        ({"namespace": "AI"}, "platform"),
        ({"namespace": "html-a"}, "platform"),
        ({}, "platform"),
    ],
)
def test_the_first_rule_that_fits_decides(known: dict[str, str], expected: str) -> None:
    assert tenant([ML, REST], **known) == expected


def test_order_decides_between_two_that_fit() -> None:
    assert tenant([REST, ML], namespace="ai") == "platform"


def test_none_that_fits_names_nobody() -> None:
    assert decide([ML], Facts({"namespace": "x"}), 0) == NO_RULE


def test_all_questions_of_a_rule_must_be_answered_yes() -> None:
    both = Rule("both", (*ML.questions, Question("pod", ("a*",))), tenant=Given("x"))
    assert tenant([both], namespace="ai", pod="abc") == "x"
    assert tenant([both], namespace="ai", pod="bc") is None


def test_what_could_not_be_asked_is_not_taken_for_missing() -> None:
    facts = Facts({"node": "n"}, frozenset({"namespace_label"}))
    assert decide([BY_LABEL, REST], facts, 0) == Decision(
        "by-label", undecided=Undecided.FACT_UNKNOWN
    )
    assert decide([BY_LABEL, REST], Facts({"node": "n"}), 0).tenant == "platform"


def test_a_rule_that_cannot_fit_anyway_is_not_in_doubt() -> None:
    both = Rule("both", (*BY_LABEL.questions, *ML.questions), tenant=Given("x"))
    assert tenant([both, REST], "namespace_label", namespace="other") == "platform"


def test_a_rule_that_takes_its_tenant_from_a_fact_fits_only_what_has_it() -> None:
    named = Rule("named", REST.questions, tenant=Given(fact="slurm_account"))
    assert tenant([named, ML], namespace="ai") == "search"
    assert tenant([named, ML], namespace="ai", slurm_account="") == "search"
    assert tenant([named, ML], "slurm_account", namespace="ai") is None
    assert tenant([named, ML], slurm_account="fraud") == "fraud"


def test_a_rule_that_is_not_understood_ends_the_search() -> None:
    newer = NotUnderstood("newer", "expected known fields, got cluster")
    assert decide([newer, REST], Facts({"node": "n"}), 0) == Decision(
        "newer", undecided=Undecided.NOT_UNDERSTOOD
    )
    assert tenant([REST, newer]) == "platform"


def test_rules_hold_while_they_are_in_force() -> None:
    until = Rule("until", REST.questions, tenant=Given("old"), to_us=JULY_US)
    since = NotUnderstood("since", "", from_us=JULY_US)
    facts = Facts({"node": "n"})
    assert decide([until, since], facts, JULY_US - 1).tenant == "old"
    assert decide([until, since], facts, JULY_US).rule == "since"


def test_the_rest_of_what_a_rule_gives_may_be_missing() -> None:
    full = Rule(
        "full", REST.questions, Given("t"), Given(fact="pod_label:project"), None, Given(fact="pod")
    )
    assert decide([full], Facts({"node": "n", "pod": "p"}), 0) == Decision(
        "full", "t", None, None, "p"
    )


def test_an_endpoint_has_no_tenant() -> None:
    rule = rule_of({"name": "e", "match": {"node": ["*"]}, "endpoint": "llama"})
    assert decide([rule], Facts({"node": "n"}), 0) == Decision("e", endpoint="llama")


def test_a_rule_is_read_as_it_is_written() -> None:
    said = {
        "name": "r",
        "match": {"unit": ["a"], "pod_label": {"k": ["1", "2"]}, "namespace": None},
        "tenant_from": "pod_label:k",
        "job": "j",
        "effective_from": "2026-07-01T00:00:00Z",
        "effective_to": datetime(2026, 7, 1, 0, 0, 1, tzinfo=UTC),
    }
    assert rule_of(said) == Rule(
        "r",
        (Question("pod_label:k", ("1", "2")), Question("unit", ("a",))),
        tenant=Given(fact="pod_label:k"),
        job=Given("j"),
        from_us=JULY_US,
        to_us=JULY_US + 1_000_000,
    )


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"cluster": "eu"}, "known fields, got cluster"),
        ({"endpoint_from": "pod"}, "known fields, got endpoint_from"),
        ({"match": None}, "what to match, got nothing"),
        ({"match": {}}, "what to match"),
        ({"match": {"namespace": None}}, "something to match"),
        ({"match": {"cloud": ["a"]}}, "known facts, got cloud"),
        ({"match": {"namespace": "a"}}, "a list of globs, got str"),
        ({"match": {"namespace": []}}, "a list of globs"),
        ({"match": {"uid": [7]}}, "text as a glob, got int"),
        ({"match": {"pod_label": ["a"]}}, "globs by key as pod_label"),
        ({"tenant": None}, "one of tenant, tenant_from and endpoint"),
        ({"endpoint": "e"}, "one of tenant, tenant_from and endpoint"),
        ({"tenant_from": "pod"}, "tenant or tenant_from, got both"),
        ({"job_from": "pods"}, "a known fact as job_from, got pods"),
        ({"project": 7}, "text as project, got int"),
        ({"effective_from": "2026-07-01"}, "an instant with an offset"),
        ({"effective_to": "soon"}, "an instant, got soon"),
        ({"effective_to": 7}, "an instant with an offset, got 7"),
    ],
)
def test_what_is_not_understood_says_why(change: dict[str, Any], why: str) -> None:
    rule = rule_of({"name": "r", "match": {"node": ["*"]}, "tenant": "t"} | change)
    assert isinstance(rule, NotUnderstood)
    assert rule.name == "r"
    assert why in rule.why


def test_a_rule_not_understood_holds_only_while_its_dates_say() -> None:
    rule = rule_of({"name": "r", "cluster": 1, "effective_from": "2026-07-01T00:00:00Z"})
    assert isinstance(rule, NotUnderstood)
    assert rule.from_us == JULY_US


@pytest.mark.parametrize("document", [{}, {"owners": None}, None, [], {"pools": []}])
def test_a_catalog_without_rules_has_none(document: object) -> None:
    assert rules_of(document) == ()


@pytest.mark.parametrize("section", ["all", {"name": "r"}, [7]])
def test_what_is_no_list_of_rules_is_not_understood(section: object) -> None:
    (rule,) = rules_of({"owners": section})
    assert isinstance(rule, NotUnderstood)

"""Several observers of one call: which of their events are evidence, that is not counted live.

A gateway, an SDK and a model server may each tell of one call, which (provider, response_id) says
is one. The catalog says whose word counts first. What an observer of a lesser precedence says is
kept and not counted: nobody knows yet whether another tells of the same call. Once that is known,
`clickhouse/queries` and the view uncounted_evidence say which evidence counts after all, and a
repair draws its windows anew.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from schemas.records import InferenceUsage
from streams.core.catalog import Attribution
from streams.core.tenants import FIRST
from streams.core.windows import DAY_US, window_start

MATCH_US: Final = DAY_US  # events of one call lie no further apart; the view has it, too

Numbered = Sequence[tuple[int, InferenceUsage]]  # events, and where in their batch they are


class ToldApart(NamedTuple):
    """The calls of a batch that count, and those that are evidence."""

    counted: Numbered
    evidence: Numbered


def told_apart(events: Sequence[InferenceUsage], names: Attribution, window_us: int) -> ToldApart:
    """Return which calls of a batch count. What is in force at the begin of its window decides."""
    counted: list[tuple[int, InferenceUsage]] = []
    evidence: list[tuple[int, InferenceUsage]] = []
    for index, event in enumerate(events):
        is_lesser = names.precedence(window_start(event["at_us"], window_us)) > FIRST
        where = evidence if is_lesser and event["response_id"] else counted
        where.append((index, event))
    return ToldApart(counted, evidence)

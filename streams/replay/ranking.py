"""Which observers of calls come before which, by a catalog, in the form that queries take."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from streams.core.catalog import Catalog
from streams.core.observers import MATCH_US
from streams.core.tenants import FIRST
from streams.replay.ask import Asker, Params
from streams.replay.span import Span

Ranks: TypeAlias = tuple[tuple[str, int], ...]  # "edge source" and its precedence


@dataclass(frozen=True, slots=True)
class Ranking:
    """The sources of a precedence beyond 1, from each instant on at which that changes.

    Empty: every event counts, whoever observed it.
    """

    edges: tuple[int, ...] = (0,)
    ranks: Ranks = ()

    @property
    def params(self) -> Params:
        """As parameters; the engine's transform takes no empty array."""
        return {
            "ranked": int(bool(self.ranks)),
            "rank_edges": list(self.edges),
            "rank_keys": [key for key, _ in self.ranks] or [""],
            "ranks": [rank for _, rank in self.ranks] or [FIRST],
        }


NOBODY_LESSER = Ranking()


def ranking_of(asker: Asker, span: Span, catalog: Catalog) -> Ranking:
    """Return how a catalog ranks the sources that told of a span's calls."""
    if not catalog.ranks_sources:
        return NOBODY_LESSER
    since_us, until_us = span.since_us - MATCH_US, span.until_us + MATCH_US
    asked: Params = {"since": since_us, "until": until_us}
    sources = [name for [name] in asker.rows("observers", asked) if catalog.ever_lesser(name)]
    dates = {date for each in catalog.entries.sources or () for date in (each.from_us, each.to_us)}
    edges = (0, *sorted(date for date in dates if 0 < date < until_us))
    return Ranking(edges, tuple(ranks(sources, edges, catalog)))


def ranks(
    sources: Iterable[str], edges: Iterable[int], catalog: Catalog
) -> Iterable[tuple[str, int]]:
    """Yield each source of a precedence beyond 1 from an edge on, with that."""
    for source in sorted(sources):
        for edge in edges:
            rank = catalog.at(edge).precedence(source)
            if rank > FIRST:
                yield f"{edge} {source}", rank

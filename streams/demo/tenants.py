"""The demo's twelve tenants and how unequal they are.

In the workloads published with Alibaba's ServeGen the largest client makes 52, 30, 29 and 16 % of
the requests; here the largest tenant makes 30 %.
"""

from itertools import accumulate

from streams.demo.chance import stream

NAMES = (
    "search",
    "assistant",
    "support-bot",
    "fraud",
    "ads-ranking",
    "recommendations",
    "translation",
    "code-review",
    "document-ai",
    "voice",
    "research",
    "analytics",
)
PER_MILLE = (300, 170, 120, 90, 70, 60, 50, 40, 35, 30, 20, 15)  # of calls, largest tenant first
CUMULATIVE = tuple(accumulate(PER_MILLE))


def by_size(seed: int) -> list[str]:
    """Return the tenants, largest first; the seed decides who is large."""
    names = list(NAMES)
    stream(seed, "tenants").shuffle(names)
    return names

"""The ways to share a place by what its holders did, as exact integer weights. Pure.

Never by the time that kernels ran alone: it saturates, and forgets memory that keeps others out.
Never by memory alone: servers take most of it at their start, whatever they do. A holder whose
memory nobody knows (None) weighs by its work alone.
"""

from collections.abc import Sequence

from agents.gpu.sampler.terms import WHOLE_PERMILLE


def active_blend(
    worked_us: Sequence[int],
    memory_bytes: Sequence[int | None],
    total_bytes: int | None,
    even_permille: int = 500,
) -> list[int]:
    """Weigh holders partly evenly, partly by work; none less than its part of the memory.

    Half of a GPU evenly, half by work of 80 and 20: 0.25 + 0.4 and 0.25 + 0.1. Where the second
    has six tenths of the memory it weighs 0.6 instead: 0.65 and 0.6 of 1.25.

    >>> active_blend([80, 20], [None, None], None)
    [130000, 70000]
    >>> [round(w / 1.25 / 200_000 / 100, 2) for w in active_blend([80, 20], [10, 60], 100)]
    [0.52, 0.48]
    """
    holders, work = len(worked_us), sum(worked_us)
    if not work:
        worked_us, work = [1] * holders, holders
    whole = WHOLE_PERMILLE * work * holders
    by_work = WHOLE_PERMILLE - even_permille
    shares = [even_permille * work + by_work * each * holders for each in worked_us]
    if not total_bytes:
        return shares
    return [
        max(share * total_bytes, (held or 0) * whole)
        for share, held in zip(shares, memory_bytes, strict=True)
    ]


def dominant(
    worked_us: Sequence[int],
    memory_bytes: Sequence[int | None],
    total_bytes: int | None,
    for_us: int,
) -> list[int]:
    """Weigh holders by the greater of their parts of the time and of the memory.

    >>> dominant([900, 100], [10, 40], 100, for_us=1000)
    [90000, 40000]
    >>> dominant([0, 0], [None, None], None, for_us=1000)
    [1, 1]
    """
    total = total_bytes or 1
    memory = [(held or 0) if total_bytes else 0 for held in memory_bytes]
    shares = [
        max(each * total, held * for_us) for each, held in zip(worked_us, memory, strict=True)
    ]
    return shares if any(shares) else [1] * len(shares)

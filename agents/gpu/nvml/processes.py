"""Who has a context on a GPU: its lists of compute, graphics and MPS processes as one. Pure."""

from collections.abc import Iterable

from agents.gpu.observed import ProcessSeen


def merged(
    lists: Iterable[list[tuple[int, int | None]]], instance: str | None = None
) -> tuple[ProcessSeen, ...]:
    """Merge lists of (pid, bytes) by pid. A process in two of them has its memory once.

    >>> merged([[(7, 100), (5, None)], [(7, 120)]])
    (ProcessSeen(pid=5, memory_bytes=None, instance=None), \
ProcessSeen(pid=7, memory_bytes=120, instance=None))
    """
    memory: dict[int, int | None] = {}
    for pid, used in (entry for entries in lists for entry in entries):
        known = memory.get(pid)
        memory[pid] = used if known is None else max(known, used or 0)
    return tuple(ProcessSeen(pid, memory[pid], instance) for pid in sorted(memory))

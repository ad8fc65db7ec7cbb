"""From the sums of one (window, pool) to its cost lines.

Metered usage costs what its own meters say, each line rounded once. Capacity (GPU time) is costed
as a whole, rounded once, and then only ever split: over the parts of the time, over the tenants of
a shared endpoint, over the takers of idle. So the lines sum to the pool's cost exactly.

Lines only ever join a window: the more batches it holds, the more lines it has, and one that gets
nothing stays as a zero.
"""

from dataclasses import dataclass

from streams.core.capacity import Capacity
from streams.core.charged import charge
from streams.core.charges import Charges
from streams.core.commitments import Commitment
from streams.core.coverage import Agreed
from streams.core.held import capacity
from streams.core.idle import idle_shares
from streams.core.lines import Lines
from streams.core.metered_lines import covered, metered
from streams.core.pools import IdlePolicy
from streams.core.sums import Key, Sums


@dataclass(frozen=True, slots=True)
class Policy:
    """What the lines of a (window, pool) depend on beside its sums.

    `explained`: capacity on a line says where it came from. The lines are the same.
    """

    idle: IdlePolicy
    charges: Charges
    window_us: int  # begin
    commitments: tuple[Commitment, ...] = ()
    explained: bool = False


def allocate(sums: Sums, policy: Policy, capacity_events: int) -> Lines:
    """Return every line of a (window, pool) with its figures."""
    lines: Lines = {}
    entries = sorted(sums.entries.items(), key=lambda item: sort_key(item[0]))
    metered(lines, entries)
    covered(lines, entries, Agreed(policy.commitments, policy.charges, policy.window_us))
    pot = capacity(lines, entries, policy.idle.basis, explained=policy.explained)
    if pot or capacity_events:
        idle_shares(lines, pot or Capacity(), policy.idle.share, capacity_events)
    charge(lines, policy.charges, policy.window_us)
    return lines


def sort_key(key: Key) -> tuple[str, ...]:
    """Order keys the same everywhere; it decides ties of largest remainder."""
    return tuple("" if part is None else "\x01" + part for part in key)

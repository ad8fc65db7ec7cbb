"""From the sums of one (window, pool) to its cost lines.

Metered usage costs what its own meters say, each line rounded once. Capacity (GPU time) is costed
as a whole, rounded once, and then only ever split: over the parts of the time, over the tenants of
a shared endpoint, over what was reserved and lent, over the takers of idle. So the lines sum to
the pool's cost exactly.

Lines only ever join a window: the more batches it holds, the more lines it has, and one that gets
nothing stays as a zero.
"""

from dataclasses import dataclass

from streams.core.charged import TierOf, charge_agreed, charge_tiers, no_tier
from streams.core.charges import NO_CHARGES, Charges
from streams.core.commitments import Commitment
from streams.core.coverage import Agreed
from streams.core.held import Entries, costed, gpu_parts, hold, unpriced
from streams.core.idle import share_idle
from streams.core.lending import reserve, reserved_times
from streams.core.lines import Lines, WindowPool
from streams.core.metered_lines import covered, metered
from streams.core.monthly_lines import Monthly, monthly_of, share_monthly
from streams.core.overuse import correct
from streams.core.policies import Documents
from streams.core.pools import GPU_SCALE, Pool
from streams.core.sums import Key, Sums
from streams.core.unmapped import unmapped


@dataclass(frozen=True, slots=True)
class Policy:
    """What the lines of a (window, pool) depend on beside its sums: what holds at its begin.

    `explained`: capacity on a line says where it came from. The lines are the same.
    """

    pool: Pool
    start_us: int
    end_us: int
    charges: Charges = NO_CHARGES
    commitments: tuple[Commitment, ...] = ()
    tier_of: TierOf = no_tier
    monthly: Monthly | None = None
    explained: bool = False

    @property
    def length_us(self) -> int:
        """How long the window is."""
        return self.end_us - self.start_us


def policy_of(documents: Documents, where: WindowPool, *, explained: bool = False) -> Policy:
    """Return what a price book and a catalog say for the lines of a (window, pool)."""
    book, catalog = documents
    names = catalog.at(where.start_us)
    return Policy(
        names.pool(where.pool),
        where.start_us,
        where.end_us,
        book.charges,
        book.agreements.commitments,
        names.sla,
        monthly_of(where.pool, names, book.currency),
        explained,
    )


def allocate(sums: Sums, policy: Policy, capacity_events: int) -> Lines:
    """Return every line of a (window, pool) with its figures."""
    lines: Lines = {}
    entries = sorted(sums.entries.items(), key=lambda item: sort_key(item[0]))
    metered(lines, entries)
    covered(lines, entries, Agreed(policy.commitments, policy.charges, policy.start_us))
    capacity(lines, entries, policy, capacity_events)
    share_monthly(lines, entries, policy.monthly, policy.start_us, policy.end_us)
    charge_agreed(lines, policy.charges, policy.start_us)
    charge_tiers(lines, policy.tier_of)
    return lines


def capacity(lines: Lines, entries: Entries, policy: Policy, events: int) -> None:
    """Draw the lines of GPU time: held, reserved, lent, idle, and more than there is."""
    pool = policy.pool
    parts = gpu_parts(entries)
    unpriced(lines, parts)
    unmapped(lines, entries, parts)
    priced = costed(parts, explained=policy.explained)
    pot = hold(lines, entries, priced, pool)
    if not parts and not events:
        return
    reserved = reserved_times(pool.reservations, policy.length_us)
    pot = reserve(lines, pot, reserved, pool.lending)
    share_idle(lines, pot, pool.idle.share, reserved, events)
    if pool.milli_gpus is not None:
        there_us = pool.milli_gpus * policy.length_us // GPU_SCALE
        correct(lines, [part for *_, part in priced], there_us, pool.platform_account)


def sort_key(key: Key) -> tuple[str, ...]:
    """Order keys the same everywhere; it decides ties of a split."""
    return tuple("" if part is None else "\x01" + part for part in key)

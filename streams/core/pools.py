"""Pools of GPUs, what happens to their idle time, who has reserved some, and shared endpoints."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias

from schemas.records import IdleBasis
from streams.core.reserved import PLATFORM
from streams.core.timeline import FOREVER

Share: TypeAlias = Literal["weighted", "even", "reservation", "separate"]

WEIGHT_SCALE = 1000  # work is counted in thousandths of an input token
GPU_SCALE = 1000  # reservations are counted in thousandths of a GPU


@dataclass(frozen=True, slots=True)
class IdlePolicy:
    """What a pool counts as idle, and how it hands the cost of it out."""

    basis: IdleBasis = "unheld"
    share: Share = "weighted"


@dataclass(frozen=True, slots=True)
class Lending:
    """On what terms tenants use more than they have reserved.

    `burst`: what the cost of borrowed time is multiplied by. `credit`: the part of what was
    lent, at cost, that its lender gets. The difference goes to the margin account.
    """

    burst: Fraction = Fraction(1)
    credit: Fraction = Fraction(1)
    margin_account: str = PLATFORM


@dataclass(frozen=True, slots=True)
class Reservation:
    """GPUs of a pool that a tenant pays for, used or not, in thousandths."""

    tenant: str
    pool: str
    milli_gpus: int
    from_us: int = 0
    to_us: int = FOREVER


@dataclass(frozen=True, slots=True)
class Pool:
    """Capacity paid for as a whole. `nodes` are globs of host names.

    `platform_account` pays for time out of service. Null lending: nobody pays for borrowing.
    `milli_gpus`: how many there are, in thousandths; null: as many as are reported.
    """

    name: str
    nodes: tuple[str, ...] = ()
    idle: IdlePolicy = IdlePolicy()
    platform_account: str = PLATFORM
    lending: Lending | None = None
    reservations: tuple[Reservation, ...] = ()
    milli_gpus: int | None = None
    from_us: int = 0
    to_us: int = FOREVER


@dataclass(frozen=True, slots=True)
class TokenWeights:
    """Work of one token in thousandths of an input token's."""

    input: int = 1000
    output: int = 2500  # OpenCost's fallback for the cost of an output token
    cache_read: int = 100


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A deployment that serves many tenants, charged by GPU time or by token price, never both.

    In several pools its calls are work in each of them; their events count in the first.
    """

    name: str
    pools: tuple[str, ...]
    basis: Literal["gpu_time", "tokens"] = "gpu_time"
    weights: TokenWeights = TokenWeights()
    from_us: int = 0
    to_us: int = FOREVER

"""Random pools: the sums of one window, and the terms by which it is split."""

from collections.abc import Callable
from dataclasses import replace

from hypothesis import strategies as st

from streams.core.allocation import Policy
from streams.core.gpu import ACTIVE, HELD_IDLE, UNHELD, UNIT
from streams.core.inference import WORK
from streams.core.pools import IdlePolicy, Pool, Reservation
from streams.core.price import GPU_DIVISOR
from streams.core.sums import Key, MeterKey, Sums
from streams.core.windows import MINUTE_US
from tests.builders.generated import TENANTS, lendings

ENDPOINTS = ("llama", "qwen")
MODELS = ("H100", "A100")
RATES = (0, 1, 2_000_000_000_000, 3_333_333_333_333, 10**13 + 7)  # pico a GPU-hour

policies = st.from_type(IdlePolicy)
times = st.one_of(st.integers(0, 9), st.integers(0, MINUTE_US))
unheld = st.sampled_from(UNHELD)
names = st.sampled_from(TENANTS)
jobs = st.sampled_from([None, "job-1"])
holders = st.one_of(
    st.builds(
        lambda name, job: (name, None, job),
        st.sampled_from(TENANTS),
        st.sampled_from([None, "job-1"]),
    ),
    st.builds(lambda name: (None, name, None), st.sampled_from(ENDPOINTS)),
)


@st.composite
def pool_sums(draw: st.DrawFn) -> Sums:
    """Draw what agents and gateways said of a pool in a window."""
    sums = Sums()
    for tenant, endpoint, job in draw(st.lists(holders, max_size=8)):
        key = Key(tenant, None, None, draw(st.sampled_from(MODELS)), endpoint, job)
        rate = draw(st.sampled_from(RATES))
        add_time(sums, key, ACTIVE, draw(times), rate)
        add_time(sums, key, HELD_IDLE, draw(times), rate)
    for meter in draw(st.lists(unheld, max_size=4)):
        key = Key(None, None, None, draw(st.sampled_from(MODELS)), None, None)
        add_time(sums, key, meter, draw(times), draw(st.sampled_from(RATES)))
    for tenant in draw(st.lists(st.sampled_from(TENANTS), max_size=5)):
        key = Key(tenant, None, "vllm", "llama", draw(st.sampled_from(ENDPOINTS)), None)
        entry = sums.entry(key)
        entry.events += 1
        entry.add(WORK, draw(st.integers(0, 10**9)), 0)
    return sums


def add_time(sums: Sums, key: Key, meter: str, for_us: int, rate: int) -> None:
    """Add time at a rate to sums."""
    meter_key = MeterKey(meter, UNIT, GPU_DIVISOR, priced=True)
    if for_us:
        sums.entry(key).add(meter_key, for_us, for_us * rate)


@st.composite
def pools(draw: st.DrawFn, *, reserved: bool = True) -> Policy:
    """Draw the terms of a pool, with reservations or without."""
    claimants = st.sampled_from([*TENANTS, "sleeper"])
    claims = draw(st.dictionaries(claimants, st.integers(0, 4000), max_size=5)) if reserved else {}
    pool = Pool(
        "h100",
        idle=draw(policies),
        lending=draw(lendings),
        reservations=tuple(Reservation(name, "h100", milli) for name, milli in claims.items()),
        milli_gpus=draw(st.one_of(st.none(), st.integers(0, 8000))),
    )
    return Policy(pool, 0, MINUTE_US)


def with_names(pool: Pool, name: Callable[[str], str]) -> Pool:
    """Return a pool whose reservations and margins are those of other tenants."""
    claims = (replace(each, tenant=name(each.tenant)) for each in pool.reservations)
    lending = pool.lending and replace(
        pool.lending, margin_account=name(pool.lending.margin_account)
    )
    return replace(pool, reservations=tuple(claims), lending=lending)

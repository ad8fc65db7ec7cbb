"""Makes up the events of one batch, seeded, together with what they are worth where."""

from random import Random
from typing import Any, NamedTuple

from schemas.decimals import from_bytes, to_bytes
from tests.system import facts
from tests.system.facts import NOBODY, SLOT_US, WINDOW_US
from tests.system.ledger import PICO, UNSEEN, Caller, Held, Line, Metered, Place, Usage

Event = dict[str, Any]
Worths = dict[Place, Usage]

MODELS = [*facts.UNTIL_DEAR, facts.UNPRICED]
MODEL_WEIGHTS = [40, 25, 10, 2]
PAYERS = [*facts.TENANTS, facts.STRANGER, None]
PAYER_WEIGHTS = [40, 20, 10, 6, 4, 3, 2, 2, 1, 1, 1, 1, 1, 1]
ENDPOINTS = ["llama-prod", "mixtral"]
DEVICES = 8  # of a node
UNSEEN_DEVICE = 2  # whose agent misses looks at it; the others leave out that they miss none
REACH_BACK_US = SLOT_US  # how much older than its batch's slot a call may be


def place(at_us: int, pool: str) -> Place:
    """Return the window of an instant."""
    return Place(at_us - at_us % WINDOW_US, pool)


def at(worths: Worths, where: Place) -> Usage:
    """Return the usage of a place, made when it is new."""
    found = worths.get(where)
    if found is None:
        found = worths[where] = Usage()
    return found


def payer(reported: str | None) -> str:
    """Return who pays for what a tenant is reported for."""
    return reported if reported in facts.TENANTS else NOBODY


def calls(random: Random, start_us: int, count: int) -> tuple[list[Event], Worths]:
    """Return model calls of one slot, some of them a little older."""
    groups: dict[Group, list[int]] = {}
    events = []
    tenants = random.choices(PAYERS, PAYER_WEIGHTS, k=count)
    models = random.choices(MODELS, MODEL_WEIGHTS, k=count)
    for tenant, (provider, model) in zip(tenants, models, strict=True):
        draw = random.random()
        at_us = start_us + int(random.random() * SLOT_US)
        if draw < 0.02:
            at_us -= REACH_BACK_US
        tokens_in = int(random.random() * 4000)
        cached = int(random.random() * (tokens_in + 1)) if draw < 0.4 else None
        written = int(random.random() * (tokens_in - (cached or 0) + 1)) if draw > 0.95 else None
        tokens_out = 1 + int(random.random() * 900)
        event: Event = {
            "at_us": at_us,
            "tenant": tenant,
            "project": "search" if draw > 0.93 else None,
            "provider": provider,
            "model": model,
            "endpoint": None,
            "input_tokens": tokens_in,
            "cache_read_tokens": cached,
            "cache_write_5m_tokens": written,
            "output_tokens": tokens_out,
            "reasoning_tokens": int(random.random() * (tokens_out + 1)) if draw > 0.9 else None,
        }
        if (provider, model) == facts.VARIED and 0.6 < draw < 0.68:
            vary(event, draw)
        if provider == "self":
            event["endpoint"] = facts.TOKEN_ENDPOINT
        elif 0.4 < draw < 0.55:
            event["endpoint"] = ENDPOINTS[draw < 0.5]
        events.append(event)
        group = Group(at_us - at_us % WINDOW_US, at_us >= facts.DEAR_FROM_US, tenant,
                      event["project"], provider, model, event["endpoint"],
                      event.get("service_tier"), event.get("region"))  # fmt: skip
        sums = groups.setdefault(group, [0, 0, 0, 0, 0, 0, 0])
        for index, amount in enumerate(
            (1, tokens_in, cached, written, tokens_out, event["reasoning_tokens"], images(event))
        ):
            sums[index] += amount or 0
    worths: Worths = {}
    for group, sums in groups.items():
        count_calls(worths, group, sums)
    return events, worths


def vary(event: Event, draw: float) -> None:
    """Have a call served otherwise: in another tier or region, or with images beside its tokens."""
    if draw < 0.62:
        event["service_tier"] = facts.BATCH
    elif draw < 0.63:
        event["service_tier"] = facts.FLEX
    elif draw < 0.66:
        event["region"] = facts.EU
    else:
        count = to_bytes((event["output_tokens"] % 3 + 1) * PICO)
        event["quantities"] = [{"meter": facts.IMAGES, "unit": "Images", "quantity": count}]


def images(event: Event) -> int:
    """Return how many images a call made, in 1e-12 of one."""
    return sum(from_bytes(each["quantity"]) for each in event.get("quantities", ()))


class Group(NamedTuple):
    """Calls that are priced alike."""

    window_us: int
    dear: bool
    tenant: str | None
    project: str | None
    provider: str
    model: str
    endpoint: str | None
    tier: str | None
    region: str | None


def count_calls(worths: Worths, group: Group, sums: list[int]) -> None:
    """Add some calls to what their batch is worth."""
    count, tokens_in, cached, written, tokens_out, reasoning, made = sums
    endpoint = facts.GPU_ENDPOINTS.get(group.endpoint or "")
    tenant = payer(group.tenant)
    if endpoint:
        usage = at(worths, Place(group.window_us, endpoint.pool))
        usage.events += count
        for kind, tokens in (
            ("input", tokens_in - cached),
            ("cache_read", cached),
            ("output", tokens_out),
        ):
            usage.tokens[Caller(group.endpoint or "", tenant, kind)] += tokens
        return
    usage = at(worths, Place(group.window_us, f"api:{group.provider}"))
    usage.events += count
    quantities = {
        "tokens.input": tokens_in - cached - written,
        "tokens.cache_read": cached,
        "tokens.cache_write_5m": written,
        "tokens.output": tokens_out,
        facts.IMAGES: made,
    }
    if "tokens.reasoning" in facts.UNTIL_DEAR.get((group.provider, group.model), {}):
        quantities["tokens.reasoning"] = reasoning
        quantities["tokens.output"] -= reasoning
    for meter, quantity in quantities.items():
        if quantity or meter == "tokens.input":
            line = Line(tenant, group.project, meter, group.provider, group.model,
                        group.endpoint, None, group.tier, group.region)  # fmt: skip
            usage.metered[Metered(line, group.dear)] += quantity


def intervals(random: Random, node: str, gpu: str, start_us: int) -> tuple[list[Event], Worths]:
    """Return where the time of a node's devices went, one slot long."""
    worths: Worths = {}
    events = []
    for device in range(DEVICES):
        holders = [holder(random, random.randrange(1, SLOT_US // 2)) for _ in range(device % 3)]
        left = SLOT_US - sum(each["held_us"] for each in holders)
        stranded = random.randrange(left) if device == 1 else 0
        unseen = random.randrange(left) if device == UNSEEN_DEVICE else 0
        event = {
            "start_us": start_us,
            "end_us": start_us + SLOT_US,
            "node": node,
            "device": f"GPU-{node}-{device}",
            "gpu_model": gpu,
            "holders": holders,
            "unallocated_us": left - stranded - unseen,
            "stranded_us": stranded,
            "out_of_service_us": 0,
        }
        if device == UNSEEN_DEVICE:
            event["unobserved_us"] = unseen
        events.append(event)
        count_interval(worths, event)
    return events, worths


def holder(random: Random, held_us: int) -> Event:
    """Return an endpoint's or a tenant's part of an interval."""
    endpoint = random.choice(ENDPOINTS) if random.random() < 0.5 else None
    return {
        "tenant": None if endpoint else random.choices(PAYERS, PAYER_WEIGHTS)[0],
        "project": None,
        "endpoint": endpoint,
        "job": None if endpoint else random.choice(("train-7", None)),
        "held_us": held_us,
        "active_us": random.randrange(held_us + 1),
    }


def count_interval(worths: Worths, event: Event) -> None:
    """Add an interval to what its batch is worth; a part in two windows is split by their time."""
    pool = next(pool for prefix, pool in facts.NODES.items() if event["node"].startswith(prefix))
    start, end = event["start_us"], event["end_us"]
    parts: list[tuple[Held, int]] = []
    for each in event["holders"]:
        tenant = None if each["endpoint"] else payer(each["tenant"])
        for state, for_us in (
            ("active", each["active_us"]),
            ("held_idle", each["held_us"] - each["active_us"]),
        ):
            parts.append((Held(tenant, each["endpoint"], state, event["gpu_model"]), for_us))
    unheld = event["unallocated_us"] + event["stranded_us"]
    parts.append((Held(None, None, "unheld", event["gpu_model"]), unheld))
    unseen = event.get("unobserved_us", 0)
    parts.append((Held(None, None, UNSEEN, event["gpu_model"]), unseen))
    first = place(start, pool)
    at(worths, first).events += 1
    cut = min(end, first.start_us + WINDOW_US)
    for begin, stop in ((start, cut), (cut, end)):
        for held, for_us in parts:
            if begin < stop and for_us:
                at(worths, place(begin, pool)).gpu[held] += for_us * (stop - begin)


def quantities(random: Random, start_us: int) -> tuple[list[Event], Worths]:
    """Return stored and sent gigabytes at instants of one slot."""
    worths: Worths = {}
    events = []
    for number in range(random.randrange(1, 6)):
        kind, sku, unit = random.choice(
            (("storage", facts.STORAGE, "GB-Hours"), ("egress", facts.EGRESS, "GB"))
        )
        at_us = start_us + random.randrange(SLOT_US)
        tenant = random.choices(PAYERS, PAYER_WEIGHTS)[0]
        amount = random.randrange(10**15)
        events.append(
            {
                "start_us": at_us,
                "end_us": at_us,
                "tenant": tenant,
                "project": None,
                "kind": kind,
                "sku": sku,
                "resource_id": f"bucket-{number}",
                "quantity": to_bytes(amount),
                "unit": unit,
            }
        )
        usage = at(worths, place(at_us, f"resource:{kind}"))
        usage.events += 1
        line = Line(payer(tenant), None, f"resource.{kind}", None, sku, None, f"bucket-{number}")
        usage.metered[Metered(line, dear=False)] += amount
    return events, worths

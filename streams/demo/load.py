"""A made-up day: gateways, GPU node agents, a resource meter and accrued time, as it is sent.

Pure and seeded: the same plan gives the same bytes. Some batches arrive late, but none after its
windows closed, and some twice.
"""

import heapq
from collections.abc import Iterator
from operator import attrgetter

from streams.demo.calls import all_gateways
from streams.demo.chance import stream
from streams.demo.gpus import node_agent
from streams.demo.leases import NODES
from streams.demo.plan import Plan
from streams.demo.resources import resource_meter
from streams.demo.sends import Disturbance, Send, disturbed
from streams.demo.shared_time import shared_time


def made_up_day(plan: Plan) -> Iterator[Send]:
    """Yield every message of the day, ascending by `at_us`, built as it is asked for."""
    how = Disturbance(plan.late_ratio, plan.duplicate_ratio, plan.max_delay_us)
    calm = [*all_gateways(plan), *(node_agent(plan, node) for node in NODES)]
    sources = [
        disturbed(sends, how, stream(plan.seed, f"network/{number}"))
        for number, sends in enumerate(calm)
    ]
    # A batch of theirs spans minutes: a delay of nine more would be past lateness.
    prompt = resource_meter(plan), shared_time(plan)
    return heapq.merge(*sources, *prompt, key=attrgetter("at_us"))

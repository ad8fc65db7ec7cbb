"""`apportion gpu-agent --once`: two looks, and the intervals that it would send. Sends none."""

import time

from agents.gpu.eyes import opened
from agents.gpu.looking import look
from agents.gpu.plan import Plan
from agents.gpu.sampler import Sampler
from schemas.records import GpuInterval


def intervals(plan: Plan) -> list[GpuInterval]:
    """Look twice, `sampling.every_s` apart. Neither reads nor writes the outbox."""
    every_s = plan.bounds.every_s
    with opened(plan) as eyes:
        look(eyes, every_s)  # wakes NVML, which may take its time
        first = look(eyes, every_s)
        sampler = Sampler(plan.terms, {}, first.at.wall_us)
        outcomes = [sampler.look(first)]
        time.sleep(every_s)
        outcomes += [sampler.look(look(eyes, every_s)), sampler.finish()]
    return [closed.interval for outcome in outcomes for closed in outcome.closed]


def told(interval: GpuInterval) -> str:
    """Return an interval as a person reads it: a line, and one for each holder."""
    length_us = interval["end_us"] - interval["start_us"]
    states = {
        "unallocated": interval["unallocated_us"],
        "stranded": interval["stranded_us"],
        "out of service": interval["out_of_service_us"],
        "unobserved": interval["unobserved_us"] or 0,
    }
    lines = [
        f"{interval['device']}  {interval['gpu_model']}  "
        f"{interval['sharing_mode'] or 'sharing not known'}  {length_us / 1e6:.3f} s"
        + "".join(f"  [{flag}]" for flag in interval["flags"])
    ]
    for holder in interval["holders"]:
        who = holder["tenant"] or holder["endpoint"] or "nobody known"
        work = ", ".join(f"{name} {said}" for name, said in holder["workload"].items())
        lines.append(
            f"  {holder['held_us'] / length_us:6.1%} held, "
            f"{holder['active_us'] / length_us:6.1%} active: {who} ({work})"
        )
    lines += [f"  {us / length_us:6.1%} {state}" for state, us in states.items() if us]
    return "\n".join(lines)

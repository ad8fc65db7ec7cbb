"""The agent as a process: its outbox, its eyes, its face over HTTP; SIGTERM ends it in order."""

import signal
import threading
from contextlib import ExitStack

import structlog
from prometheus_client import CollectorRegistry

from agents.gpu.agent import Agent, Tools
from agents.gpu.eyes import opened
from agents.gpu.pace import Pace
from agents.gpu.plan import Plan
from agents.metrics import Metrics
from agents.outbox import Outbox, OutboxConfig
from agents.web import served
from schemas.topics import USAGE_GPU

LOG = structlog.get_logger("agents.gpu")


def run(plan: Plan) -> None:
    """Watch this node until SIGTERM or SIGINT; then send what is there, within a deadline.

    Raises what keeps the agent from going on: whoever supervises it starts it again.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with ExitStack() as stack:
        outbox = opened_outbox(plan)
        stack.callback(close, outbox, plan.drain_s)
        eyes = stack.enter_context(opened(plan))
        registry = CollectorRegistry()
        tools = Tools(eyes, outbox, Pace(plan.bounds), Metrics(registry), stop.wait)
        agent = Agent(plan.terms, tools)
        port = stack.enter_context(served(plan.web_host, plan.web_port, registry, agent.health))
        LOG.info("agent_serving", web_port=port)
        agent.run()
        LOG.info("agent_stopping")


def opened_outbox(plan: Plan) -> Outbox:
    """Return the outbox of this node. Raises what opening one does."""
    plan.outbox.parent.mkdir(parents=True, exist_ok=True)
    return Outbox(
        OutboxConfig(
            path=plan.outbox,
            source=plan.terms.node,
            topic=USAGE_GPU.name,
            record="GpuUsageBatch",
            kafka=plan.kafka,
            limits=plan.limits,
        )
    )


def close(outbox: Outbox, drain_s: float) -> None:
    """Send what can be sent until the deadline, and say what stays on disk for the next start."""
    left = outbox.close(drain_s)
    LOG.info("agent_closed", batches_left=left.batches, events_left=left.events)

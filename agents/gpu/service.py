"""The agent as a process: its outbox, its eyes, its face over HTTP; SIGTERM ends it in order."""

import signal
import threading
from contextlib import ExitStack

import structlog
from prometheus_client import CollectorRegistry

from agents.gpu.agent import Agent, Tools
from agents.gpu.eyes import opened
from agents.gpu.pace import Bounds, Pace
from agents.gpu.settings import GpuAgentSettings
from agents.metrics import Metrics
from agents.outbox import Outbox, OutboxConfig
from agents.web import served
from schemas.topics import USAGE_GPU

LOG = structlog.get_logger("agents.gpu")


def run(settings: GpuAgentSettings) -> None:
    """Watch this node until SIGTERM or SIGINT; then send what is there, within a deadline.

    Raises what keeps the agent from going on: whoever supervises it starts it again.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with ExitStack() as stack:
        outbox = opened_outbox(settings)
        stack.callback(close, outbox, settings.outbox.drain_s)
        eyes = stack.enter_context(opened(settings))
        registry = CollectorRegistry()
        tools = Tools(eyes, outbox, pace_of(settings), Metrics(registry), stop.wait)
        agent = Agent(settings.terms(), tools)
        port = stack.enter_context(served(settings.web, registry, agent.health))
        LOG.info("agent_serving", web_port=port)
        agent.run()
        LOG.info("agent_stopping")


def opened_outbox(settings: GpuAgentSettings) -> Outbox:
    """Return the outbox of this node. Raises what opening one does."""
    settings.outbox.path.parent.mkdir(parents=True, exist_ok=True)
    return Outbox(
        OutboxConfig(
            path=settings.outbox.path,
            source=settings.name,
            topic=USAGE_GPU.name,
            record="GpuUsageBatch",
            kafka=settings.kafka.properties(),
            limits=settings.outbox.limits(),
        )
    )


def pace_of(settings: GpuAgentSettings) -> Pace:
    """Return how often to look."""
    sampling = settings.sampling
    return Pace(Bounds(sampling.every_s, sampling.longest_s, sampling.cpu_ratio))


def close(outbox: Outbox, drain_s: float) -> None:
    """Send what can be sent until the deadline, and say what stays on disk for the next start."""
    left = outbox.close(drain_s)
    LOG.info("agent_closed", batches_left=left.batches, events_left=left.events)

"""`apportion gpu-agent doctor`: what the agent can and cannot see on this node, and why."""

from collections.abc import Iterable
from contextlib import ExitStack

from agents.gpu import owners_probe
from agents.gpu.eyes import catalog, sources
from agents.gpu.findings import Finding
from agents.gpu.nvml.watched import WatchedReader
from agents.gpu.own_findings import own_findings
from agents.gpu.plan import Plan


def examine(plan: Plan) -> list[Finding]:
    """Try everything that the agent would use. Blocks for seconds where something is silent.

    Raises ReaderStale when the process that reads NVML dies of it.
    """
    with ExitStack() as stack:
        reader = WatchedReader()
        stack.callback(reader.close)
        gpus = reader.probe()
        found = owners_probe.probe(sources(plan, stack), catalog(plan, stack)())
    return [*gpus, *found, *own_findings(plan)]


def is_fit(findings: Iterable[Finding]) -> bool:
    """Tell whether the agent can do its work here."""
    return all(one.is_ok or not one.is_needed for one in findings)


def told(findings: Iterable[Finding]) -> str:
    """Return findings as a person reads them, a line each and one for what to do.

    >>> print(told([Finding("clock", True, "is kept in time"),
    ...             Finding("Kafka", False, "no answer", "start it"),
    ...             Finding("energy", False, "not supported", is_needed=False)]))
    ok    clock: is kept in time
    FAIL  Kafka: no answer
          -> start it
    none  energy: not supported
    """
    return "\n".join(line for one in findings for line in _lines(one))


def _lines(one: Finding) -> Iterable[str]:
    mark = "ok  " if one.is_ok else "FAIL" if one.is_needed else "none"
    yield f"{mark}  {one.what}: {one.why}"
    if one.to_do and not one.is_ok:
        yield f"      -> {one.to_do}"

"""`apportion gpu-agent`, also as `python -m agents.gpu`: exit 0 done, 1 failed, 2 misused.

What it takes to read settings is left behind when the agent begins to work.
"""

import argparse
import json
import sys
from dataclasses import asdict

from agents import settings
from agents.ending import FAILED, status_of
from agents.errors import OutboxForeign, OutboxMisconfigured, SettingsInvalid
from agents.gpu.handing_over import hand_over
from agents.gpu.plan import Plan
from agents.gpu.settings import GpuAgentSettings

MISUSES = (SettingsInvalid, OutboxForeign, OutboxMisconfigured)

FLAGS = {
    "kafka": ("kafka.bootstrap", "Kafka's host:port, comma separated"),
    "node": ("node", "name of this node; the host's by default"),
    "catalog": ("catalog", "a catalog file, not Kafka's"),
    "web_host": ("web.host", "address of /metrics and /health"),
    "web_port": ("web.port", "port of /metrics and /health"),
}


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = argparse.ArgumentParser(
        prog="apportion gpu-agent",
        description="Watch the GPUs of this node: who held each, for how long, and how much of it "
        "they worked. Runs until it is told to stop.",
    )
    made.add_argument(
        "verb",
        nargs="?",
        choices=("run", "doctor"),
        default="run",
        help="doctor: say what can and cannot be seen on this node and why, and stop",
    )
    for name, (path, said) in FLAGS.items():
        made.add_argument(f"--{name.replace('_', '-')}", dest=path, metavar=name.upper(), help=said)
    made.add_argument(
        "--set",
        dest="assignments",
        action="append",
        default=[],
        metavar="GROUP.NAME=VALUE",
        help="any setting; repeatable",
    )
    made.add_argument("--check", action="store_true", help="print the settings, masked, and stop")
    made.add_argument("--once", action="store_true", help="print what it would send, and stop")
    made.add_argument("--json", action="store_true", help="with --once or doctor: as JSON")
    return made


def run(given: argparse.Namespace) -> int:
    """Do what the command line says; return the exit status. Raises AgentError and OSError."""
    paths = [path for path, _ in FLAGS.values()]
    flags = [f"{path}={value}" for path in paths if (value := getattr(given, path)) is not None]
    chosen = settings.load(GpuAgentSettings, [*given.assignments, *flags])
    if given.check:
        print(settings.masked(chosen))
        return 0
    plan = chosen.plan()
    if given.verb == "run" and not given.once:
        hand_over(plan)
    from agents import logs  # noqa: PLC0415 - not for --help and --check, nor for the agent

    logs.configure(plan.log_format, plan.log_level, "gpu-agent")
    if given.verb == "doctor":
        return examined(plan, as_json=given.json)
    return looked(plan, as_json=given.json)


def examined(plan: Plan, *, as_json: bool) -> int:
    """Print what was found; 1 when the agent cannot do its work here."""
    from agents.gpu import doctor  # noqa: PLC0415 - as above

    findings = doctor.examine(plan)
    if as_json:
        print(json.dumps([asdict(one) for one in findings], indent=2))
    else:
        print(doctor.told(findings))
    return 0 if doctor.is_fit(findings) else FAILED


def looked(plan: Plan, *, as_json: bool) -> int:
    """Print what two looks tell."""
    from agents.gpu import once  # noqa: PLC0415 - as above

    for interval in once.intervals(plan):
        print(json.dumps(interval) if as_json else once.told(interval))
    return 0


def main() -> None:
    """Run the command line and exit with its status."""
    sys.exit(status_of(lambda: run(parser().parse_args()), MISUSES))


if __name__ == "__main__":
    main()

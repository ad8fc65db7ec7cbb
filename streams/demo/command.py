"""`apportion demo`: made-up or recorded traffic becomes cost per tenant while you watch."""

import asyncio
import json
import signal
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from streams import logs
from streams.cli.reach import Assignments, Check, ClickHouse, Kafka, settings_of, stop_if_checking
from streams.demo.errors import DemoOff
from streams.demo.load import made_up_day
from streams.demo.money import exact
from streams.demo.plan import MINUTE_US, Plan
from streams.demo.screen import screen
from streams.demo.sends import Send
from streams.demo.session import Load, Outcome, run
from streams.demo.summary import summary
from streams.demo.traces import trace as read_trace
from streams.replay.audit import Audit
from streams.up.directory import fresh
from streams.up.lines import into
from streams.up.options import Options

DEFAULT_DATA = Path(".apportion/demo")
LOG = "demo.log"  # in the data directory: what the parts of the stack say
CATALOG = Path(__file__).with_name("catalog.yaml")  # of the made-up day
DAY_MINUTES = 12 * 60.0
DAY_S = 60.0  # wall time the made-up day takes by default, whatever its length
TRACE_SPEED = 60.0  # by default a trace's minute takes a second
MAX = "max"
SIGNALS = (signal.SIGINT, signal.SIGTERM)
STOPPED = 1  # exit status: nothing was proved


def main(  # noqa: PLR0913 - one parameter an option
    *,
    trace: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Azure LLM CSV or Mooncake JSON lines."),
    ] = None,
    speed: Annotated[str | None, typer.Option(help="Event seconds a wall second, or max.")] = None,
    minutes: Annotated[
        float, typer.Option(min=1.0, max=100_000.0, help="Event time to make up.")
    ] = DAY_MINUTES,
    seed: Annotated[int, typer.Option(help="Another seed is another day, or other tenants.")] = 1,
    prices: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Price book to use.")
    ] = None,
    catalog: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Catalog to use.")
    ] = None,
    data: Annotated[Path, typer.Option(help="Keep data here. Cleared first.")] = DEFAULT_DATA,
    kafka: Kafka = None,
    clickhouse: ClickHouse = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object at the end, nothing else.")
    ] = False,
    assignments: Assignments = None,
    check: Check = False,
) -> None:
    """Play a day of made-up traffic, or a trace, through a stack of its own, and audit the bill.

    Exits 0 when every cent is accounted for, else 1. The data stays, for `apportion sql`.
    """
    settings = settings_of(assignments, {"kafka.bootstrap": kafka})
    stop_if_checking(settings, check=check)
    plan = Plan(seed=seed, for_us=round(minutes * MINUTE_US))
    load = trace_load(trace, seed, speed) if trace else made_up_load(plan, speed)
    directory = fresh(data)
    logs.configure(settings.log.model_copy(update={"level": "error"}), "demo")
    options = Options(
        data=directory.path,
        kafka=settings.kafka if kafka else None,
        clickhouse=clickhouse,
        prices=prices,
        catalog=catalog or (None if trace else CATALOG),
        settings=settings,
        overrides=overrides(assignments or ()),
    )
    console = Console(stderr=as_json)
    log = directory.path / LOG
    try:
        with screen(console) as shown:
            outcome = asyncio.run(until_told(run(load, options, shown, into(log))))
    except asyncio.CancelledError:
        console.print("stopped before the end")
        raise typer.Exit(STOPPED) from None
    except Exception:
        console.print(f"what the parts said is in {log}", highlight=False, soft_wrap=True)
        raise
    if as_json:
        typer.echo(json.dumps(figures(outcome)))
    else:
        summary(console, outcome, where(data, clickhouse))
    check_clean(outcome.audit)


def made_up_load(plan: Plan, speed: str | None) -> Load:
    """Return a made-up day; by default it takes a minute however long it is."""
    return Load(made_up_day(plan), event_speed(speed, plan.for_us / 1e6 / DAY_S))


def trace_load(path: Path, seed: int, speed: str | None) -> Load:
    """Return a trace's load. Reads its begin, so that what is no trace is said at once."""
    sends: Iterator[Send] = read_trace(path, seed)
    return Load(chain([next(sends)], sends), event_speed(speed, TRACE_SPEED))


def event_speed(text: str | None, default: float) -> float | None:
    """Return a speed, None for as fast as it goes.

    >>> event_speed("max", 1.0), event_speed(None, 60.0), event_speed("1e3", 60.0)
    (None, 60.0, 1000.0)
    """
    if text is None:
        return default
    if text == MAX:
        return None
    with suppress(ValueError):
        if 0 < (number := float(text)) < float("inf"):
            return number
    raise typer.BadParameter(
        f"expected a number above 0 or max, got {text!r}", param_hint="--speed"
    )


def overrides(assignments: Sequence[str]) -> dict[str, str]:
    """Return the settings of the parts: time is the log's, since event times are not of now."""
    given = dict(assignment.split("=", 1) for assignment in assignments)
    return {**given, "meter.clock": "log"}


async def until_told(running: Coroutine[None, None, Outcome]) -> Outcome:
    """Await a run; Ctrl-C and SIGTERM end it in order, as cancelled."""
    task = asyncio.ensure_future(running)
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        loop.add_signal_handler(number, task.cancel)
    try:
        return await task
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)


def where(data: Path, clickhouse: str | None) -> str:
    """Return the flag that reaches the data afterwards."""
    return f"--clickhouse {clickhouse}" if clickhouse else f"--data {data}"


def figures(outcome: Outcome) -> dict[str, object]:
    """Return what --json prints. All but `seconds` was read from ClickHouse."""
    totals = outcome.totals
    return {
        "events": totals.events,
        "input_tokens": totals.input_tokens,
        "output_tokens": totals.output_tokens,
        "cache_read_tokens": totals.cache_read_tokens,
        "cost_usd": exact(totals.cost),
        "residual_pico": outcome.audit.residual_pico,
        "windows": totals.windows,
        "final_windows": totals.final_windows,
        "tenants": totals.tenants,
        "unpriced_events": totals.unpriced_events,
        "dead_letters": totals.dead_letters,
        "seconds": round(outcome.for_s, 1),
    }


def check_clean(found: Audit) -> None:
    """Raise DemoOff when the audit found anything."""
    if not found.clean:
        raise DemoOff(
            f"the audit found {len(found.off)} windows off by {found.residual_pico} pico, "
            f"{len(found.undrawn)} without lines, {len(found.incomplete)} sources incomplete; "
            "`apportion audit` lists them"
        )

"""A stack from start to the end somebody asks for: Ctrl-C or SIGTERM drains, a second one kills."""

import asyncio
import signal
import time

import structlog

from streams.errors import StreamsError
from streams.up.options import Options
from streams.up.stack import Stack

SIGNALS = (signal.SIGINT, signal.SIGTERM)

log = structlog.get_logger()


async def run_until_told(options: Options, began_s: float) -> int:
    """Run a stack and return the exit status: 0 when told to stop, 1 when it could not go on.

    `began_s` is when the command was started, on the monotonic clock. Raises what starting raises.
    """
    stack = Stack(options)
    running = asyncio.create_task(_run(stack, began_s))
    loop = asyncio.get_running_loop()

    def told() -> None:
        if running.cancelling():
            log.warning("stack_killed", why="told twice")
            stack.kill()
            return
        log.info("stack_stopping", why="told to")
        running.cancel()

    for number in SIGNALS:
        loop.add_signal_handler(number, told)
    try:
        return await running
    except asyncio.CancelledError:
        log.info("stack_stopped")
        return 0
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)


async def _run(stack: Stack, began_s: float) -> int:
    async with stack:
        log.info(
            "stack_ready",
            after_s=round(time.monotonic() - began_s, 1),
            kafka=stack.bootstrap,
            clickhouse=stack.settings.clickhouse.url,
            health=f"http://127.0.0.1:{stack.web_port}/health",
            data=str(stack.data),
        )
        # Not before: it loads ClickHouse's client, and the parts need the processor now.
        from streams.up.mending import keep_mending, keep_sharing  # noqa: PLC0415

        beside = [
            asyncio.create_task(keep_mending(stack.settings, lambda: stack.log_began_us)),
            asyncio.create_task(keep_sharing(stack.settings)),
            asyncio.create_task(keep_starting(stack)),
        ]
        try:
            await stack.ended.wait()
        finally:
            for each in beside:
                each.cancel()
    log.error("stack_ended", why=stack.ended_because)
    return 1


async def keep_starting(stack: Stack) -> None:
    """Look now and then whether another part has something to do, until cancelled."""
    while True:
        await asyncio.sleep(stack.settings.repair.every_s)
        try:
            await stack.start_needed()
        except (StreamsError, TimeoutError) as error:
            log.warning("part_not_started", error=str(error))

"""LiteLLM's SDK with the hook's logger: answers, streams, failures and a stream broken off."""

import asyncio
import sys
import time

import litellm

from apportion_hook import Hook
from apportion_hook.litellm import ApportionLogger
from apportion_hook.settings import from_environment

PROMPT = "the PROMPTCANARY of the user"
CALLS = 8
LOGGED_S = 60.0
TURNS = [{"role": "user", "content": PROMPT}]


async def calls(base: str) -> None:
    """Make every kind of call."""
    openai = {"api_base": f"{base}/v1", "api_key": "sk-secretcanary", "messages": TURNS}
    claude = {"api_base": base, "api_key": "sk-secretcanary", "messages": TURNS}
    await litellm.acompletion(model="openai/m", **openai)
    await litellm.acompletion(model="anthropic/claude", **claude)
    await litellm.aembedding(
        model="openai/e", input=[PROMPT], api_base=openai["api_base"], api_key="sk-secretcanary"
    )
    for options in ({"include_usage": True}, None):
        stream = await litellm.acompletion(
            model="openai/m", stream=True, stream_options=options, **openai
        )
        async for _ in stream:
            pass
    async for _ in await litellm.acompletion(model="anthropic/claude", stream=True, **claude):
        pass
    try:
        await litellm.acompletion(model="openai/fail-429", max_retries=0, **openai)
    except litellm.RateLimitError:
        return
    raise AssertionError("fail-429 did not fail")


def synchronous(base: str) -> None:
    """Call without a loop, on threads of LiteLLM's."""
    litellm.completion(
        model="openai/m", api_base=f"{base}/v1", api_key="sk-secretcanary", messages=TURNS
    )


async def settled(hook: Hook) -> None:
    """Let LiteLLM's own queue of callbacks run empty: it logs after it answered."""
    deadline_s = time.monotonic() + LOGGED_S
    while hook.stats().accepted < CALLS and time.monotonic() < deadline_s:  # noqa: ASYNC110 - LiteLLM tells nobody
        await asyncio.sleep(0.01)


def main() -> None:
    """Call a server at an address."""
    hook = Hook(from_environment())
    litellm.callbacks = [ApportionLogger(hook)]
    base = sys.argv[1]
    synchronous(base)

    async def everything() -> None:
        await calls(base)
        await settled(hook)

    asyncio.run(everything())


if __name__ == "__main__":
    main()

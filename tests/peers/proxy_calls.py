"""Calls of LiteLLM's proxy by real clients: retries, fallbacks, cache hits, streams, leaving."""

import sys
import time

import anthropic
import openai

REFUSED = 429
KNOWN_S = 120.0  # for a proxy to have read the topic of budgets
# What a client may try: to name another payer or a cheaper model, and ids that no event can have.
EVIL = {"metadata": {"tenant": "TENANTCANARY"}, "user": "USERCANARY", "base_model": "gpt-4o-mini"}
EVIL_HEADERS = {"x-litellm-call-id": "x" * 1_000, "x-litellm-trace-id": "x" * 1_000}


def turns(number: int) -> list[dict[str, str]]:
    """Return a prompt of its own, so that only what is meant to hits the cache."""
    return [{"role": "user", "content": f"the PROMPTCANARY of the user, {number}"}]


def chats(client: openai.OpenAI) -> None:
    """Call chat and embeddings, whole and streamed, the second one from the proxy's cache."""
    for _ in range(2):
        client.chat.completions.create(
            model="gpt", messages=turns(1), extra_body=EVIL, extra_headers=EVIL_HEADERS
        )
    for number, asked in ((2, {}), (3, {"stream_options": {"include_usage": True}})):
        stream = client.chat.completions.create(
            model="gpt", messages=turns(number), stream=True, **asked
        )
        for _ in stream:
            pass
    client.embeddings.create(model="embedder", input="the PROMPTCANARY")


def troubles(client: openai.OpenAI) -> None:
    """Call what fails and falls back, and what fails for good."""
    client.chat.completions.create(model="bad", messages=turns(4))
    try:
        client.chat.completions.create(model="broken", messages=turns(5))
    except openai.APIStatusError:
        return
    raise AssertionError("broken did not fail")


def messages(client: anthropic.Anthropic) -> None:
    """Call messages, whole and streamed."""
    asked = {"model": "claude", "max_tokens": 100}
    client.messages.create(messages=turns(6), **asked)
    with client.messages.stream(messages=turns(7), **asked) as stream:
        stream.get_final_message()


def leave(client: openai.OpenAI) -> None:
    """Leave in the middle of a stream."""
    with client.chat.completions.create(model="endless", messages=turns(8), stream=True) as stream:
        next(iter(stream))


def refused(client: openai.OpenAI) -> None:
    """Call by a tenant whose budget is exceeded, once the proxy has read so.

    Until then calls pass, so what is asked for is no model: nothing is owed for it.
    """
    deadline_s = time.monotonic() + KNOWN_S
    while status(client, "no-such-model") != REFUSED:
        if time.monotonic() > deadline_s:
            raise AssertionError("no call was refused")
        time.sleep(0.2)
    if (answered := status(client, "gpt")) != REFUSED:
        raise AssertionError(f"gpt answered {answered}")


def status(client: openai.OpenAI, model: str) -> int:
    """Return what a call is answered with; of one that is refused it is said why."""
    try:
        client.chat.completions.create(model=model, messages=turns(9))
    except openai.APIStatusError as error:
        if error.status_code == REFUSED and "budget exceeded: budget:spent" not in error.message:
            raise
        return int(error.status_code)
    return 200


def main() -> None:
    """Call a proxy at an address."""
    base = sys.argv[1]
    refused(openai.OpenAI(base_url=f"{base}/v1", api_key="sk-spent", max_retries=0))
    client = openai.OpenAI(base_url=f"{base}/v1", api_key="sk-acme", max_retries=0)
    leave(client)
    chats(client)
    troubles(client)
    messages(anthropic.Anthropic(base_url=base, api_key="sk-globex", max_retries=0))


if __name__ == "__main__":
    main()

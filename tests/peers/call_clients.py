"""The real openai and anthropic clients: every kind of call, whole, streamed and broken off."""

import sys

import anthropic
import openai

PROMPT = "the PROMPTCANARY of the user"
TURNS = [{"role": "user", "content": PROMPT}]


def chats(client: openai.OpenAI) -> None:
    """Call chat, embeddings and responses."""
    client.chat.completions.create(model="m", messages=TURNS)
    asked = {"stream": True, "stream_options": {"include_usage": True}}
    for _ in client.chat.completions.create(model="m", messages=TURNS, **asked):
        pass
    for _ in client.chat.completions.create(model="m", messages=TURNS, stream=True):
        pass
    client.embeddings.create(model="e", input=PROMPT)
    client.responses.create(model="m", input=PROMPT)
    for _ in client.responses.create(model="m", input=PROMPT, stream=True):
        pass


def broken_off(client: openai.OpenAI) -> None:
    """Leave in the middle of a stream."""
    with client.chat.completions.create(model="endless", messages=TURNS, stream=True) as stream:
        next(iter(stream))


def failures(client: openai.OpenAI) -> None:
    """Call what fails, and what fails the first time only, with the client's own retries."""
    for model in ("fail-429", "fail-500"):
        try:
            client.with_options(max_retries=1).chat.completions.create(model=model, messages=TURNS)
        except openai.APIStatusError:
            continue
        raise AssertionError(f"{model} did not fail")
    client.with_options(max_retries=3).chat.completions.create(model="flaky", messages=TURNS)


def messages(client: anthropic.Anthropic) -> None:
    """Call messages, whole and streamed, with the client's own accumulation checked."""
    asked = {"model": "claude", "max_tokens": 100, "messages": TURNS}
    whole = client.messages.create(**asked)
    with client.messages.stream(**asked) as stream:
        final = stream.get_final_message()
    assert final.usage.output_tokens > whole.usage.output_tokens
    with client.messages.stream(**{**asked, "model": "claude-cumulative"}) as stream:
        stream.get_final_message()


def main() -> None:
    """Call a server at an address."""
    base = sys.argv[1]
    openais = openai.OpenAI(base_url=f"{base}/v1", api_key="sk-acme", max_retries=0)
    chats(openais)
    failures(openais)
    messages(anthropic.Anthropic(base_url=base, api_key="sk-globex", max_retries=0))
    broken_off(openais)


if __name__ == "__main__":
    main()

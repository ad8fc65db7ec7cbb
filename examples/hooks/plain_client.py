"""Tell Apportion of calls from any Python program: settings from APPORTION_HOOK_… variables."""

from decimal import Decimal

from apportion_hook import Hook, quantity
from apportion_hook.settings import from_environment

hook = Hook(from_environment())

# By its counts. Totals are inclusive: cached tokens are in input, reasoning is in output.
hook.record(
    provider="openai",
    model="gpt-4o",
    tenant="acme",
    input_tokens=1200,
    cache_read_tokens=1024,
    output_tokens=80,
    request_id="your-own-id-of-this-attempt",
)

# By the provider's own answer: counts are read from it, its text is not.
answer = {
    "id": "msg_1",
    "model": "claude-sonnet-4-5",
    "content": [{"type": "text", "text": "never looked at"}],
    "usage": {"input_tokens": 100, "cache_read_input_tokens": 50, "output_tokens": 7},
}
hook.record_answer("anthropic", answer, provider="anthropic", tenant="acme")

# By something else than tokens.
hook.record(
    provider="openai",
    model="tts-1",
    tenant="globex",
    quantities=[quantity("call.characters_input", "Characters", Decimal(350))],
)

# A program that ends sends what it has by itself; `close` says what is left.
hook.close()

"""What generated usage costs, summed plainly with fractions and none of core's rating.

The prices are those of `generated.PRICES`, written a second time.
"""

from collections import Counter
from collections.abc import Iterable
from fractions import Fraction

from schemas.records import GpuInterval, InferenceUsage
from streams.core.money import PICO
from tests.builders.generated import CHANGE_US
from tests.builders.terms import MILLION, WINDOW_US
from tests.builders.usage import H100

HOUR_US = 3_600 * MILLION

Sides = tuple[str | None, str | None]  # the price before CHANGE_US, and from then on
TOKEN_PRICES: dict[tuple[str, str, str], Sides] = {  # USD per million
    ("openai", "gpt-4o", "input"): ("2.50", "2.4999999"),
    ("openai", "gpt-4o", "cache_read"): ("0.333333333333", "0.333333333333"),
    ("openai", "gpt-4o", "output"): ("10.000000000001", "10.000000000001"),
    ("openai", "gpt-4o", "reasoning"): (None, "60"),
    ("vllm", "llama", "input"): ("0.07", "0.07"),
}
GPU_PRICES: dict[str, Sides] = {  # USD an hour
    H100: ("2.40", "6.88"),
    "A100": ("0.000000000007", "0.000000000007"),
    "free": ("0", "0"),
    "unknown": (None, None),
}

Costs = Counter[tuple[int, str]]  # pico by window and pool


def windows_of(event: GpuInterval) -> range:
    """Return the begins of the windows an interval touches."""
    first = event["start_us"] // WINDOW_US * WINDOW_US
    return range(first, event["end_us"], WINDOW_US)


def covered(event: GpuInterval, window: int) -> list[tuple[int, int]]:
    """Return the (microseconds, side of the price change) an interval covers of a window."""
    found = []
    for side, (low, high) in enumerate(((0, CHANGE_US), (CHANGE_US, event["end_us"]))):
        begin = max(event["start_us"], window, low)
        end = min(event["end_us"], window + WINDOW_US, high)
        if begin < end:
            found.append((end - begin, side))
    return found


def gpu_costs(events: Iterable[GpuInterval]) -> Costs:
    """Return what each pool of GPUs costs: time x price, summed, rounded once."""
    exact: dict[tuple[int, str], Fraction] = {}
    for event in events:
        pool = "__unmapped__" if event["node"] == "laptop" else "h100"
        for window in windows_of(event):
            for for_us, side in covered(event, window):
                price = Fraction(GPU_PRICES[event["gpu_model"]][side] or 0)
                before = exact.get((window, pool), Fraction(0))
                exact[window, pool] = before + price * for_us * PICO / HOUR_US
    return Counter({place: round(cost) for place, cost in exact.items()})


def token_costs(events: Iterable[InferenceUsage]) -> Costs:
    """Return what each provider's API costs: tokens x price, summed and rounded by line."""
    exact: dict[tuple[int, str, tuple[str | None, ...]], Fraction] = {}
    for event in events:
        if event["endpoint"] in {"llama-prod", "qwen-prod"}:
            continue  # paid by GPU time
        window = event["at_us"] // WINDOW_US * WINDOW_US
        provider, model = event["provider"], event["model"]
        for kind, count in priced_tokens(event).items():
            price = TOKEN_PRICES.get((provider, model, kind), (None, None))[after(event)]
            payer = (event["tenant"], event["project"], event["endpoint"], model, kind)
            line = (window, f"api:{provider}", payer)
            cost = Fraction(price or 0) * count * PICO / MILLION
            exact[line] = exact.get(line, Fraction(0)) + cost
    found: Costs = Counter()
    for (window, pool, _), cost in exact.items():
        found[window, pool] += round(cost)
    return found


def after(event: InferenceUsage) -> int:
    """Return the side of the price change a call is on."""
    return int(event["at_us"] >= CHANGE_US)


def priced_tokens(event: InferenceUsage) -> dict[str, int]:
    """Return the tokens of a call by kind; reasoning is output until it has a price."""
    read, written = event["cache_read_tokens"] or 0, event["cache_write_5m_tokens"] or 0
    reasoning = event["reasoning_tokens"] or 0
    if not after(event) or event["model"] != "gpt-4o":
        reasoning = 0
    return {
        "input": (event["input_tokens"] or 0) - read - written,
        "cache_read": read,
        "output": (event["output_tokens"] or 0) - reasoning,
        "reasoning": reasoning,
    }

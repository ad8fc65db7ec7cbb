"""The price book of generated usage: something of every dimension, changing in between."""

from dataclasses import replace
from fractions import Fraction

from streams.core.price_book import Agreements
from streams.core.windows import MINUTE_US, SECOND_US
from tests.builders.terms import (
    book,
    gpu_price,
    override,
    resource_price,
    token_price,
    unit_price,
    uplift,
)
from tests.builders.usage import H100, T0

CHANGE_US = T0 + MINUTE_US + 12_345_678  # of prices, inside a window
NIGHT_US = (T0 + 30 * SECOND_US, T0 + 100 * SECOND_US + 1)  # T0 is the begin of a week
STEP = 1_001  # tokens of a prompt from which on it is dear
NIGHT = ((NIGHT_US[0] - T0, NIGHT_US[1] - T0),)
USD = 10**12

CALLS = (
    token_price("tokens.input", "2.50", to_us=CHANGE_US),
    token_price("tokens.input", "2.4999999", from_us=CHANGE_US),
    replace(token_price("tokens.input", "1.1000007"), hours=NIGHT),
    replace(token_price("tokens.input", "1.25"), tier="batch"),
    replace(token_price("tokens.input", "3.1"), region="eu"),
    token_price("tokens.cache_read", "0.333333333333"),
    token_price("tokens.output", "10.000000000001"),
    replace(token_price("tokens.output", "5"), tier="batch", list_rate=6 * USD),
    token_price("tokens.reasoning", "60", from_us=CHANGE_US),
    token_price("tokens.input_audio", "40.000000000003"),
    replace(unit_price("call.images_output", "0.04", "Images"), list_rate=USD // 20 * 10**6),
    unit_price("call.seconds", "0.000123456789", "Seconds", from_us=CHANGE_US),
    token_price("tokens.input", "0.07", provider=None, model="llama"),
    token_price("tokens.input", "0.09", provider=None, model="llama", from_tokens=STEP),
    unit_price("call.requests", "0.0000012", "Requests", provider=None, model="llama"),
)
GPUS = (
    gpu_price("2.40", to_us=CHANGE_US),
    gpu_price("6.88", from_us=CHANGE_US),
    replace(gpu_price("1.23"), purchase="spot", list_rate=9 * USD),
    gpu_price("0.000000000007", model="A100"),
    replace(gpu_price("1.1", model="A100"), hours=NIGHT),
    gpu_price("0", model="free"),
)
RESOURCES = (
    resource_price("0.000031506849"),
    replace(resource_price("0.00002"), hours=NIGHT),
    resource_price("0.09", sku="internet", kind="egress", unit="GB", from_us=CHANGE_US),
)
UPLIFTS = (
    uplift("1.1", "eu*", provider="openai", from_us=CHANGE_US),
    uplift("1.05", "eu-west-?", models=("gpt-4*",)),
)
OVERRIDES = (
    override("acme", factor=Fraction(17, 20)),
    override("globex", meter="tokens.output", model="gpt-4o", rate=8 * USD),
    override("globex", meter="gpu", rate=3 * USD),
    override("initech", meter="tokens.input", steps=((0, 2 * USD), (1000, USD))),
    override("initech", factor=Fraction(0), from_us=T0 + 2 * MINUTE_US),
    override(None, provider="vllm", factor=Fraction(21, 20)),
    override(None, model="s3-standard", factor=Fraction(2)),
    override("umbrella", model=H100, factor=Fraction(1, 3)),
)
PRICES = book(*CALLS, *GPUS, *RESOURCES, agreements=Agreements(UPLIFTS, OVERRIDES))

"""Prices, names and times of the system test: as documents for the system, as figures for us."""

from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction

SECOND_US = 1_000_000
T0_US = 1_767_225_600 * SECOND_US  # 2026-01-01T00:00:00Z
SLOT_US = 5 * SECOND_US  # every producer sends one batch a slot
WINDOW_US = 10 * SECOND_US
LATENESS_US = 30 * SECOND_US
REMEMBER_US = 200 * SECOND_US  # longer than a paused worker's batches are old when it sends them

H100 = "NVIDIA H100 80GB HBM3"
A100 = "NVIDIA A100-SXM4-80GB"
L4 = "NVIDIA L4"

TENANTS = tuple(f"tenant-{number:02d}" for number in range(12))
STRANGER = "who-is-this"  # not in the catalog
NOBODY = "__unattributed__"
DEAR_FROM_US = T0_US + 373_700_000  # inside a window and a batch

GPU_HOUR: dict[str, Fraction] = {
    H100: Fraction("2.40"),
    A100: Fraction("1.100000000013"),
    L4: Fraction("0.7123456789"),
}
STORAGE = "s3-standard"
EGRESS = "internet"
RESOURCE: dict[str, Fraction] = {STORAGE: Fraction("0.000031506849"), EGRESS: Fraction("0.09")}

UNTIL_DEAR: dict[tuple[str, str], dict[str, Fraction]] = {
    ("openai", "gpt-4o"): {
        "tokens.input": Fraction("2.50"),
        "tokens.cache_read": Fraction("1.25"),
        "tokens.output": Fraction(10),
    },
    ("anthropic", "claude"): {
        "tokens.input": Fraction(3),
        "tokens.cache_read": Fraction("0.30"),
        "tokens.cache_write_5m": Fraction("3.75"),
        "tokens.output": Fraction(15),
        "tokens.reasoning": Fraction(17),
    },
    ("self", "tiny"): {"tokens.input": Fraction("0.0000012"), "tokens.output": Fraction("0.6")},
}
SINCE_DEAR = {
    **UNTIL_DEAR,
    ("openai", "gpt-4o"): UNTIL_DEAR["openai", "gpt-4o"] | {"tokens.output": Fraction("12.345678")},
}
UNPRICED = ("openai", "gpt-next")

VARIED = ("openai", "gpt-4o")  # the model that is called in several ways
BATCH, FLEX = "batch", "flex"  # tiers, the second without a price
BATCHED: dict[str, Fraction] = {
    "tokens.input": Fraction("1.25"),
    "tokens.cache_read": Fraction("0.625"),
    "tokens.output": Fraction("5.000000000001"),
}
EU, EU_FACTOR = "eu", Fraction("1.1")  # a region in which all of openai's calls cost more
IMAGES, IMAGE = "call.images_output", Fraction("0.04")


def price(  # noqa: PLR0913  # all that decides it
    provider: str | None,
    model: str | None,
    meter: str,
    tier: str | None,
    region: str | None,
    *,
    dear: bool,
) -> Fraction | None:
    """Return the dollars of one token or unit; None when there is no price."""
    if meter.startswith("resource."):
        return RESOURCE[model or ""]
    factor = EU_FACTOR if (provider, region) == ("openai", EU) else Fraction(1)
    if meter == IMAGES:
        return IMAGE * factor
    book = SINCE_DEAR if dear else UNTIL_DEAR
    tiers = {None: book.get((provider or "", model or ""), {}), BATCH: BATCHED}
    found = tiers.get(tier, {}).get(meter)
    return None if found is None else found * factor / 10**6


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A shared deployment paid by GPU time, and what a token of each kind weighs there."""

    pool: str
    input: Fraction
    output: Fraction
    cache_read: Fraction


GPU_ENDPOINTS = {
    "llama-prod": Endpoint("h100", Fraction(1), Fraction("2.5"), Fraction("0.1")),
    "mixtral": Endpoint("a100", Fraction(1), Fraction(4), Fraction(0)),
}
TOKEN_ENDPOINT = "tiny-shared"  # noqa: S105 - a name
NODES = {"h100-": "h100", "a100-": "a100", "edge-": "__unmapped__"}
IDLE = {"h100": ("unheld", "weighted"), "a100": ("unheld_and_held_idle", "even")}

CATALOG = f"""\
tenants: [{", ".join(TENANTS)}]
pools:
  - {{name: h100, nodes: ["h100-*"], idle: {{basis: unheld, share: weighted}}}}
  - {{name: a100, nodes: ["a100-*"], idle: {{basis: unheld_and_held_idle, share: even}}}}
endpoints:
  - {{name: llama-prod, pool: h100, basis: gpu_time}}
  - {{name: mixtral, pool: a100, basis: gpu_time,
     weights: {{input: "1", output: "4", cache_read: "0"}}}}
  - {{name: {TOKEN_ENDPOINT}, pool: h100, basis: tokens}}
"""


def price_book() -> str:
    """Return the document of all the prices above."""
    dear = datetime.fromtimestamp(DEAR_FROM_US / SECOND_US, UTC).isoformat()
    always = "effective_from: 2023-01-01T00:00:00Z"
    rows = []
    for (provider, model), prices in UNTIL_DEAR.items():
        for meter, price in prices.items():
            what = f"meter: {meter}, provider: {provider}, model: {model}"
            later = SINCE_DEAR[provider, model][meter]
            if later == price:
                rows.append(entry(what, price, 10**6, "Tokens", always))
            else:
                rows.append(entry(what, price, 10**6, "Tokens", f"{always}, effective_to: {dear}"))
                rows.append(entry(what, later, 10**6, "Tokens", f"effective_from: {dear}"))
    varied = "provider: {}, model: {}".format(*VARIED)
    rows += [
        entry(f"meter: {meter}, {varied}, service_tier: {BATCH}", price, 10**6, "Tokens", always)
        for meter, price in BATCHED.items()
    ]
    rows.append(entry(f"meter: {IMAGES}, {varied}", IMAGE, 1, "Images", always))
    rows += [
        entry(f"meter: gpu, model: {model}", price, 1, "GPU-Hours", always)
        for model, price in GPU_HOUR.items()
    ]
    kinds = {STORAGE: ("storage", "GB-Hours"), EGRESS: ("egress", "GB")}
    for sku, price in RESOURCE.items():
        kind, unit = kinds[sku]
        rows.append(entry(f"meter: resource.{kind}, model: {sku}", price, 1, unit, always))
    uplift = (
        f'uplifts: [{{region: {EU}, factor: "{float(EU_FACTOR)}", provider: openai, '
        f"{always}, source: test}}]"
    )
    return "\n".join(["currency: USD", "prices:", *rows, uplift])


def entry(what: str, price: Fraction, per: int, unit: str, when: str) -> str:
    """Return one row of the price book."""
    digits = f"{price.numerator * 10**13 // price.denominator:014d}"
    decimal = f"{digits[:-13]}.{digits[-13:]}".rstrip("0").rstrip(".")
    return f'  - {{{what}, price: "{decimal}", per: {per}, unit: {unit}, {when}, source: test}}'

"""The grammar of a price map's field names: what is priced, and when.

A name is a head, which says what is priced, and a tail of conditions in whatever order:
`input_cost_per_audio_token` + `_above_128k_tokens` + `_priority`.
"""

import re
from dataclasses import dataclass

# Service tiers that the map's fields name in words of their own; other words are tiers only where
# a model has both an input and an output price with them.
TIERS = {
    "batches": "batch",
    "batch_requests": "batch",
    "batch": "batch",
    "priority": "priority",
    "flex": "flex",
}

HEADS = (
    # cache_read_input_token_cost, cache_creation_input_audio_token_cost
    re.compile(
        r"(?P<cache>cache_read|cache_creation)_(?:input_)?(?:(?P<kind>audio|image|video)_)?"
        r"token_cost(?=_|$)"
    ),
    # input_cost_per_token, output_cost_per_video_per_second, ocr_cost_per_page, cost_per_second
    re.compile(
        r"(?:(?P<of>[a-z]+(?:_[a-z]+)*?)_)?cost_per_(?P<thing>(?:1k_)?"
        r"(?:(?:audio|image|video|reasoning)_token|(?:audio|video)_per_second|text_message"
        r"|[a-z]+))(?=_|$)"
    ),
)
STEP = re.compile(r"_above_(\d+)(k|m)?_tokens(?=_|$)")
KEPT_FOR = re.compile(r"_above_(\d+)hr(?=_|$)")
CACHE_HIT = re.compile(r"_cache_hit(?=_|$)")
# 720p, 4k, 0.5K, 1024, premium_image, above_512_and_512_pixels_and_premium_image
QUALITY = re.compile(
    r"(?:\d+p|\d+(?:\.\d+)?[kK]?|(?:above_\d+_and_\d+_pixels)?(?:_and_)?(?:premium_image)?)"
)
WORD = re.compile(r"[a-z][a-z0-9]*(?:_[a-z][a-z0-9]*)*")
THOUSANDS = {"": 1, "k": 1_000, "m": 1_000_000}


@dataclass(frozen=True, slots=True)
class Name:
    """A field name, read. `of` is what stands before `cost`: a direction or a service.

    `rest` is what no rule covers; a price with a rest is understood only where something else says
    what the rest means.
    """

    of: str | None
    thing: str  # token, image, second, …
    kind: str | None  # of token: audio, image, video, reasoning
    cache: str | None  # read, write
    kept_for_hours: int | None  # writes to a cache, where longer than usual
    above_tokens: int | None
    tier: str | None
    quality: str | None
    rest: str


def read_name(field: str) -> Name | None:
    """Return what a field name says; None when it has no head that is a price.

    >>> read_name("input_cost_per_token_above_128k_tokens").above_tokens
    128000
    """
    for pattern in HEADS:
        head = pattern.match(field)
        if head:
            return _with_tail(head.groupdict(), field[head.end() :])
    return None


def _with_tail(head: dict[str, str | None], tail: str) -> Name:
    thing = head.get("thing") or "token"
    kind = head.get("kind")
    if thing.endswith("_token"):
        kind, thing = thing.removesuffix("_token"), "token"
    step, tail = _cut(STEP, tail)
    hours, tail = _cut(KEPT_FOR, tail)
    hit, tail = _cut(CACHE_HIT, tail)
    cache = {"cache_read": "read", "cache_creation": "write"}.get(head.get("cache") or "")
    rest = tail.removeprefix("_")
    tier = TIERS.get(rest)
    quality = None if tier or not rest or not QUALITY.fullmatch(rest) else rest.lower()
    return Name(
        of=head.get("of") or ("input" if cache else None),
        thing=thing,
        kind=kind,
        cache="read" if hit else cache,
        kept_for_hours=int(hours[1]) if hours else None,
        above_tokens=int(step[1]) * THOUSANDS[step[2] or ""] if step else None,
        tier=tier,
        quality=quality,
        rest="" if tier or quality else rest,
    )


def _cut(pattern: re.Pattern[str], tail: str) -> tuple[re.Match[str] | None, str]:
    """Take a condition out of a tail."""
    found = pattern.search(tail)
    return found, tail if found is None else tail[: found.start()] + tail[found.end() :]


def own_tiers(fields: list[str]) -> frozenset[str]:
    """Return the words that are tiers of a model: those its input and output prices share."""
    sides: dict[str, set[str | None]] = {}
    for field in fields:
        name = read_name(field)
        if name and name.thing == "token" and not name.kind and WORD.fullmatch(name.rest):
            sides.setdefault(name.rest, set()).add(name.of)
    return frozenset(word for word, sides_of in sides.items() if sides_of >= {"input", "output"})

"""Which meter a field of a price map prices, given what kind of model it is."""

from streams.core.meters import CALL_UNITS, TOKEN_METERS, TOKENS
from streams.prices.field_names import Name

MeterUnit = tuple[str, str]

KEPT_FOR = {None: "5m", 1: "1h", 12: "12h"}  # hours a cache entry lives -> how its meter says so
SECONDS_BY_MODE = {
    "audio_transcription": {
        "input": "call.audio_seconds_input",
        "output": "call.audio_seconds_input",
    },
    "audio_speech": {"output": "call.audio_seconds_output"},
    "video_generation": {
        "input": "call.video_seconds_input",
        "output": "call.video_seconds_output",
    },
    "realtime": {"input": "call.seconds"},
}
# What has one meter, whichever side of a call it is on.
PLAIN = {
    ("input", "query"): "call.queries",
    ("input", "request"): "call.requests",
    ("input", "text_message"): "call.messages",
    ("ocr", "page"): "call.pages",
    ("annotation", "page"): "call.annotated_pages",
    ("ocr", "credit"): "call.credits",
    ("citation", "token"): "call.citation_tokens",
    ("code_interpreter", "session"): "call.sessions",
    ("google_maps_grounding", "query"): "call.map_queries",
}
BY_SIDE = {
    "character": "call.characters",
    "image": "call.images",
    "pixel": "call.pixels",
    "audio_per_second": "call.audio_seconds",
    "video_per_second": "call.video_seconds",
}


def meter_of(name: Name, mode: str | None) -> MeterUnit | str:
    """Return the meter and unit that a name prices, or why there is none."""
    if name.thing == "token" and name.of in {"input", "output"}:
        return _token_meter(name)
    meter = _call_meter(name, mode)
    if meter is None:
        what = " ".join(filter(None, (name.of, name.kind, name.thing)))
        return f"there is no meter for {what} of a model of mode {mode}"
    unit = CALL_UNITS[meter]
    return (f"{meter}_{name.quality}" if name.quality else meter), unit


def _token_meter(name: Name) -> MeterUnit | str:
    if name.quality:
        return f"tokens have no quality {name.quality}"
    meter = {
        "read": f"tokens.cache_read_{name.kind}" if name.kind else "tokens.cache_read",
        "write": f"tokens.cache_write_{name.kind or KEPT_FOR.get(name.kept_for_hours)}",
    }.get(name.cache or "")
    if meter is None:
        meter = f"tokens.{name.of}_{name.kind}" if name.kind else f"tokens.{name.of}"
        meter = {"tokens.output_reasoning": "tokens.reasoning"}.get(meter, meter)
    if meter not in TOKEN_METERS or (name.kept_for_hours and (name.kind or name.cache != "write")):
        return f"there is no meter {meter}"
    return meter, TOKENS


def _call_meter(name: Name, mode: str | None) -> str | None:
    side = name.of
    if name.thing == "second":
        return SECONDS_BY_MODE.get(mode or "", {}).get(side or "")
    if name.thing in BY_SIDE and side in {"input", "output"}:
        return f"{BY_SIDE[name.thing]}_{side}"
    return PLAIN.get((side or "", name.thing))

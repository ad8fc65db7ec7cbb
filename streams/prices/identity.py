"""Who serves a model, what they call it, and where: from a key of the map and its provider.

Providers are named as OpenTelemetry's `gen_ai.provider.name` has them, others as the map does. A
model is what its provider calls it: the key without what the map put before it. `us.anthropic.…`
stays: it is how a Bedrock call names an inference profile.
"""

import re
from dataclasses import dataclass

from schemas.providers import base_of, provider_name

# Endpoints beside a provider's main one, with prices of their own; calls do not say which one.
SIDE_DOORS = frozenset({"bedrock_mantle"})
PREFIXES = {"amazon_nova": "amazon-nova"}  # where the key spells the provider another way

SIZE = re.compile(r"\d+-x-\d+|max-x-max")
STEPS = re.compile(r"\d+-steps|max-steps")
QUALITIES = frozenset({"auto", "hd", "high", "low", "medium", "standard"})
AREAS = {
    # Azure's data zones, and "global" for deployments that may run anywhere.
    "azure.ai.openai": re.compile(r"us|eu|apac|us-gov|global|global-standard"),
    "azure.ai.inference": re.compile(r"us|eu|apac|us-gov|global|global-standard"),
    "aws.bedrock": re.compile(r"(?:us|eu|ap|ca|sa|me|af|il|mx|cn)(?:-gov)?-[a-z]+-\d|\*"),
    "anthropic": re.compile(r"us|eu|global"),
}
SPEEDS = {"anthropic": frozenset({"fast"})}  # tiers that the map writes before a model's name
REGIONS = {"global-standard": "global"}  # one offer, two spellings
COMMITMENT = re.compile(r"\d+-month-commitment")


@dataclass(frozen=True, slots=True)
class Identity:
    """A model as calls name it. `quality` is of the pictures it makes, where the key says one."""

    provider: str
    model: str
    region: str | None
    tier: str | None
    quality: str | None
    commitment: str | None
    distance: int  # from the provider's own listing; where keys disagree the nearest one counts


def identify(key: str, provider: str) -> Identity:
    """Return whom and what a key is about; `provider` is the entry's own word for it."""
    base, name = base_of(provider), provider_name(provider)
    parts = key.split("/")
    before = {base, provider, PREFIXES.get(base, base)}
    quality, parts = _quality(parts)
    named = len(parts) > 1 and parts[0] in before
    if named:
        parts = parts[1:]
        more, parts = _quality(parts)
        quality = quality or more
    region = tier = commitment = None
    while len(parts) > 1:
        if region is None and name in AREAS and AREAS[name].fullmatch(parts[0]):
            region = parts[0]
        elif tier is None and parts[0] in SPEEDS.get(name, ()):
            tier = parts[0]
        elif commitment is None and COMMITMENT.fullmatch(parts[0]):
            commitment = parts[0]
        elif parts[0] != "invoke" or name != "aws.bedrock":  # another way in to the same model
            break
        parts = parts[1:]
    more, parts = _quality(parts)
    return Identity(
        provider=name,
        model="/".join(parts),
        region=None if region == "*" else REGIONS.get(region or "", region),
        tier=tier,
        quality=quality or more,
        commitment=commitment,
        distance=2 if base in SIDE_DOORS else int(not named),
    )


def _quality(parts: list[str]) -> tuple[str | None, list[str]]:
    """Split off what leading parts say of a picture: quality, size, and steps to make it."""
    count = 0
    while count < len(parts) - 1 and (
        parts[count] in QUALITIES or SIZE.fullmatch(parts[count]) or STEPS.fullmatch(parts[count])
    ):
        count += 1
    said = parts[:count]
    if not any(SIZE.fullmatch(part) for part in said):
        return None, parts
    return "_".join(part.replace("-x-", "x").replace("-steps", "steps") for part in said), parts[
        count:
    ]

"""What a part of the agent can and cannot see on this node: the answers of `doctor`. Plain data."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried. Not every one that fails is a fault: some GPUs cannot tell some."""

    what: str  # a few words, e.g. "processes of GPU-..."
    is_ok: bool
    why: str  # what was found
    to_do: str = ""  # empty: nothing, or nothing can be done
    is_needed: bool = True  # without it the agent cannot say who holds what

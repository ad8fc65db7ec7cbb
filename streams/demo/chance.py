"""Seeded randomness: one independent stream of numbers per purpose, the same on every machine."""

from random import Random


def stream(seed: int, purpose: str) -> Random:
    """Return the random numbers of one purpose under a seed.

    >>> stream(1, "a").random() == stream(1, "a").random() != stream(1, "b").random()
    True
    """
    return Random(f"{seed}/{purpose}")  # noqa: S311 - made-up traffic, nothing to keep secret

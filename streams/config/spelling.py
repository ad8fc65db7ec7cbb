"""What somebody meant who wrote a name that is none."""

from collections.abc import Sequence
from difflib import get_close_matches

CLOSE = 0.7  # of difflib's ratio; below it a guess misleads


def instead(wrong: str, known: Sequence[str], more: str = "") -> str:
    """Say what to write: the closest name, or the choice.

    >>> instead("pirce", ["price", "per"])
    'write price'
    >>> instead("colour", ["price", "per"], "resource.<kind>")
    'write one of price, per, resource.<kind>'
    """
    close = get_close_matches(wrong[:80], known, 1, CLOSE)
    if close:
        return f"write {close[0]}"
    return f"write one of {', '.join(filter(None, (*known, more)))}"

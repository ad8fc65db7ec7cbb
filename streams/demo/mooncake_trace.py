"""The Mooncake trace: JSON lines of timestamp (ms), input_length, output_length, hash_ids.

`hash_ids` name the prompt's 512-token blocks. The prefix whose blocks all occurred in earlier
requests is read from the cache: min(512 * blocks, input_length) tokens. The trace has no date; its
zero is put at BEGIN_US.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from pathlib import Path

from streams.demo.errors import BadTrace
from streams.demo.trace_row import MAX_DIGITS, Row

BLOCK_TOKENS = 512
BEGIN_US = 1_719_792_000_000_000  # 2024-07-01 00:00 UTC, a week after the paper came out


def rows(path: Path, lines: Iterable[str]) -> Iterator[Row]:
    """Yield the requests. Raises BadTrace at the first line that is not one."""
    seen: set[int] = set()
    for line, text in enumerate(lines, 1):
        if text.strip():
            yield row(path, line, text, seen)


def row(path: Path, line: int, text: str, seen: set[int]) -> Row:
    """Return one request, and remember its blocks in `seen`."""
    try:
        request = json.loads(text)
    except ValueError as error:
        raise BadTrace(path, line, "one JSON object a line", repr(text.rstrip())) from error
    if not isinstance(request, dict):
        raise BadTrace(path, line, "a JSON object", repr(text.rstrip()))
    input_tokens = count(path, line, "input_length", request)
    hash_ids = request.get("hash_ids")
    if not isinstance(hash_ids, list) or not all(type(each) is int for each in hash_ids):
        raise BadTrace(path, line, "a list of integers as hash_ids", repr(hash_ids))
    cached = min(BLOCK_TOKENS * leading_seen(hash_ids, seen), input_tokens)
    seen.update(hash_ids)
    return Row(
        line,
        BEGIN_US + count(path, line, "timestamp", request) * 1_000,
        input_tokens,
        count(path, line, "output_length", request),
        cached,
    )


def leading_seen(hash_ids: Sequence[int], seen: set[int]) -> int:
    """Return how many blocks from the first on were seen before.

    >>> leading_seen([1, 2, 3, 1], {1, 2}), leading_seen([3, 1], {1, 2})
    (2, 0)
    """
    return sum(1 for _ in takewhile(seen.__contains__, hash_ids))


def count(path: Path, line: int, field: str, request: dict[str, object]) -> int:
    """Return a whole number >= 0 of a request."""
    number = request.get(field)
    if type(number) is not int or not 0 <= number < 10**MAX_DIGITS:
        raise BadTrace(path, line, f"a whole number >= 0 as {field}", repr(number))
    return number

"""One request of a trace, whatever its file looks like."""

from dataclasses import dataclass

MAX_DIGITS = 12  # of any number in a trace; more is a broken file


@dataclass(frozen=True, slots=True)
class Row:
    """What every trace says of a request. `line` counts from 1 in the file."""

    line: int
    at_us: int
    input_tokens: int  # cached ones included
    output_tokens: int
    cache_read_tokens: int | None  # None: the trace says nothing of caching

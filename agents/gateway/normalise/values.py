"""Reading values that somebody else wrote: of the right kind, in range, or refused with a reason.

None stands for what was not said; it is never a zero. What a number or a name must not be wrong in
raises Unfit; what only describes a call (`word`) is left out where it does not fit.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

from schemas.decimals import EXACT, SCALE, WHOLE_DIGITS, to_bytes

LONGEST_NAME = 256  # characters: ids, tenants, models
LONGEST_SAID = 60  # of a value in a message
MOST = 2**63 - 1  # an Avro long
MOST_SMALL = 2**31 - 1  # an Avro int
EXACT_FLOAT = 2**53  # beyond, a float is no certain integer
DIGITS = 19  # of an Avro long
EARLIEST_US = 946_684_800_000_000  # 2000-01-01
LATEST_US = 4_102_444_800_000_000  # 2100-01-01
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
NUMBERS = (int, float, str, Decimal)
WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/+-]{0,99}")


class Unfit(Exception):
    """A value that no event can have. `reason` is a bounded code for counting."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def name(value: object, what: str) -> str | None:
    """Return a name or id; None and nothing are None."""
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > LONGEST_NAME or not is_text(value):
        raise Unfit(
            "bad_name",
            f"expected {what} as text of at most {LONGEST_NAME} characters, got {said(value)}",
        )
    return value


def described(value: object) -> str | None:
    """Return a name that only describes a call; None for what is none, or does not fit.

    A client may choose some of these: what it writes there must not keep its call off the bill.

    >>> described("trace-1"), described("t" * 1000), described(7)
    ('trace-1', None, None)
    """
    try:
        return name(value, "a name")
    except Unfit:
        return None


def needed(value: object, what: str) -> str:
    """Return a name that an event cannot be without."""
    found = name(value, what)
    if found is None:
        raise Unfit("missing_name", f"expected {what}, got none; make the sender tell it")
    return found


def word(value: object) -> str | None:
    """Return a short plain word, e.g. a class of errors; None for anything else."""
    return value if isinstance(value, str) and WORD.fullmatch(value) else None


def count(value: object, what: str) -> int | None:
    """Return a count: an integer, also as digits or as a float that is one.

    >>> count("12", "tokens"), count(12.0, "tokens"), count(None, "tokens")
    (12, 12, None)
    """
    if value is None or value == "":
        return None
    if (
        isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= DIGITS
    ) or (isinstance(value, float) and value.is_integer() and abs(value) <= EXACT_FLOAT):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST:
        raise Unfit("bad_count", f"expected {what} as a whole number >= 0, got {said(value)}")
    return value


def small(value: object, what: str) -> int | None:
    """Return a count that fits an Avro int."""
    found = count(value, what)
    if found is not None and found > MOST_SMALL:
        raise Unfit("bad_count", f"expected {what} of at most {MOST_SMALL}, got {found}")
    return found


def amount(value: object, what: str) -> bytes | None:
    """Return a quantity or amount as Avro has it, exact to a pico; None is None."""
    if value is None or value == "":
        return None
    is_number = isinstance(value, NUMBERS) and not isinstance(value, bool)
    pico = pico_of(str(value)) if is_number else None
    if pico is None:
        raise Unfit("bad_amount", f"expected {what} as a decimal >= 0, got {said(value)}")
    return to_bytes(pico)


def no_truth(value: object) -> object:
    """Return a value that is to be a number. Raises ValueError for true and false."""
    if isinstance(value, bool):
        raise ValueError("expected a number, got true or false")  # noqa: TRY004 - pydantic's way
    return value


def pico_of(digits: str) -> int | None:
    """Return a decimal >= 0 in pico, half-even; None for anything else.

    >>> pico_of("8.250000000000001e-05"), pico_of("1e999999999"), pico_of("-1")
    (82500000, None, None)
    """
    try:
        number = Decimal(digits)
    except InvalidOperation:
        return None
    if not number.is_finite() or number.is_signed() or number.adjusted() >= WHOLE_DIGITS:
        return None
    return int(EXACT.scaleb(number, SCALE).to_integral_value(ROUND_HALF_EVEN))


def instant(value: object, what: str) -> int | None:
    """Return an RFC 3339 instant in UTC microseconds; None is None.

    >>> instant("2026-11-21T09:00:07.5Z", "time")
    1795251607500000
    """
    if value is None or value == "":
        return None
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        at = None
    if at is None or at.utcoffset() is None:
        raise Unfit(
            "bad_time",
            f"expected {what} as RFC 3339 with an offset, e.g. 2026-11-21T09:00:07.5Z, "
            f"got {said(value)}",
        )
    return within((at - EPOCH) // MICROSECOND, what)


def within(at_us: int, what: str) -> int:
    """Return an instant that a call can have."""
    if not EARLIEST_US <= at_us < LATEST_US:
        raise Unfit(
            "bad_time", f"expected {what} between 2000 and 2100, got {at_us} us; check its unit"
        )
    return at_us


def inside(value: object, *names: str) -> object:
    """Return what lies at a path of names, None where there is none.

    >>> inside({"a": {"b": 1}}, "a", "b"), inside({"a": 1}, "a", "b")
    (1, None)
    """
    for each in names:
        value = value.get(each) if isinstance(value, dict | Mapping) else None  # dict: faster
    return value


def first(values: Mapping[str, object], names: tuple[str, ...]) -> object:
    """Return the value of the first of several names that has one."""
    return next((values[each] for each in names if values.get(each) is not None), None)


def is_text(value: str) -> bool:
    """Tell whether text can be written as UTF-8; JSON may carry half a character."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def said(value: object) -> str:
    """Return the kind of a value, and the value itself where it cannot be text of a call."""
    if isinstance(value, bool | int | float):
        return f"{type(value).__name__} {value!r}"[:LONGEST_SAID]
    length = f" of {len(value)}" if isinstance(value, str | bytes | list | dict) else ""
    return f"{type(value).__name__}{length}"

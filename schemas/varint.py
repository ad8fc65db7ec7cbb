"""Avro's variable-length integers: zigzag, seven bits a byte, low bits first."""

from functools import cache

MAX_BYTES = 10  # of a 64-bit number
ONE_BYTE = 64  # numbers in 0..63 take one byte
TWO_BYTES = 8192  # numbers in 0..8191 take two at most


def encoded(number: int) -> bytes:
    r"""Return a long as bytes. Raises OverflowError outside 64 bits.

    >>> encoded(0), encoded(-1), encoded(64)
    (b'\x00', b'\x01', b'\x80\x01')
    """
    if not -(1 << 63) <= number < 1 << 63:
        raise OverflowError(f"expected a number of 64 bits, got {number}")
    rest = (number << 1) ^ (number >> 63)
    out = bytearray()
    while rest > 127:  # noqa: PLR2004 - seven bits
        out.append(rest & 127 | 128)
        rest >>= 7
    out.append(rest)
    return bytes(out)


@cache
def small() -> tuple[bytes, ...]:
    """Return the bytes of 0..8191, most of the numbers there are."""
    return tuple(encoded(number) for number in range(TWO_BYTES))


def long_at(data: bytes, at: int) -> tuple[int, int]:
    r"""Return the long at an offset and the offset after it.

    Raises IndexError where the data ends inside it, ValueError for more than 64 bits.

    >>> long_at(b"\x80\x01", 0)
    (64, 2)
    """
    bits = shift = 0
    for byte in data[at : at + MAX_BYTES]:
        bits |= (byte & 127) << shift
        shift += 7
        if byte < 128:  # noqa: PLR2004 - the last byte
            if bits >> 64:
                break
            return (bits >> 1) ^ -(bits & 1), at + shift // 7
    if len(data) < at + MAX_BYTES:
        raise IndexError("the data ends inside a number")
    raise ValueError("a number of more than 64 bits")


def length_at(data: bytes, at: int) -> tuple[int, int]:
    """Return the length at an offset and the offset after it. Raises as `long_at`, or ValueError.

    A negative length is no length.
    """
    length, after = long_at(data, at)
    if length < 0:
        raise ValueError(f"a length of {length}")
    return length, after

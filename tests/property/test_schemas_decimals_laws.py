"""Laws of pico integers: bytes and decimals hold them exactly, whatever the sign."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.decimals import EXACT, LIMIT, from_bytes, to_bytes, to_decimal, to_pico

PICO = st.integers(-LIMIT + 1, LIMIT - 1)


@given(number=st.integers() | PICO)
def test_bytes_give_the_integer_back(number: int) -> None:
    assert from_bytes(to_bytes(number)) == number


@given(number=st.integers() | PICO | st.integers(0, 200).map(lambda power: -(2**power)))
def test_bytes_are_the_shortest_form(number: int) -> None:
    data = to_bytes(number)
    assert len(data) == 1 or from_bytes(data[1:]) != number


@given(number=PICO, padding=st.integers(0, 8))
def test_sign_extended_bytes_are_the_same_integer(number: int, padding: int) -> None:
    sign = b"\xff" if number < 0 else b"\x00"
    assert from_bytes(sign * padding + to_bytes(number)) == number


@given(pico=PICO)
def test_decimal_gives_the_pico_back(pico: int) -> None:
    assert to_pico(to_decimal(pico)) == pico


@given(pico=PICO)
def test_decimal_has_twelve_places_always(pico: int) -> None:
    assert to_decimal(pico).as_tuple().exponent == -12


@given(a=PICO, b=PICO)
def test_order_is_kept(a: int, b: int) -> None:
    assert (a < b) == (to_decimal(a) < to_decimal(b))


@given(pico=PICO, places=st.integers(13, 90))
def test_less_than_a_pico_is_refused(pico: int, places: int) -> None:
    with pytest.raises(ValueError, match="at most 12 decimals"):
        to_pico(Decimal(f"{pico // 10**20}.{'0' * (places - 1)}1"))


@pytest.mark.parametrize("number", [LIMIT, -LIMIT, LIMIT * 10])
def test_more_than_the_topic_holds_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="26 digits"):
        to_pico(to_decimal(number))


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "sNaN"])
def test_what_is_no_number_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        to_pico(Decimal(word))


@given(pico=st.integers(0, LIMIT - 1), scale=st.integers(0, 12))
def test_trailing_zeros_do_not_matter(pico: int, scale: int) -> None:
    whole = pico - pico % 10**scale
    assert to_pico(to_decimal(whole).normalize(EXACT)) == whole

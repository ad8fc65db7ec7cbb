"""The arithmetic that a step prints, worked out again."""

import re
from fractions import Fraction

from streams.explain.step import Step

NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")
ASIDE = re.compile(r", rounded |; of the |, to a ")  # what follows says to what it was rounded
PICO = Fraction(1, 10**12)
NEAR = 2 * PICO  # a share of a total that was rounded as a whole
MICROSECOND = Fraction(1, 10**6)
AS_SHOWN = Fraction(1, 10**18)  # digits of a number that goes on, and of a factor like 2/3


def value(text: str) -> Fraction:
    """Return a sum of products, as one would work it out."""
    found, sign = Fraction(0), 1
    for term in re.split(r" ([+-]) ", text):
        if term in {"+", "-"}:
            sign = -1 if term == "-" else 1
            continue
        found += sign * product(term)
    return found


def product(text: str) -> Fraction:
    first, *rest = re.split(r" ([x/]) ", text)
    found = number(first)
    for operator, each in zip(rest[::2], rest[1::2], strict=True):
        found = found * number(each) if operator == "x" else found / number(each)
    return found


def number(text: str) -> Fraction:
    return Fraction(text.split(" ", maxsplit=1)[0].rstrip("…").replace(",", ""))


def assert_right(step: Step) -> None:
    said, *more = ASIDE.split(step.arithmetic)
    left, *results = said.split(" = ")
    near = MICROSECOND if "to a microsecond" in step.arithmetic else NEAR if more else AS_SHOWN
    for result in results:
        assert abs(value(left) - number(result)) <= near, step
    if step.adds:
        [*_, last] = NUMBER.findall(step.arithmetic)
        assert number(last) == step.pico * PICO, step

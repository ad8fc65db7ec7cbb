"""How rare a value is: of values that thin out by a known power, as rare as they are."""

import math

import pytest

from streams.core.anomaly.tail import RAREST, Tail
from streams.demo.chance import stream

SHARE = 0.05


def learned(power: float, count: int = 20_000) -> Tail:
    """Of values that one of ten is `10 ** power` times as great as the least of."""
    tail, chance = Tail(SHARE), stream(1, "tail")
    for _ in range(count):
        tail.learn(chance.random() ** -power)
    return tail


@pytest.mark.parametrize("power", [0.2, 0.5, 1.0])
def test_values_that_thin_out_by_a_power_are_as_rare_as_they_are(power: float) -> None:
    tail = learned(power)
    assert tail.bound == pytest.approx(SHARE**-power, rel=0.35)
    for tens in (1, 2, 3):
        assert tail.rarity(tail.bound * 10 ** (tens * power)) == pytest.approx(tens, rel=0.2)


def test_up_to_the_bound_nothing_is_rare() -> None:
    tail = learned(0.5, 1000)
    assert tail.rarity(tail.bound) == 0.0
    assert tail.rarity(0.0) == 0.0


def test_where_all_was_0_anything_is_as_rare_as_can_be() -> None:
    tail = Tail(SHARE)
    for _ in range(500):
        tail.learn(0.0)
    assert (tail.rarity(0.0), tail.rarity(1e-9)) == (0.0, RAREST)


def test_one_huge_value_teaches_as_one_of_a_hundred_does() -> None:
    plain, told = learned(0.3, 3000), learned(0.3, 3000)
    far = plain.bound * 10 ** (3 * 0.3)
    told.learn(math.inf)
    assert told.rarity(far) == pytest.approx(plain.rarity(far), rel=0.1)

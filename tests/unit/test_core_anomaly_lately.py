"""The last values together: the running sums are those of the last values, and of no others."""

from math import sqrt

import pytest

from streams.core.anomaly.lately import LATELY, Lately
from streams.demo.chance import stream


def test_sums_are_of_the_last_values_and_the_one_that_joins() -> None:
    chance, lately = stream(1, "lately"), Lately()
    values = [(chance.gauss(0, 1), chance.gauss(2, 1)) for _ in range(5 * LATELY)]
    for number, (off, apart) in enumerate(values):
        last = values[max(0, number - LATELY + 1) : number + 1]
        together, unrest = lately.joined_by(off, apart)
        assert together == pytest.approx(sum(each for _, each in last) / sqrt(len(last)))
        assert unrest == pytest.approx(sum(abs(each) for each, _ in last) / len(last))
        lately.add(off, apart)

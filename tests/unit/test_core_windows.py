"""Which window an instant belongs to, and where a stretch is cut."""

import pytest

from streams.core.windows import pieces, window_start


@pytest.mark.parametrize(
    ("at_us", "expected"), [(0, 0), (59, 0), (60, 60), (61, 60), (119, 60), (120, 120)]
)
def test_an_instant_on_an_edge_belongs_to_the_window_it_begins(at_us: int, expected: int) -> None:
    assert window_start(at_us, 60) == expected


@pytest.mark.parametrize(
    ("start", "end", "edges", "expected"),
    [
        (0, 60, [], [(0, 60)]),
        (0, 61, [], [(0, 60), (60, 61)]),
        (59, 60, [], [(59, 60)]),
        (50, 130, [100], [(50, 60), (60, 100), (100, 120), (120, 130)]),
        (50, 130, [60, 120], [(50, 60), (60, 120), (120, 130)]),  # edges on window ends
        (50, 130, [50, 130], [(50, 60), (60, 120), (120, 130)]),  # edges on the ends themselves
        (50, 55, [10, 20, 51, 52, 90], [(50, 51), (51, 52), (52, 55)]),
        (50, 50, [], []),
    ],
)
def test_a_stretch_is_cut_at_window_ends_and_edges(
    start: int, end: int, edges: list[int], expected: list[tuple[int, int]]
) -> None:
    assert list(pieces(start, end, 60, edges)) == expected

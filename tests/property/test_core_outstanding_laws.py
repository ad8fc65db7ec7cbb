"""Whatever is done in whatever order: nothing that is left is behind where one begins again."""

from hypothesis import given
from hypothesis import strategies as st

from streams.core.outstanding import Outstanding


@given(parts=st.lists(st.integers(0, 3), min_size=1, max_size=20), data=st.data())
def test_one_begins_at_the_first_of_which_something_is_left(
    parts: list[int], data: st.DataObject
) -> None:
    it = Outstanding[str]()
    for offset, each in enumerate(parts):
        it.read("log", offset, each)
    left = [offset for offset, each in enumerate(parts) for _ in range(each)]
    for offset in data.draw(st.permutations(left)):
        assert it.begins() == {"log": min(left)}
        it.done("log", offset)
        left.remove(offset)
    assert it.begins() == {"log": len(parts)}
    assert len(it) == 0


def test_logs_do_not_wait_for_each_other() -> None:
    it = Outstanding[str]()
    it.read("a", 3, 1)
    it.read("b", 9, 0)
    assert it.begins() == {"a": 3, "b": 10}

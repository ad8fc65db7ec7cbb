"""The generated pages of docs/ say what the code says."""

import pytest

from schemas.topics import ALL
from streams.metrics import Metric
from tests.reference_pages import DOCS, pages


@pytest.mark.parametrize("name", [path.name for path in pages()])
def test_committed_page_is_current(name: str) -> None:
    text = (DOCS / name).read_text(encoding="utf-8")
    assert text == pages()[DOCS / name], "run: make docs"


def test_every_topic_and_metric_has_a_row() -> None:
    topics, metrics = (pages()[DOCS / name] for name in ("topics.md", "metrics.md"))
    assert [topic.name for topic in ALL if f"| `{topic.name}` |" not in topics] == []
    assert [m.name for m in Metric if f"| `{m.value.name}` |" not in metrics] == []

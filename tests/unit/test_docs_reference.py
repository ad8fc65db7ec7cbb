"""The generated pages of docs/ say what the code says."""

from pathlib import Path

import pytest

from schemas.topics import ALL
from tests.reference_pages import DOCS, METRICS, pages


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_committed_page_is_current(page: Path) -> None:
    assert page.read_text(encoding="utf-8") == pages()[page], "run: make docs"


def test_every_topic_and_metric_has_a_row() -> None:
    topics, metrics = (pages()[DOCS / name] for name in ("topics.md", "metrics.md"))
    assert [topic.name for topic in ALL if f"| `{topic.name}` |" not in topics] == []
    known = [metric.value.name for *_, kind in METRICS for metric in kind]
    assert [name for name in known if f"| `{name}` |" not in metrics] == []

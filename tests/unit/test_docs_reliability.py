"""Every test that docs/reliability.md names is there."""

import re
from pathlib import Path


def test_every_test_that_is_named_exists(root: Path) -> None:
    named = set(re.findall(r"`(test_\w+)`", (root / "docs" / "reliability.md").read_text()))
    sources = "".join(path.read_text() for path in (root / "tests").rglob("test_*.py"))
    defined = set(re.findall(r"^def (test_\w+)\(", sources, re.MULTILINE))
    assert len(named) >= 10
    assert named <= defined, named - defined

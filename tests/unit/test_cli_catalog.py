"""The verbs of `apportion catalog` on files: what goes to stdout, and the status they end with."""

from functools import partial
from pathlib import Path

import pytest

from streams.config.catalog import load_catalog
from tests.command_line import Apportion, runner

CATALOG = """tenants:
  - {name: shop, level: business_unit}
  - {name: web, level: product_line, parent: shop, effective_from: 2026-07-01T00:00:00Z}
pools:
  - name: h100
    nodes: ["gpu-*"]
    reservations: [{tenant: web, gpus: "2", effective_from: 2026-07-01T00:00:00Z}]
"""


@pytest.fixture
def apportion(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Apportion:
    """Run the command in a folder with catalog.yaml; return its status, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("APPORTION_KAFKA__BOOTSTRAP", "127.0.0.1:1")  # files need no broker
    (tmp_path / "catalog.yaml").write_text(CATALOG)

    return partial(runner(monkeypatch, capsys), "catalog")


def test_a_catalog_that_is_one_has_a_version(apportion: Apportion) -> None:
    assert apportion("check", "catalog.yaml")[:2] == (0, f"{load_catalog(CATALOG).version}\n")


def test_a_catalog_that_is_none_says_every_fault_with_its_line(
    apportion: Apportion, tmp_path: Path
) -> None:
    (tmp_path / "bad.yaml").write_text("tenants: [a, a]\npools:\n  - {name: p, colour: red}\n")
    status, out, err = apportion("check", "bad.yaml")
    assert (status != 0, out) == (True, "")
    assert "line 1, column 14, tenants.1: expected each of tenants once" in err
    assert "line 3, column 15, pools.0.colour: expected a known field" in err


def test_what_is_shown_is_what_holds_at_the_instant(apportion: Apportion) -> None:
    _, out, _ = apportion("show", "catalog.yaml", "--at", "2026-06-30")
    assert "tenants: 1\n  shop: level business_unit\n" in out
    assert "  h100: nodes gpu-*\n" in out
    _, out, _ = apportion("show", "catalog.yaml", "--at", "2026-07-01")
    assert "\n    web: parent shop; level product_line; from 2026-07-01\n" in out
    assert "  h100: nodes gpu-*; reservations web 2 from 2026-07-01\n" in out


def test_a_difference_ends_as_that_of_diff_does(apportion: Apportion, tmp_path: Path) -> None:
    (tmp_path / "new.yaml").write_text(CATALOG.replace('gpus: "2"', 'gpus: "2.5"'))
    assert apportion("diff", "catalog.yaml", "catalog.yaml")[:2] == (0, "no difference\n")
    status, out, _ = apportion("diff", "catalog.yaml", "new.yaml")
    assert (status, out.count("\n")) == (1, 1)
    assert out.startswith("~ pool h100: nodes gpu-*; reservations web 2 from 2026-07-01 -> ")
    (tmp_path / "new.yaml").write_text("pools: 1")
    assert apportion("diff", "catalog.yaml", "new.yaml")[0] == 2


def test_every_part_of_an_entry_is_in_a_difference(apportion: Apportion, root: Path) -> None:
    example = str(root / "examples" / "catalog.yaml")
    _, out, _ = apportion("diff", "catalog.yaml", example)
    for line in (
        "+ tier gold: multiplier 1.2\n",
        "+ tenant research: parent risk; level product_line; until 2026-07-01\n",
        (
            "lending burst 1.25 credit 0.8 margin platform-team; reservations search 8, "
            "fraud 4.5 from 2026-04-01; gpus 16\n"
        ),
        "+ endpoint rerank: pools h100, h100-spot; weights 1/1/1\n",
        "monthly 1800.00; currency USD; shares retail 62.5 %, risk 37.5 %; source invoice",
        "~ sources: speak of all tenants -> speak of some tenants\n",
    ):
        assert line in out

"""`apportion margins` over a database at rest."""

import json
from pathlib import Path

import pytest

from schemas.decimals import to_bytes
from tests.at_rest import database
from tests.builders.cost_lines import line
from tests.builders.usage import T0
from tests.command_line import runner

pytestmark = pytest.mark.integration

USD = 10**12


def test_the_margin_of_a_tenant_is_what_it_is_charged_less_what_it_costs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """acme, gold: 2 + 1 at 1.2 are 3.60, 0.60 above; globex, a tenth off: 0.90 of 1."""
    lines = [
        line(1, "2", status="final", billed_cost=to_bytes(24 * USD // 10)),
        line(2, "1", status="final", billed_cost=to_bytes(12 * USD // 10)),
        line(3, "1", tenant="globex", billed_cost=to_bytes(9 * USD // 10)),
    ]
    url = database(tmp_path, lines)
    stretch = ["--from", "2026-01-01", "--to", "2026-01-02"]
    assert T0 == 1_767_225_600_000_000  # 2026-01-01
    status, out, _ = runner(monkeypatch, capsys)("margins", "--clickhouse", url, *stretch, "--json")
    assert status == 0, out
    found = {each["tenant"]: each for each in json.loads(out)["margins"]}
    assert {name: each["margin"] for name, each in found.items()} == {
        "acme": "0.600000000000",
        "globex": "-0.100000000000",
    }
    assert found["acme"]["billed_cost"] == "3.600000000000"
    assert (found["acme"]["provisional_lines"], found["globex"]["provisional_lines"]) == (0, 1)

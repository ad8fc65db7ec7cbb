"""The example for LiteLLM's proxy: refuses what is exceeded, and nothing else.

LiteLLM and FastAPI are not installed here: what the example takes of them is made up.
"""

import asyncio
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from apportion_hook.budgets import Verdict
from apportion_hook.kept_budgets import budget_of
from schemas.decimals import to_bytes

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "hooks" / "litellm_budgets.py"
BUDGET = budget_of(
    {"budget_id": "budget:gpt", "stage": "exceeded", "limit": to_bytes(1), "spent": to_bytes(2),
     "currency": "USD", "period_end_us": 1, "said_at_us": None, "tenants": ["acme"],
     "projects": [], "models": ["gpt-*"], "jobs": [], "pools": []}
)  # fmt: skip


class Refused(Exception):
    """What LiteLLM answers with its status."""


class FakeBudgets:
    """Budgets of which only acme's of gpt-4o is exceeded."""

    def of_call(self, *, tenant: str | None, model: str | None) -> Verdict:
        if (tenant, model) == ("acme", "gpt-4o"):
            return Verdict("exceeded", (BUDGET,), 1.0)
        return Verdict("unknown")


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """Import the example beside a LiteLLM and a FastAPI that are made up."""
    fakes = {
        "litellm": SimpleNamespace(),
        "litellm.integrations": SimpleNamespace(),
        "litellm.integrations.custom_logger": SimpleNamespace(CustomLogger=object),
        "fastapi": SimpleNamespace(HTTPException=Refused),
    }
    for name, fake in fakes.items():
        monkeypatch.setitem(sys.modules, name, fake)
    for name, value in (("SOURCE", "gw"), ("DIRECTORY", str(tmp_path)), ("KAFKA", "kafka:9092")):
        monkeypatch.setenv(f"APPORTION_HOOK_{name}", value)
    spec = spec_from_file_location("litellm_budgets", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("key", "model", "is_refused"),
    [
        ({"metadata": {"tenant": "acme"}, "team_id": None}, "gpt-4o", True),
        ({"metadata": {}, "team_id": "acme"}, "gpt-4o", True),
        ({"metadata": None, "team_id": "acme"}, "o1", False),
        ({"metadata": {"tenant": "globex"}, "team_id": "acme"}, "gpt-4o", False),
        ({"metadata": {}, "team_id": None}, "gpt-4o", False),
    ],
)
def test_a_call_is_refused_where_its_budget_is_exceeded(
    example: ModuleType, key: dict[str, Any], model: str, *, is_refused: bool
) -> None:
    hook = example.RefusesExceeded(FakeBudgets())
    asked = hook.async_pre_call_hook(
        user_api_key_dict=SimpleNamespace(**key), cache=None, data={"model": model},
        call_type="completion",
    )  # fmt: skip
    if is_refused:
        with pytest.raises(Refused, match="budget:gpt") as refused:
            asyncio.run(asked)
        assert refused.value.args[0] == 429
    else:
        assert asyncio.run(asked) == {"model": model}


def test_to_be_loaded_it_waits_for_no_kafka(example: ModuleType) -> None:
    assert example.refuses_exceeded._budgets._follower is None

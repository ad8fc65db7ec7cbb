"""Have LiteLLM's proxy refuse calls whose budget is exceeded: a gateway's choice, off by default.

    litellm_settings:
      callbacks: ["apportion_hook.litellm.logger", "litellm_budgets.refuses_exceeded"]

Kafka is that of the hook (APPORTION_HOOK_KAFKA…). While nothing is known of budgets calls pass.
"""

from typing import Any

from fastapi import HTTPException
from litellm.integrations.custom_logger import CustomLogger

from apportion_hook.budgets import Budgets
from apportion_hook.settings import from_environment


class RefusesExceeded(CustomLogger):  # type: ignore[misc] # LiteLLM is not installed with our types
    """Asks before each call, from memory."""

    def __init__(self, budgets: Budgets) -> None:
        super().__init__()
        self._budgets = budgets

    async def async_pre_call_hook(
        self,
        user_api_key_dict: Any,  # noqa: ANN401 - LiteLLM's
        cache: object,  # noqa: ARG002 - LiteLLM passes it by name
        data: dict[str, Any],
        call_type: str,  # noqa: ARG002 - the same
    ) -> dict[str, Any]:
        """Return the request as it came. Raises what LiteLLM answers with 429."""
        tenant = (user_api_key_dict.metadata or {}).get("tenant") or user_api_key_dict.team_id
        verdict = self._budgets.of_call(tenant=tenant, model=data.get("model"))
        if tenant is not None and verdict.stage == "exceeded":
            names = ", ".join(budget.budget_id for budget in verdict.budgets)
            raise HTTPException(429, f"budget exceeded: {names}")
        return data


refuses_exceeded = RefusesExceeded(Budgets(from_environment().kafka))

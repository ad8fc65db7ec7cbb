"""How the proxy of the tests authenticates: three keys, each of a tenant."""

from litellm.proxy._types import UserAPIKeyAuth

TENANTS = {"sk-acme": "acme", "sk-globex": "globex", "sk-spent": "spent"}


async def authenticate(request: object, api_key: str) -> UserAPIKeyAuth:  # noqa: ARG001 - LiteLLM's
    """Return who a key is of. Raises for one nobody has."""
    return UserAPIKeyAuth(
        api_key=f"hash-of-{TENANTS[api_key]}",
        team_id="team-1",
        user_email="mailcanary@example.com",
        metadata={"tenant": TENANTS[api_key]},
    )

"""Who serves a model, what they call it, and where, by a key of a LiteLLM map."""

# ruff: noqa: E501 - rows of tables stay on one line

import pytest

from streams.prices.identity import identify


@pytest.mark.parametrize(
    ("key", "said", "provider", "model", "region"),
    [
        ("gpt-4o", "openai", "openai", "gpt-4o", None),
        ("openai/gpt-4o", "openai", "openai", "gpt-4o", None),
        ("babbage-002", "text-completion-openai", "openai", "babbage-002", None),
        ("azure/eu/gpt-4o", "azure", "azure.ai.openai", "gpt-4o", "eu"),
        ("azure/global-standard/gpt-4o", "azure", "azure.ai.openai", "gpt-4o", "global"),
        ("azure/speech/azure-tts", "azure", "azure.ai.openai", "speech/azure-tts", None),
        ("azure_ai/global/grok-3", "azure_ai", "azure.ai.inference", "grok-3", "global"),
        ("bedrock/us-east-1/anthropic.claude-v1", "bedrock", "aws.bedrock", "anthropic.claude-v1", "us-east-1"),
        ("bedrock/us-gov-west-1/x", "bedrock", "aws.bedrock", "x", "us-gov-west-1"),
        ("bedrock/invoke/us-west-2/x", "bedrock", "aws.bedrock", "x", "us-west-2"),
        ("us.anthropic.claude-opus-4", "bedrock_converse", "aws.bedrock", "us.anthropic.claude-opus-4", None),
        ("1024-x-1024/50-steps/bedrock/amazon.nova-canvas-v1:0", "bedrock", "aws.bedrock", "amazon.nova-canvas-v1:0", None),
        ("gemini-2.5-flash", "vertex_ai-language-models", "gcp.vertex_ai", "gemini-2.5-flash", None),
        ("vertex_ai/meta/llama3-8b", "vertex_ai-llama_models", "gcp.vertex_ai", "meta/llama3-8b", None),
        ("gemini/gemini-2.5-flash", "gemini", "gcp.gemini", "gemini-2.5-flash", None),
        ("mistral/mistral-large", "mistral", "mistral_ai", "mistral-large", None),
        ("xai/grok-4", "xai", "x_ai", "grok-4", None),
        ("watsonx/ibm/granite", "watsonx", "ibm.watsonx.ai", "ibm/granite", None),
        ("command-r", "cohere_chat", "cohere", "command-r", None),
        ("openrouter/openai/gpt-4o", "openrouter", "openrouter", "openai/gpt-4o", None),
        ("us/claude-opus-4-6", "anthropic", "anthropic", "claude-opus-4-6", "us"),
        ("amazon-nova/nova-lite-v1", "amazon_nova", "amazon_nova", "nova-lite-v1", None),
    ],
)  # fmt: skip
def test_a_key_says_provider_model_and_region(
    key: str, said: str, provider: str, model: str, region: str | None
) -> None:
    found = identify(key, said)
    assert (found.provider, found.model, found.region) == (provider, model, region)


def test_a_speed_before_the_model_is_a_tier() -> None:
    found = identify("fast/us/claude-opus-4-6", "anthropic")
    assert (found.model, found.tier, found.region) == ("claude-opus-4-6", "fast", "us")


def test_the_providers_own_listing_is_nearest() -> None:
    keys = [("deepseek/x", "deepseek"), ("x", "deepseek"), ("bedrock_mantle/x", "bedrock_mantle")]
    assert [identify(*each).distance for each in keys] == [0, 1, 2]

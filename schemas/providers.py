"""Who serves a model, by the one name that price books and usage events share.

Providers are named as OpenTelemetry's `gen_ai.provider.name` has them, others as LiteLLM does.
"""

import re

NAMES = {  # LiteLLM's -> ours
    "azure": "azure.ai.openai",
    "azure_text": "azure.ai.openai",
    "azure_ai": "azure.ai.inference",
    "bedrock": "aws.bedrock",
    "bedrock_converse": "aws.bedrock",
    "bedrock_mantle": "aws.bedrock",
    "cohere_chat": "cohere",
    "gemini": "gcp.gemini",
    "mistral": "mistral_ai",
    "vertex_ai": "gcp.vertex_ai",
    "watsonx": "ibm.watsonx.ai",
    "xai": "x_ai",
}
# Ways in that LiteLLM lists as providers of their own.
WAY_IN = re.compile(r"^text-completion-(?P<before>.+)$|^(?P<base>[a-z_0-9]+)-[a-z0-9]+[_-]models$")


def base_of(litellm: str) -> str:
    """Return the provider behind a way in, as LiteLLM names it.

    >>> base_of("text-completion-openai"), base_of("vertex_ai-anthropic_models"), base_of("xai")
    ('openai', 'vertex_ai', 'xai')
    """
    way = WAY_IN.match(litellm)
    return (way["before"] or way["base"]) if way else litellm


def provider_name(litellm: str) -> str:
    """Return the name of a provider that LiteLLM calls so.

    >>> provider_name("azure"), provider_name("text-completion-openai")
    ('azure.ai.openai', 'openai')
    """
    base = base_of(litellm)
    return NAMES.get(base, base)

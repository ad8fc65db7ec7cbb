"""LiteLLM's SDK with the hook: settings from APPORTION_HOOK_… variables.

The caller of an SDK vouches for itself, so APPORTION_HOOK_TENANT says who pays.
"""

import litellm

from apportion_hook import Hook
from apportion_hook.litellm import ApportionLogger
from apportion_hook.settings import from_environment

litellm.callbacks = [ApportionLogger(Hook(from_environment()))]

answer = litellm.completion(model="openai/gpt-4o", messages=[{"role": "user", "content": "Hello"}])
print(answer.choices[0].message.content)

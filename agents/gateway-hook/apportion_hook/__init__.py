"""Tells Apportion of every model call, from inside the program that makes or serves it.

Runs in other people's processes: the request path only ever puts an event into a bounded buffer.
It never raises there, waits for no disk and no network, and sees counts, never a prompt or answer.
"""

from agents.errors import AgentError
from apportion_hook.hook import Hook, quantity
from apportion_hook.settings import HookConfig

__all__ = ["AgentError", "Hook", "HookConfig", "quantity"]

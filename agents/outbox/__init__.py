"""Durable buffer between a producer of usage events and Kafka.

Events go in one by one, come out as batches `(source, epoch, seq)` and stay on disk until Kafka has
acknowledged them. At least once, same bytes each time, `seq` without gaps, whatever crashes. What
could not be kept is counted and reported as a loss in a later batch.
"""

from agents.outbox.batcher import Note
from agents.outbox.limits import Limits
from agents.outbox.outbox import Outbox, OutboxConfig
from agents.outbox.remembered import Memory, identity
from agents.outbox.stats import Left, Stats

__all__ = ["Left", "Limits", "Memory", "Note", "Outbox", "OutboxConfig", "Stats", "identity"]

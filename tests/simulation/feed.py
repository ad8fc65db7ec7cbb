"""What meters write to a partition: partials of batches, with watermarks between them.

An origin's watermark is the greatest event time read there, sent after the partials it speaks of.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from random import Random

from streams.core.metering import Rules
from tests.builders.drawing import meter
from tests.builders.usage import Event, calls_in, intervals_in, quantities_in
from tests.simulation.broker import Message


@dataclass(frozen=True, slots=True)
class Metered:
    """One message of a usage topic after metering."""

    origin: int
    begin_us: int
    newest_us: int
    partials: tuple[Message, ...]


def metered(
    rules: Rules, batches: Sequence[Sequence[Event]], origins: int, now_us: int
) -> list[Metered]:
    """Meter batches, dealt out over origins, in the order of their events."""
    found = []
    for seq, events in enumerate(batches):
        outcome = meter(rules, *events, seq=seq, now_us=now_us)
        partials = tuple(Message("Partial", each) for each in outcome.partials)
        begin_us = min(begin_of(event) for event in events)
        found.append(Metered(seq % origins, begin_us, outcome.newest_us, partials))
    return sorted(found, key=lambda each: each.begin_us)


def begin_of(event: Event) -> int:
    """Return the first instant of an event."""
    instants: list[int] = [each["at_us"] for each in calls_in([event])]
    instants += [each["start_us"] for each in intervals_in([event])]
    instants += [each["start_us"] for each in quantities_in([event])]
    return instants[0]


def doubled(messages: Iterable[Metered]) -> list[Metered]:
    """Return every message twice."""
    return [copy for each in messages for copy in (each, replace(each))]


def shuffled(messages: Sequence[Metered], within_us: int, random: Random) -> list[Metered]:
    """Return messages in an order in which each is late by less than `within_us`."""
    keys = {id(each): each.begin_us + random.randrange(within_us) for each in messages}
    return sorted(messages, key=lambda each: keys[id(each)])


def log_of(messages: Iterable[Metered], origins: int, end_us: Sequence[int]) -> list[Message]:
    """Return the records of a partition: at its end all origins reach each instant of `end_us`."""
    newest = [0] * origins
    log: list[Message] = []
    for each in messages:
        log += each.partials
        newest[each.origin] = max(newest[each.origin], each.newest_us)
        log.append(watermark(each.origin, newest[each.origin], origins))
    for at_us in end_us:
        log += [watermark(origin, at_us, origins) for origin in range(origins)]
    return log


def watermark(origin: int, at_us: int, origins: int) -> Message:
    """Return the watermark of an origin."""
    return Message("Watermark", {"origin": f"o{origin}", "at_us": at_us, "origins": origins})

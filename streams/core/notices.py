"""What was told of an alert to whom, and so what is still to be told.

An alert goes on by revisions, each told once. What was about to be told when its teller ended may
have been told or not: that is in doubt, and a sink may be able to look.
"""

from enum import Enum
from typing import Final, NamedTuple

from schemas.records import Alert, AlertState, Notice

FIRST: Final = 1  # revision of an alert said before alerts counted them
SEVERITIES: Final = ("info", "warning", "critical")
ORDER: Final[tuple[AlertState, ...]] = ("opened", "updated", "resolved")


class Destination(NamedTuple):
    """Where alerts are told: a sink, and the channel where it has some."""

    sink: str
    channel: str | None = None

    @property
    def name(self) -> str:
        """Its name for people, and in keys.

        >>> Destination("ops", "C024BE91L").name, Destination("log").name
        ('ops:C024BE91L', 'log')
        """
        return self.sink if self.channel is None else f"{self.sink}:{self.channel}"

    def key(self, alert_id: str) -> str:
        """Return the key under which it is kept what was told of an alert here."""
        return f"{self.name}/{alert_id}"


class Rank(NamedTuple):
    """How far an alert is. Greater is later; the state tells apart what has no revision."""

    revision: int
    state: int

    @property
    def word(self) -> str:
        """The state in words."""
        return ORDER[self.state]


class Verdict(Enum):
    """What is to be done about an alert that was read."""

    TELL = "tell"
    LOOK = "look"  # something was about to be told, perhaps this: look, where one can, then tell
    KNOWN = "known"  # it was told, or something later of it


def rank(alert: Alert) -> Rank:
    """Return how far an alert is."""
    return Rank(alert["revision"] or FIRST, ORDER.index(alert["state"]))


def rank_told(notice: Notice) -> Rank:
    """Return how far the alert was that is, was, or was not to be told."""
    return Rank(notice["revision"], ORDER.index(notice["state"]))


def verdict(notice: Notice | None, alert: Alert, partition: int, offset: int) -> Verdict:
    """Judge an alert read at an offset by what was said last of it to a destination.

    What was put aside is told only when it comes again, behind where it was.
    """
    if notice is None:
        return Verdict.TELL
    told, now = rank_told(notice), rank(alert)
    if notice["stage"] == "intended":
        return Verdict.LOOK if told <= now else Verdict.KNOWN
    if told != now or notice["stage"] == "told":
        return Verdict.TELL if told < now else Verdict.KNOWN
    is_again = notice["partition"] != partition or notice["offset"] < offset
    return Verdict.TELL if is_again else Verdict.KNOWN


def goes_on(notice: Notice) -> bool:
    """Whether an alert was told in a message, and is not over as far as was told."""
    return notice["thread"] is not None and notice["state"] != "resolved"


def is_head(notice: Notice, alert: Alert) -> bool:
    """Whether another alert of its group may be told below this one: it goes on, in no thread.

    What matters more than the first of its group is a message of its own, or nobody would see it.
    """
    if notice["head"] is not None or not goes_on(notice):
        return False
    return not is_worse(alert, notice["severity"])


def is_worse(alert: Alert, than: str | None) -> bool:
    """Whether an alert matters more than one did of a severity; more than any that is not known."""
    before = -1 if than is None else SEVERITIES.index(than)
    return SEVERITIES.index(alert["severity"] or "warning") > before


def key_of(notice: Notice) -> str:
    """Return the key of a notice."""
    return Destination(notice["sink"], notice["channel"]).key(notice["alert_id"])


def is_past(notice: Notice, before_us: int) -> bool:
    """Whether nothing can come of an alert any more: it is over, and the topic has forgotten it."""
    return notice["state"] == "resolved" and notice["said_at_us"] < before_us

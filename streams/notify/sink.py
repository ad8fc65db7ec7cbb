"""What a sink is: it tells one saying of an alert, once, and answers what came of it.

It neither waits nor tries again: whoever asks it does. Its answers are a closed set, and whatever
its client raises is one of them.
"""

from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeAlias

from schemas.records import Alert


class Thread(NamedTuple):
    """The first message of an alert, as its sink knows it; `head`: in whose thread that is."""

    place: str
    first: str
    head: str | None = None

    @property
    def root(self) -> str:
        """The message whose thread the alert goes on in."""
        return self.head or self.first


@dataclass(slots=True)
class Saying:
    """What is to be told, and how far that is; a sink notes here what it has got done.

    `is_doubted`: something was sent for it and not answered, so it may be there. `since_us`: when
    it may have begun to be.
    """

    alert: Alert
    channel: str | None = None
    thread: Thread | None = None
    below: Thread | None = None  # of another alert of its group: where its first message goes
    others: int = 0  # alerts of its group that were told and go on
    was: str | None = None  # its severity as it was told last
    is_doubted: bool = False
    since_us: int = 0
    is_replied: bool = False  # in a thread: what is left is to bring its first message up to date


@dataclass(frozen=True, slots=True)
class Told:
    """The sink has it."""

    thread: Thread | None = None


@dataclass(frozen=True, slots=True)
class Later:
    """Not now. `after_s`: what the sink asks for. `is_doubted`: it may have it all the same."""

    why: str
    after_s: float | None = None
    is_doubted: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """Never, until a person has put something right."""

    why: str


Answer: TypeAlias = Told | Later | Refused


class Sink(Protocol):
    """One place where alerts are told."""

    @property
    def folds(self) -> bool:
        """Whether of several sayings of an alert that wait only the last need be told."""

    @property
    def is_paced(self) -> bool:
        """Whether a destination of it takes no more than a message every `notify.every_s`."""

    @property
    def looks(self) -> bool:
        """Whether it can look whether something was told; a saying in doubt is then told once."""

    async def tell(self, saying: Saying) -> Answer:
        """Tell a saying. Takes as long as the request timeout for each request it needs."""

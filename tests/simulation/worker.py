"""A worker of allocate in small steps: reads, deliveries and acknowledgements one at a time.

It carries out what `PartitionLog` asks for and decides nothing itself. Between any two steps it
may be left alone, or die; what it has not delivered then is in `unsent`, for the test to lose or to
deliver later.
"""

from dataclasses import dataclass
from itertools import count

from streams.core.partition_log import Action, Finals, PartitionLog, PassOn, Write
from streams.core.policies import Policies
from tests.builders.terms import NOTHING_AGREED
from tests.simulation.broker import Broker, Message


@dataclass(slots=True)
class Follow:
    """What to tell the log once `waiting` messages are acknowledged."""

    action: Action
    waiting: int


class Worker:
    """One assignment of the partition to one process."""

    names = count()

    def __init__(
        self,
        broker: Broker,
        lateness_us: int,
        remember_us: int,
        policies: Policies = NOTHING_AGREED,
    ) -> None:
        self.broker = broker
        self.log = PartitionLog(policies, lateness_us, remember_us)
        self.position = broker.committed
        self.unsent: list[tuple[Message, Follow | None]] = []
        self.unacknowledged: list[Follow] = []
        self.claim()

    def claim(self) -> None:
        """Claim under a new name, as after an assignment or when contested."""
        self.carry_out([self.log.claim(f"owner-{next(self.names)}")])

    @property
    def behind(self) -> bool:
        """Whether the log goes on."""
        return self.position < len(self.broker.log)

    def read(self) -> None:
        """Read one record."""
        name, record = self.broker.log[self.position]
        self.carry_out(self.log.read(self.position, name, record))
        self.position += 1

    def deliver(self, index: int = 0) -> None:
        """Let one unsent message reach the broker; its acknowledgement is on the way back."""
        message, follow = self.unsent.pop(index)
        self.broker.append(message)
        if follow is not None:
            self.unacknowledged.append(follow)

    def acknowledge(self, index: int = 0) -> None:
        """Let one acknowledgement arrive."""
        follow = self.unacknowledged.pop(index)
        follow.waiting -= 1
        if not follow.waiting:
            self.follow_up(follow.action)

    def follow_up(self, action: Action) -> None:
        """Tell the log that an action is done."""
        if isinstance(action, Finals):
            self.carry_out(self.log.finals_acknowledged(action.at))
        elif isinstance(action, PassOn):
            self.log.late_acknowledged(action.offset)

    def emit_provisional(self) -> None:
        """Send the changed lines of every dirty window."""
        for window in self.log.dirty_windows():
            self.unsent += [(Message("CostLine", line), None) for line in window.changed()]

    def commit(self) -> None:
        """Commit what may be; the broker takes it from anybody."""
        offset = self.log.committable()
        if offset is not None:
            self.broker.committed = offset

    def carry_out(self, actions: list[Action]) -> None:
        """Make messages of actions."""
        for action in actions:
            messages = messages_of(action)
            if isinstance(action, Write):
                self.unsent += [(message, None) for message in messages]
            elif messages:
                follow = Follow(action, len(messages))
                self.unsent += [(message, follow) for message in messages]
            else:
                self.follow_up(action)

    def step(self) -> bool:
        """Do the next thing that is to do, in the order a healthy worker does; False at rest."""
        if self.unsent:
            self.deliver()
        elif self.unacknowledged:
            self.acknowledge()
        elif self.behind:
            self.read()
        else:
            return False
        return True

    def settle(self) -> None:
        """Go on until nothing is left to do."""
        while self.step():
            pass


def messages_of(action: Action) -> list[Message]:
    """Return the messages an action asks for."""
    match action:
        case Write(name, record):
            return [Message(name, record)]
        case Finals(_, lines):
            return [Message("CostLine", line) for line in lines]
        case PassOn(_, late):
            return [Message("LatePartial", late)]

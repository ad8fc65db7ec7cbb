"""Every repair that one process makes, and what the later ones need not do again."""

import threading
import time
from collections.abc import Mapping

from clickhouse.client import Connection
from streams.replay.ask import Direct
from streams.replay.repair import LostLog, corrections
from streams.replay.unpriced import LookedAt, price
from streams.replay.versions import Versions

HOURS = 24  # that a repair by itself corrects at once, and of unpriced usage that it prices


class Repairs:
    """Keeps the versions it has read, and which hours it has looked at. For several threads."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rules: Versions | None = None
        self._looked_at = LookedAt()
        self._one_at_a_time = threading.Lock()

    def corrections(self, asked: Mapping[str, str]) -> str:
        """Return what a repair publishes.

        `by_itself`: the repair comes again soon, so it does a part of what takes long, and says
        once of each window what it leaves to a person.
        """
        by_itself = asked["by_itself"] == "yes"
        log = LostLog(int(asked["log_began_us"]), time.time_ns() // 1_000)
        with self._one_at_a_time:
            rules = self._up_to_date()
            everywhere = asked["everywhere"] == "yes"
            at_most = HOURS if by_itself else None
            found = corrections(
                self._connection, log, everywhere=everywhere, rules=rules, at_most_hours=at_most
            )
            looked_at = self._looked_at if by_itself else LookedAt()
            price(self._connection, rules, found, looked_at, at_most)
        return found.to_json()

    def _up_to_date(self) -> Versions:
        if self._rules is None:
            self._rules = Versions(Direct(self._connection))
        else:
            self._rules.refresh()
        return self._rules

"""The output as a sink, always there: a JSON line a saying, for a first look or a log shipper."""

import json
from collections.abc import Callable
from typing import Final

from schemas.records import Alert
from streams.notify.sink import Answer, Refused, Saying, Told
from streams.readable import readable

PRINT: Final = "print"  # name of the sink that prints


class Printed:
    """Prints what it is told. A line may come twice, after a crash."""

    folds = False
    is_paced = False
    looks = False

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say

    async def tell(self, saying: Saying) -> Answer:
        """Print an alert as it is."""
        self._say(line_of(PRINT, saying.channel, saying.alert))
        return Told()


class Missing:
    """A sink that a route names and the settings do not have: what it would get is put aside."""

    folds = True
    is_paced = False
    looks = False

    def __init__(self, name: str) -> None:
        self._name = name

    async def tell(self, _saying: Saying) -> Answer:
        """Refuse."""
        variable = f"APPORTION_NOTIFY__SINKS__{self._name.upper()}__KIND"
        return Refused(f"no sink {self._name} in the settings; set {variable} and what it needs")


def line_of(sink: str, channel: str | None, alert: Alert) -> str:
    """Return what is told to whom, as JSON."""
    said = {"sink": sink, "channel": channel, "alert": readable("Alert", alert)}
    return json.dumps(said, ensure_ascii=False)

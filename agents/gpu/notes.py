"""What is covered, as notes that the outbox keeps with the intervals they are about. Pure."""

import json
from collections.abc import Mapping

from agents.errors import NotesUnreadable
from agents.gpu.sampler import Covered
from agents.outbox import Note

PREFIX = "covered:"


def notes_of(covered: Mapping[str, Covered]) -> list[Note]:
    """Return a note for each device.

    >>> notes_of({"GPU-1": Covered(10, ((20, 30),))})
    [Note(name='covered:GPU-1', text='[10, [[20, 30]]]')]
    """
    return [Note(PREFIX + uuid, json.dumps(one)) for uuid, one in covered.items()]


def covered_of(notes: Mapping[str, str]) -> dict[str, Covered]:
    """Return what notes say, by device. Raises NotesUnreadable.

    >>> covered_of({"covered:GPU-1": "[10, [[20, 30]]]"})
    {'GPU-1': Covered(floor_us=10, spans=((20, 30),))}
    """
    return {
        name.removeprefix(PREFIX): _covered(name, text)
        for name, text in notes.items()
        if name.startswith(PREFIX)
    }


def _covered(name: str, text: str) -> Covered:
    try:
        floor_us, spans = json.loads(text)
        return Covered(int(floor_us), tuple((int(start), int(end)) for start, end in spans))
    except (ValueError, TypeError) as error:
        raise NotesUnreadable(
            f"expected [floor, [[start, end], ...]] as the note {name!r} of the outbox, got "
            f"{text!r}; it was written by another program or release: start with a fresh outbox"
        ) from error

"""Hands shared costs on by itself, while a stack runs: the hours of the last day."""

import time

from streams.core.windows import DAY_US, SECOND_US
from streams.replay.place import asker_of, place_of
from streams.replay.sharing import Sharing, hand_on, settled
from streams.replay.versions import Versions
from streams.settings import WorkerSettings

NOTE = "shared"


def share_recent(settings: WorkerSettings) -> int:
    """Publish what closed hours of the last day hand on, if it is new; return how many lines.

    Nothing where the catalog in force shares nothing. Blocks. Raises SqlRefused, StoreUnavailable,
    DeliveryFailed or ReplayError.
    """
    closed_us = time.time_ns() // 1000 - int(settings.allocate.lateness_s * SECOND_US)
    with place_of(settings) as place:
        asker = asker_of(place)
        versions = Versions(asker)
        catalog = versions.catalog(versions.full("catalog", ""))
        if not catalog.entries.shared:
            return 0
        book = versions.book(versions.full("price-book", ""))
        hours = Sharing(asker, book, catalog, NOTE).hours(closed_us - DAY_US, closed_us)
        return hand_on(settings.kafka, settled(hours, closed_us))

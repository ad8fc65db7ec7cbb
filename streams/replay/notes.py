"""Why a repair publishes a generation: it goes on its lines. A person's replay has its own note."""

from streams.core.terms import TWO_BOOKS, TWO_CATALOGS

LATE = "late batches"
LOG_LOST = "log of partials lost"
OBSERVED = "observers of calls compared"
PRICED = "usage priced that had no price"

BY_HAND = "re-priced"  # of a person who gave no note

# What nobody has decided about: windows as streamed, or corrected by a repair. None: before 0.2.
BY_ITSELF = (LATE, LOG_LOST, OBSERVED, PRICED, TWO_BOOKS, TWO_CATALOGS)

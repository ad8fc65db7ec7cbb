"""Names that no tenant and no pool can have: rows for what has no name of its own."""

RESERVED_PREFIX = "__"
UNATTRIBUTED = "__unattributed__"  # usage of whom nobody knows
IDLE = "__idle__"  # capacity that nobody can take
UNMAPPED = "__unmapped__"  # nodes in no pool, and calls of endpoints that no GPU is reported for
PLATFORM = "__platform__"  # pays what no tenant is to pay, where the catalog names nobody else

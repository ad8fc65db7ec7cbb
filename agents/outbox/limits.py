"""How large an outbox and its batches may grow, and how long things may wait."""

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

# The contract of usage.*.v1: readers size their memory by these.
CONTRACT_EVENTS = 1_000
CONTRACT_BATCH_BYTES = 256 * KIB
CONTRACT_AGE_S = 1.0

PAGE_BYTES = 4 * KIB  # of the SQLite file
WAL_FRAME_BYTES = PAGE_BYTES + 24  # a page and its frame header (SQLite file format, section 4.1)
CHECKPOINT_PAGES = 256  # the WAL is folded back into the file beyond this many pages
LEAST_DELIVERY_S = 2.0  # a fresh client takes over a second to get its producer id (measured)
IDENTITY_BYTES = 16  # of 10**9 events two share one with odds of 1 to 10**20
SLACK_PAGES = 128  # B-tree, free-list and pointer-map pages that one transaction may touch


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one outbox. Raises ValueError for bounds that the contract or the disk forbid."""

    max_events: int = CONTRACT_EVENTS  # per batch
    max_batch_bytes: int = CONTRACT_BATCH_BYTES  # of an encoded batch
    max_age_s: float = CONTRACT_AGE_S  # from the first event of a batch to its being closed
    max_buffered_events: int = 50_000  # in memory, not yet in a batch; about 1 kB each
    max_disk_bytes: int = GIB  # database and write-ahead log together
    max_in_flight_bytes: int = 16 * MIB  # handed to the Kafka client, not yet acknowledged
    delivery_timeout_s: float = 10.0  # then the client gives a batch back, and it is sent again

    def __post_init__(self) -> None:
        for name, least, most in (
            ("max_events", 1, CONTRACT_EVENTS),
            ("max_batch_bytes", KIB, CONTRACT_BATCH_BYTES),
            ("max_age_s", 0.001, CONTRACT_AGE_S),
            ("max_buffered_events", self.max_events, 10**7),
            ("max_disk_bytes", self.least_disk_bytes, 2**44),
            ("max_in_flight_bytes", self.max_batch_bytes, 2**31 - 1),
            ("delivery_timeout_s", LEAST_DELIVERY_S, 900.0),
        ):
            value = getattr(self, name)
            if not least <= value <= most:
                raise ValueError(f"expected {name} between {least} and {most}, got {value}")

    @property
    def batch_pages(self) -> int:
        """Pages that the largest batch takes, with the identities of its events."""
        kept_bytes = self.max_batch_bytes + self.max_events * IDENTITY_BYTES
        return -(-kept_bytes // (PAGE_BYTES - 4)) + 8  # 4: link to the next page

    @property
    def wal_bytes(self) -> int:
        """How far the write-ahead log can grow: a checkpoint's worth and two transactions."""
        pages = CHECKPOINT_PAGES + 2 * self.batch_pages + SLACK_PAGES
        return pages * WAL_FRAME_BYTES

    @property
    def database_pages(self) -> int:
        """Pages that are left for the database itself."""
        return (self.max_disk_bytes - self.wal_bytes) // PAGE_BYTES

    @property
    def least_disk_bytes(self) -> int:
        """Smallest bound under which a few batches fit."""
        return self.wal_bytes + (SLACK_PAGES + 4 * self.batch_pages) * PAGE_BYTES

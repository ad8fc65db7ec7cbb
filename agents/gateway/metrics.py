"""Every metric of the collector. docs/metrics.md is generated from it."""

from enum import Enum

from agents.metrics import Spec


class Metric(Enum):
    """The metrics, by what they count. `source` is a name in the file of sources."""

    REQUESTS = Spec(
        "apportion_collector_requests_total",
        "counter",
        ("dialect", "status"),
        "Requests by HTTP status. 401: look for a wrong token; 429 and 503: clients are told to "
        "wait; 413: have them send fewer events.",
    )
    EVENTS = Spec(
        "apportion_collector_events_total",
        "counter",
        ("source", "outcome"),
        "Events `taken` (on disk, or there before), `refused` and `ignored` (no model calls).",
    )
    REFUSED = Spec(
        "apportion_collector_refused_total",
        "counter",
        ("source", "reason"),
        "Events that are not billed, or kept without usage. tenant_not_granted: grant it in the "
        "catalog, or look who uses that token; sampled: declare the source; others: fix what the "
        "source sends.",
    )
    REQUEST_S = Spec(
        "apportion_collector_request_seconds",
        "histogram",
        ("dialect",),
        "From the head of a request to its answer. When it grows, look at the commits.",
    )
    COMMIT_S = Spec(
        "apportion_collector_commit_seconds",
        "histogram",
        (),
        "Time for the disk to have what was put. When it grows, give the outbox a faster disk.",
    )
    HELD_BYTES = Spec(
        "apportion_collector_held_bytes",
        "gauge",
        (),
        "Bodies in memory. Near limits.held_bytes clients get 503.",
    )
    REPEATED = Spec(
        "apportion_collector_repeated_events",
        "gauge",
        (),
        "Events since the start that had been kept before, and were not kept again. It rises when "
        "clients repeat: look for time-outs between them and here.",
    )
    REMEMBERED = Spec(
        "apportion_collector_remembered_events",
        "gauge",
        (),
        "Events whose repetition would be noticed.",
    )
    REMEMBERED_S = Spec(
        "apportion_collector_remembered_seconds",
        "gauge",
        (),
        "How far back repetition is noticed. Below what clients repeat for, raise "
        "outbox.remember_events.",
    )
    PENDING_EVENTS = Spec(
        "apportion_collector_pending_events",
        "gauge",
        (),
        "Events on disk that Kafka has not acknowledged. When it keeps growing, look at Kafka.",
    )
    PENDING_AGE_S = Spec(
        "apportion_collector_pending_age_seconds",
        "gauge",
        (),
        "Age of the oldest of them.",
    )
    DISK_BYTES = Spec(
        "apportion_collector_disk_bytes",
        "gauge",
        (),
        "Size of the outbox. At outbox.disk_bytes clients get 503.",
    )
    CONFIG_REFUSED = Spec(
        "apportion_collector_config_refused",
        "gauge",
        ("kind",),
        "Is 1 while the file of sources, or the catalog, as it is now cannot be used and the one "
        "before is in force. Read /health.",
    )

"""Which framing messages get: Confluent's where a schema registry is set, else single objects."""

from schemas.codec import Codec
from streams.settings import WorkerSettings


def codec_of(settings: WorkerSettings) -> Codec:
    """Return the codec for these settings. Blocks on first use of an id where a registry is set."""
    if settings.schema_registry is None:
        return Codec()
    # The registry's client loads an HTTP stack: a fifth of what a worker imports.
    from streams.kafka.registry_ids import RegistryIds  # noqa: PLC0415

    return Codec(RegistryIds(settings.schema_registry))

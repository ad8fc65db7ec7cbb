"""Which framing messages get: Confluent's where a schema registry is set, else single objects."""

import time
from typing import TYPE_CHECKING

from schemas.codec import Codec
from streams.errors import RegistryUnavailable
from streams.settings import WorkerSettings

if TYPE_CHECKING:
    from streams.kafka.registry_ids import RegistryIds

RETRY_S = 0.5


def codec_of(settings: WorkerSettings) -> Codec:
    """Return the codec for these settings. Blocks on first use of an id where a registry is set."""
    ids = _ids(settings)
    return Codec(ids) if ids else Codec()


def agreed_codec(settings: WorkerSettings, deadline_s: float) -> Codec:
    """Return the codec for these settings, which never asks the registry for a schema of ours.

    Waits for a registry that does not answer, `deadline_s` at most: its ids are needed.
    Raises RegistryUnavailable, RegistryRefused, and SchemaRefused when it holds what contradicts
    our schemas.
    """
    ids = _ids(settings)
    if ids is None:
        return Codec()
    began_s = time.monotonic()
    while True:
        try:
            ids.agree()
        except RegistryUnavailable:
            if time.monotonic() - began_s > deadline_s:
                raise
            time.sleep(RETRY_S)
        else:
            return Codec(ids)


def _ids(settings: WorkerSettings) -> "RegistryIds | None":
    if settings.schema_registry is None:
        return None
    # The registry's client loads an HTTP stack: a fifth of what a worker imports.
    from streams.kafka.registry_client import RegistryClient  # noqa: PLC0415
    from streams.kafka.registry_ids import RegistryIds  # noqa: PLC0415

    username, password = settings.schema_registry_username, settings.schema_registry_password
    return RegistryIds(RegistryClient(settings.schema_registry, username, password))

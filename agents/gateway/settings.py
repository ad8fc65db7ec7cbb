"""What can be set of the collector, in one frozen tree, read once at its start."""

from pathlib import Path
from typing import Self

from pydantic import Field, FilePath, PositiveFloat, PositiveInt, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from agents.groups import Group, LogSettings, WebSettings
from agents.kafka_settings import KafkaSettings
from agents.outbox import Limits, Memory
from agents.outbox.limits import GIB, MIB
from agents.settings import NESTED

OTLP_PORT = 4318  # where OpenTelemetry's exporters send to by default


class ListenSettings(Group):
    """Where gateways push to. Tokens travel in clear without TLS, here or in front."""

    host: str = "127.0.0.1"
    port: int = Field(default=OTLP_PORT, ge=0, le=65535, description="0: any free one")
    tls_cert: FilePath | None = Field(default=None, description="certificate (PEM); null: no TLS")
    tls_key: FilePath | None = Field(default=None, description="its key (PEM)")

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key go together")
        return self


class LimitSettings(Group):
    """What a client may ask of it."""

    body_bytes: PositiveInt = Field(default=4 * MIB, description="of a request as it is sent")
    decoded_bytes: PositiveInt = Field(default=16 * MIB, description="of a request, unpacked")
    events: PositiveInt = Field(default=10_000, description="of a request")
    requests: PositiveInt = Field(default=256, description="at the same time; more get 503")
    held_bytes: PositiveInt = Field(
        default=64 * MIB, description="of all requests at the same time, unpacked; more get 503"
    )
    connections: PositiveInt = Field(default=1_000, description="open; more get 503")
    events_per_s: PositiveFloat = Field(
        default=5_000.0, description="of one source, where the file of sources says no other"
    )
    burst_s: PositiveFloat = Field(default=10.0, description="how long it may be faster at once")
    head_s: PositiveFloat = Field(default=10.0, description="for a client to send a head")
    body_s: PositiveFloat = Field(default=20.0, description="for a client to send a body")
    idle_s: PositiveInt = Field(default=75, description="an unused connection stays open")
    commit_s: PositiveFloat = Field(default=10.0, description="for the disk; then 503")
    max_skew_s: PositiveFloat = Field(
        default=300.0, description="events further ahead of this clock are refused"
    )


class OutboxSettings(Group):
    """Where events lie until Kafka has them, and what is remembered of them."""

    path: Path = Path(".apportion/collector/outbox.db")
    disk_bytes: PositiveInt = Field(default=GIB, description="then clients get 503")
    gather_s: float = Field(
        default=0.005, ge=0, le=1, description="requests within this share one commit"
    )
    remember_events: PositiveInt = Field(
        default=1_000_000, description="whose repetition is noticed; 90 to 190 bytes of memory each"
    )
    remember_s: PositiveFloat = Field(default=3_600.0, description="and for how long")


class CollectorSettings(BaseSettings):
    """Settings of `apportion collector`."""

    model_config = SettingsConfigDict(
        env_prefix="APPORTION_COLLECTOR_",
        env_nested_delimiter=NESTED,
        env_file=".env",
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",  # .env also holds the settings of others
    )

    name: str = Field(
        default="collector-1",
        min_length=1,
        max_length=256,
        description="the source of its batches: its own among all producers, and stable",
    )
    sources: Path = Field(
        default=Path("sources.yaml"), description="who may send: names and hashes of tokens"
    )
    catalog: Path | None = Field(
        default=None, description="a catalog file; null: the one published on Kafka"
    )
    listen: ListenSettings = Field(default_factory=ListenSettings)
    web: WebSettings = Field(default_factory=WebSettings)
    limits: LimitSettings = Field(default_factory=LimitSettings)
    outbox: OutboxSettings = Field(default_factory=OutboxSettings)
    kafka: KafkaSettings = Field(default_factory=KafkaSettings)
    log: LogSettings = Field(default_factory=LogSettings)

    @model_validator(mode="after")
    def _the_outbox_can_be(self) -> Self:
        self.memory()
        self.outbox_limits()
        return self

    def memory(self) -> Memory:
        """Return what the outbox remembers."""
        return Memory(max_events=self.outbox.remember_events, max_age_s=self.outbox.remember_s)

    def outbox_limits(self) -> Limits:
        """Return the bounds of the outbox."""
        return Limits(
            max_disk_bytes=self.outbox.disk_bytes,
            max_buffered_events=max(50_000, 4 * self.limits.events),
        )

"""What can be set of the GPU agent, in one frozen tree, read once at its start."""

import socket
from pathlib import Path
from typing import Self

from pydantic import Field, FilePath, PositiveFloat, PositiveInt, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from agents.gpu.pace import Bounds
from agents.gpu.plan import Places, Plan
from agents.gpu.sampler import SharingRule, Terms
from agents.gpu.sampler.terms import SECOND_US, WHOLE_PERMILLE
from agents.groups import Group, LogSettings, WebSettings
from agents.kafka_settings import KafkaSettings
from agents.outbox import Limits
from agents.outbox.limits import GIB
from agents.settings import NESTED

MINUTE_S = 60
BUFFERED_EVENTS = 5_000  # in memory: an hour of intervals of eight GPUs is 2,880


class SamplingSettings(Group):
    """How often the GPUs are looked at, and how their time is cut."""

    every_s: PositiveFloat = Field(default=1.0, le=10.0, description="between two looks")
    interval_s: PositiveInt = Field(
        default=10, description="an interval; a divisor of the minute, on the wall clock's grid"
    )
    cpu_ratio: float = Field(
        default=0.02,
        gt=0,
        le=1,
        description="of one core; an agent that costs more looks more rarely, down to the next",
    )
    longest_s: PositiveFloat = Field(default=10.0, description="never more than this between looks")
    gap_s: PositiveFloat = Field(
        default=3600.0,
        le=86_400.0,  # no interval may be longer than a day
        description="time nobody watched is told of as unobserved up to this; more is counted",
    )

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        faults = []
        if MINUTE_S % self.interval_s:
            faults.append("interval_s must be a divisor of 60")
        if self.every_s > self.interval_s:
            faults.append("every_s must be at most interval_s, or intervals have no look")
        if self.longest_s < self.every_s:
            faults.append("longest_s must be at least every_s")
        if faults:
            raise ValueError("; ".join(faults))
        return self


class SharingSettings(Group):
    """How a GPU's time is shared by those who hold replicas of it."""

    rule: SharingRule = Field(
        default="reserved",
        description="reserved: by replicas, whatever they do; active_blend: evenly and by work; "
        "dominant: by the greater of time and memory",
    )
    even_ratio: float = Field(
        default=0.5, ge=0, le=1, description="of active_blend: the part shared evenly"
    )


class OwnersSettings(Group):
    """Where this node says who holds its GPUs. All null: who has a process on one holds it."""

    proc: Path = Field(
        default=Path("/proc"), description="of the host, in the pid namespace that NVML speaks of"
    )
    kubelet_socket: Path | None = Field(
        default=None,
        description="the kubelet's pod-resources API, as a rule "
        "/var/lib/kubelet/pod-resources/kubelet.sock; null: this node is in no Kubernetes",
    )
    api_server: str | None = Field(
        default=None,
        pattern=r"^https?://[^@]+$",
        description="URL of the Kubernetes API, for labels of pods; null: not asked",
    )
    api_token: Path | None = Field(
        default=None,
        description="file with the token for it, read again when it changes; null: that of the "
        "pod, where the agent runs in one",
    )
    api_ca: Path | None = Field(
        default=None, description="its authority (PEM); null: the pod's, or else the system's"
    )
    slurm_jobs: Path | None = Field(
        default=None,
        description="directory in which Slurm's prolog writes which job has which GPU; null: no "
        "Slurm on this node",
    )


class OutboxSettings(Group):
    """Where intervals wait for Kafka, and what is remembered over a restart."""

    path: Path = Field(
        default=Path(".apportion/gpu-agent/outbox.db"),
        description="on a disk of this node, never on a network's",
    )
    disk_bytes: PositiveInt = Field(
        default=GIB, description="then the newest are dropped, counted and told as a loss"
    )
    drain_s: PositiveFloat = Field(
        default=5.0, description="for Kafka to take what is there when the agent is stopped"
    )

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        self.limits()
        return self

    def limits(self) -> Limits:
        """Return its bounds. Raises ValueError."""
        return Limits(max_disk_bytes=self.disk_bytes, max_buffered_events=BUFFERED_EVENTS)


class GpuAgentSettings(BaseSettings):
    """Settings of `apportion gpu-agent`."""

    model_config = SettingsConfigDict(
        env_prefix="APPORTION_GPU_AGENT_",
        env_nested_delimiter=NESTED,
        env_file=".env",
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",  # .env also holds the settings of others
    )

    node: str | None = Field(
        default=None,
        min_length=1,
        description="name of this node and of its batches, which never changes; null: the host's",
    )
    purchase_option: str | None = Field(
        default=None,
        min_length=1,
        description="how its GPUs were bought: on-demand, spot, reserved, owned; null: not said",
    )
    catalog: FilePath | None = Field(
        default=None, description="a catalog file with tenant rules; null: the one on Kafka"
    )
    kafka: KafkaSettings = Field(default_factory=KafkaSettings)
    sampling: SamplingSettings = Field(default_factory=SamplingSettings)
    sharing: SharingSettings = Field(default_factory=SharingSettings)
    owners: OwnersSettings = Field(default_factory=OwnersSettings)
    outbox: OutboxSettings = Field(default_factory=OutboxSettings)
    web: WebSettings = Field(default_factory=WebSettings)
    log: LogSettings = Field(default_factory=LogSettings)

    def plan(self) -> Plan:
        """Return all of it as the agent works by it."""
        sampling, owners = self.sampling, self.owners
        return Plan(
            terms=self.terms(),
            bounds=Bounds(sampling.every_s, sampling.longest_s, sampling.cpu_ratio),
            places=Places(**owners.model_dump()),
            catalog=self.catalog,
            kafka=self.kafka.properties(),
            outbox=self.outbox.path,
            limits=self.outbox.limits(),
            drain_s=self.outbox.drain_s,
            web_host=self.web.host,
            web_port=self.web.port,
            log_format=self.log.format,
            log_level=self.log.level,
        )

    def terms(self) -> Terms:
        """Return what the sampler goes by."""
        return Terms(
            node=self.node or socket.gethostname(),
            interval_us=self.sampling.interval_s * SECOND_US,
            sharing=self.sharing.rule,
            even_permille=round(self.sharing.even_ratio * WHOLE_PERMILLE),
            longest_gap_us=round(self.sampling.gap_s * SECOND_US),
            purchase_option=self.purchase_option,
        )

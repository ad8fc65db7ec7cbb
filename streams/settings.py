"""Everything that can be set, in one frozen tree, read once at the start of a process.

Each value comes from the command line, else from `APPORTION_<GROUP>__<NAME>` in the environment,
else from `.env`, else from the default here, which is safe on a laptop. Not here: what the Kafka
clients make of it (`streams.kafka.connection`). Invariant: a settings object that exists is valid.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self, TypeAlias
from urllib.parse import quote, unquote

from pydantic import (
    Field,
    FilePath,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from streams.errors import SettingsInvalid
from streams.settings_group import Group
from streams.settings_notify import NotifySettings

PREFIX = "APPORTION_"
NESTED = "__"
CHDB = "chdb://"

SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
SaslMechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]
Clock = Literal["wall", "log"]


class KafkaSettings(Group):
    """How to reach Kafka. Passed to both clients, Faust's and confluent-kafka's."""

    bootstrap: str = Field(
        default="127.0.0.1:9092", min_length=1, description="host:port, comma separated"
    )
    security_protocol: SecurityProtocol = "PLAINTEXT"
    sasl_mechanism: SaslMechanism | None = Field(default=None, description="null: no SASL")
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    ssl_ca: FilePath | None = Field(default=None, description="CA file (PEM); null: the system's")
    ssl_cert: FilePath | None = Field(
        default=None, description="client certificate (PEM); null: none"
    )
    ssl_key: FilePath | None = Field(default=None, description="client key (PEM); null: none")
    session_timeout_s: PositiveFloat = Field(
        default=6.0,
        description="a group notices a dead worker after this; the embedded broker makes a join "
        "wait half of it, and Kafka allows no less than 6 by default",
    )
    heartbeat_s: PositiveFloat = Field(
        default=1.0, description="at most a third of the session timeout"
    )
    request_timeout_s: PositiveFloat = Field(
        default=30.0, description="longer than the session timeout"
    )

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        faults = []
        if self.heartbeat_s * 3 > self.session_timeout_s:
            faults.append("heartbeat_s must be at most a third of session_timeout_s")
        if self.request_timeout_s <= self.session_timeout_s:
            faults.append("request_timeout_s must be more than session_timeout_s")
        sasl = (self.sasl_mechanism, self.sasl_username, self.sasl_password)
        if self.security_protocol.startswith("SASL") and None in sasl:
            faults.append("SASL needs sasl_mechanism, sasl_username and sasl_password")
        if (self.ssl_cert is None) != (self.ssl_key is None):
            faults.append("ssl_cert and ssl_key go together")
        if faults:
            raise ValueError("; ".join(faults))
        return self


class ClickHouseSettings(Group):
    """Where cost lines are stored."""

    url: str = Field(
        default="chdb://.apportion/clickhouse",
        pattern=r"^(chdb|https?)://[^@]+$",
        validate_default=True,
        description="chdb://DIR runs the engine inside the store process and keeps its data in "
        "DIR; http(s)://host:port is a server",
    )
    database: str = Field(default="apportion", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    username: str = Field(default="default", description="of a server")
    password: SecretStr = Field(default=SecretStr(""), description="of a server")

    @field_validator("url")
    @classmethod
    def _with_absolute_directory(cls, url: str) -> str:
        if not url.startswith(CHDB):
            return url
        return CHDB + quote(str(Path(unquote(url.removeprefix(CHDB))).resolve()))

    @property
    def embedded(self) -> Path | None:
        """Absolute directory of the embedded engine; None when `url` is a server's."""
        return Path(unquote(self.url.removeprefix(CHDB))) if self.url.startswith(CHDB) else None

    @property
    def dsn(self) -> str:
        """`url` with the credentials in it: a secret when it is a server's."""
        if self.embedded:
            return self.url
        scheme, _, rest = self.url.partition("://")
        password = quote(self.password.get_secret_value(), safe="")
        return f"{scheme}://{quote(self.username, safe='')}:{password}@{rest}"


class MeterSettings(Group):
    """From usage batches to partials."""

    window_s: PositiveInt = Field(default=60, description="length of a cost window")
    max_skew_s: PositiveFloat = Field(
        default=300.0, description="events further ahead are dead letters"
    )
    clock: Clock = Field(default="wall", description="log: time moves only by what the batches say")
    dead_letter_ceiling_ratio: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="stop when more of the events than this are dead letters",
    )
    dead_letter_ceiling_events: PositiveInt = Field(
        default=1000, description="but not before this many dead letters"
    )


class AllocateSettings(Group):
    """From partials to cost lines."""

    lateness_s: PositiveFloat = Field(default=600.0, description="a window stays open this long")
    remember_s: PositiveFloat = Field(
        default=600.0, description="a closed one is remembered this long"
    )
    emit_every_s: PositiveFloat = Field(
        default=1.0, description="provisional lines, at most this often"
    )
    emit_share_ratio: float = Field(
        default=0.1,
        gt=0,
        le=1,
        description="of its work, while it has something to read, may go to provisional lines",
    )
    reclaim_after_s: PositiveFloat = Field(
        default=1.5, description="claim a partition again when another's claim is read there"
    )


class AccrueSettings(Group):
    """The time of commitments and of monthly amounts, as usage."""

    every_s: PositiveFloat = Field(default=10.0, description="how often it is looked what is due")
    catch_up_s: PositiveFloat = Field(
        default=86_400.0,
        description="how much of the time before its start is sent; what was sent counts once, "
        "what came too late for its window is repaired",
    )


class StoreSettings(Group):
    """From topics to ClickHouse."""

    flush_rows: PositiveInt = Field(default=10_000, description="rows an insert waits for")
    flush_every_s: PositiveFloat = Field(default=1.0, description="and how long it waits for them")
    sql_socket: Path | None = Field(
        default=None,
        description="unix socket to answer SQL on, embedded only; null: beside the data",
    )


class WatchSettings(Group):
    """From cost lines to alerts and states of budgets."""

    emit_every_s: PositiveFloat = Field(
        default=5.0, description="a state in which only amounts change is said at most this often"
    )
    look_every_s: PositiveFloat = Field(
        default=2.0, description="how often ClickHouse is asked whether something was corrected"
    )
    reread_every_s: PositiveFloat = Field(
        default=600.0, description="what jobs cost so far is read anew, and takes less memory again"
    )
    remember_s: PositiveFloat = Field(
        default=3_024_000.0,
        description="35 days: a job without a window for so long is watched again when it has one",
    )


class BudgetSettings(Group):
    """From cost lines to alerts and states of budgets that the catalog names."""

    emit_every_s: PositiveFloat = Field(
        default=5.0, description="a state in which only amounts change is said at most this often"
    )
    repeat_every_s: PositiveFloat = Field(
        default=60.0,
        description="a state is said again after this long even if nothing changed, so that "
        "readers see that somebody looks",
    )
    look_every_s: PositiveFloat = Field(
        default=2.0, description="how often ClickHouse is asked whether something was corrected"
    )
    live_s: PositiveFloat = Field(
        default=600.0,
        description="lines are kept one by one for so long after twice allocate.lateness_s; of "
        "windows before, a line that comes has its hour read again",
    )


class AnomalySettings(Group):
    """From cost lines to alerts about unusual costs."""

    settle_s: PositiveFloat = Field(
        default=30.0,
        description="costs of a window that is not final are judged when they did not change for "
        "so long, or after four times as long whether they did or not",
    )
    learn_s: PositiveFloat = Field(
        default=1_209_600.0,
        description="14 days: how much of the past is learned from ClickHouse at the start",
    )
    look_back_s: PositiveFloat = Field(
        default=10_800.0,
        description="3 hours: the last minutes of it are judged one by one, so that what began, or "
        "also ended, while nobody led is said; twice as many where an alert was open for longer",
    )
    max_series: PositiveInt = Field(
        default=5_000, description="series watched, about 30 kB each; of others there are no alerts"
    )
    forget_s: PositiveFloat = Field(
        default=1_209_600.0, description="14 days: a series that is silent for so long is forgotten"
    )
    low_ratio: float = Field(
        default=0.3,
        ge=0,
        le=0.8,
        description="GPUs of a pool or an endpoint that are active for less of the time are too "
        "many; by the thousandth",
    )
    high_ratio: float = Field(
        default=0.9, ge=0.2, le=1, description="and those that are for more of it are too few"
    )
    sustained_hours: PositiveInt = Field(
        default=24, description="when that is so in each of so many hours in a row"
    )
    complete_ratio: float = Field(
        default=0.99,
        gt=0,
        le=1,
        description="a source of whose batches or events of the last hour less came is incomplete",
    )

    @model_validator(mode="after")
    def _limits_in_order(self) -> Self:
        if self.low_ratio >= self.high_ratio:
            raise ValueError(
                f"expected low_ratio below high_ratio {self.high_ratio:g}, got {self.low_ratio:g}; "
                "set one of them"
            )
        return self


class RepairSettings(Group):
    """Corrections that `apportion up` makes by itself."""

    every_s: PositiveFloat = Field(
        default=60.0, description="look for late batches, and for prices of what had none"
    )


class WebSettings(Group):
    """Where a worker serves /metrics and /health."""

    host: str = "127.0.0.1"
    port: int = Field(default=0, ge=0, le=65535, description="0: any free one, said in the log")


class LogSettings(Group):
    """What is logged, to stderr."""

    format: Literal["console", "json"] = "console"
    level: Literal["debug", "info", "warning", "error"] = "info"


class WorkerSettings(BaseSettings):
    """Settings of every part: a worker reads the groups it needs."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter=NESTED,
        env_file=".env",
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",  # .env also holds the agents' settings
    )

    kafka: KafkaSettings = Field(default_factory=KafkaSettings)
    schema_registry: str | None = Field(
        default=None,
        pattern=r"^https?://[^@]+$",
        description="URL of a schema registry; null: schemas travel by fingerprint",
    )
    schema_registry_username: str | None = Field(default=None, description="null: no login")
    schema_registry_password: SecretStr | None = None
    clickhouse: ClickHouseSettings = Field(default_factory=ClickHouseSettings)
    meter: MeterSettings = Field(default_factory=MeterSettings)
    allocate: AllocateSettings = Field(default_factory=AllocateSettings)
    accrue: AccrueSettings = Field(default_factory=AccrueSettings)
    store: StoreSettings = Field(default_factory=StoreSettings)
    watch: WatchSettings = Field(default_factory=WatchSettings)
    budgets: BudgetSettings = Field(default_factory=BudgetSettings)
    anomalies: AnomalySettings = Field(default_factory=AnomalySettings)
    notify: NotifySettings = Field(default_factory=NotifySettings)
    repair: RepairSettings = Field(default_factory=RepairSettings)
    web: WebSettings = Field(default_factory=WebSettings)
    log: LogSettings = Field(default_factory=LogSettings)

    @model_validator(mode="after")
    def _registry_login_is_whole(self) -> Self:
        if (self.schema_registry_username is None) != (self.schema_registry_password is None):
            raise ValueError("schema_registry_username and schema_registry_password go together")
        return self

    @property
    def sql_socket(self) -> Path | None:
        """Socket the embedded store answers SQL on; None when ClickHouse is a server."""
        directory = self.clickhouse.embedded
        if directory is None:
            return None
        return self.store.sql_socket or directory.parent / "sql.sock"


Overrides: TypeAlias = Mapping[str, object]  # group -> {name: value}, or name -> value


def load(overrides: Overrides | None = None) -> WorkerSettings:
    """Read the settings; `overrides` win over the environment.

    Raises SettingsInvalid naming every fault at once, none of them with its value.
    """
    try:
        return WorkerSettings.model_validate(overrides or {})
    except ValidationError as error:
        raise SettingsInvalid([_fault(e["loc"], e["msg"]) for e in error.errors()]) from None


def masked(settings: WorkerSettings) -> str:
    """Return the settings as they took effect, one NAME=value a line, secrets as stars."""
    return "\n".join(f"{name}={value}" for name, value in _flat(PREFIX, settings.model_dump()))


def _fault(loc: tuple[int | str, ...], message: str) -> str:
    name = PREFIX + NESTED.join(str(part) for part in loc).upper()
    return f"{name}: {message.removeprefix('Value error, ')}"


def _flat(prefix: str, values: Mapping[str, object]) -> list[tuple[str, str]]:
    lines: list[tuple[str, str]] = []
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            lines += _flat(prefix + name.upper() + NESTED, value)
        else:
            lines.append((prefix + name.upper(), "" if value is None else str(value)))
    return lines

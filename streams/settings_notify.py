"""Settings of notify: where alerts are told, and how patiently."""

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, FilePath, PositiveFloat, PositiveInt, SecretStr, model_validator

from streams.core.routes import SINK
from streams.settings_group import Group

SinkKind = Literal["slack", "slack_webhook", "webhook"]
SinkName: TypeAlias = Annotated[str, Field(pattern=SINK)]


class SinkSettings(Group):
    """Where alerts are told. A secret stands here or in a file, which is read once at the start."""

    kind: SinkKind
    url: SecretStr | None = Field(
        default=None, description="of a webhook; of Slack: its API, where it is not slack.com"
    )
    url_file: FilePath | None = Field(default=None, description="file with the url")
    secret: SecretStr | None = Field(
        default=None, description="slack: the bot token; webhook: what it is signed with, whsec_..."
    )
    secret_file: FilePath | None = Field(default=None, description="file with the secret")

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        faults = [
            f"{name} and {name}_file exclude each other"
            for name in ("url", "secret")
            if getattr(self, name) is not None and getattr(self, f"{name}_file") is not None
        ]
        needed = {"slack": ["secret"], "slack_webhook": ["url"], "webhook": ["url", "secret"]}
        faults += [
            f"a sink of kind {self.kind} needs {name} or {name}_file"
            for name in needed[self.kind]
            if getattr(self, name) is None and getattr(self, f"{name}_file") is None
        ]
        if self.kind == "slack_webhook" and (self.secret or self.secret_file):
            faults.append("a sink of kind slack_webhook has no secret but its url")
        if faults:
            raise ValueError("; ".join(faults))
        return self


class NotifySettings(Group):
    """From alerts to people."""

    sinks: dict[SinkName, SinkSettings] = Field(
        default={},
        description="by name, e.g. APPORTION_NOTIFY__SINKS__OPS__KIND=slack with "
        "APPORTION_NOTIFY__SINKS__OPS__SECRET_FILE=/run/secrets/slack; see docs/notify.md",
    )
    max_age_s: PositiveFloat = Field(
        default=86_400.0, description="alerts said longer before the very first start are not told"
    )
    every_s: PositiveFloat = Field(
        default=1.0, description="between messages to one channel: Slack allows one a second"
    )
    request_timeout_s: PositiveFloat = Field(default=10.0, description="of one request to a sink")
    first_retry_s: PositiveFloat = Field(
        default=1.0,
        description="wait after a failure; it doubles with each, and is up to that long",
    )
    last_retry_s: PositiveFloat = Field(default=60.0, description="the longest of these waits")
    give_up_s: PositiveFloat = Field(
        default=3_600.0, description="what fails for so long is put aside"
    )
    waiting: PositiveInt = Field(
        default=1_000, description="alerts that wait for one destination, at most"
    )
    stuck_s: PositiveFloat = Field(
        default=60.0,
        description="a full destination that took nothing for so long holds no other back: what "
        "comes for it is put aside",
    )

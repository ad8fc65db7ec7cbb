"""Who is told of alerts, as people write it in a catalog."""

from typing import Annotated, Literal

from pydantic import Field

from streams.config.catalog_dates import Lasting
from streams.config.fields import Name
from streams.core.routes import ANY, SINK

Severity = Literal["info", "warning", "critical"]
SinkName = Annotated[str, Field(pattern=SINK)]
Channel = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]{5,}$")]


class Route(Lasting):
    """Where alerts go. The first that fits an alert takes it; the next, too, where it goes on."""

    name: Name = Field(description="Its name, e.g. for `apportion notify test`.")
    tenants: tuple[Name, ...] = Field(
        default=ANY,
        min_length=1,
        description="Globs of tenants; of one that has others below it, theirs as well. Left out: "
        "all.",
    )
    severities: tuple[Severity, ...] = Field(
        default=(), description="Severities it takes. Left out: all."
    )
    kinds: tuple[Name, ...] = Field(
        default=ANY,
        min_length=1,
        description='Globs of kinds of alerts, e.g. "budget_*". Left out: all.',
    )
    sink: SinkName = Field(
        description="A sink of the settings (`APPORTION_NOTIFY__SINKS`), or `print`."
    )
    channel: Channel | None = Field(
        default=None,
        description="Of Slack with a bot token: the id of the channel, e.g. C024BE91L (no name: "
        "only by the id is found again what was told). Others have none.",
    )
    goes_on: bool = Field(
        default=False, description="The next route that fits takes the alert, too."
    )

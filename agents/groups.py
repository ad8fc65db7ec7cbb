"""Groups of settings that agents have in common."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Group(BaseModel):
    """Settings of one concern."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class WebSettings(Group):
    """Where /metrics and /health are served, without a login."""

    host: str = "127.0.0.1"
    port: int = Field(default=0, ge=0, le=65535, description="0: any free one, said in the log")


class LogSettings(Group):
    """What is logged, to stderr."""

    format: Literal["console", "json"] = "console"
    level: Literal["debug", "info", "warning", "error"] = "info"

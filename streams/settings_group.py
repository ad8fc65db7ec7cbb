"""What every group of settings is."""

from pydantic import BaseModel, ConfigDict


class Group(BaseModel):
    """Settings of one concern."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

"""The build backend: setuptools' wheels, over sources that `carrying` stages from the checkout."""

from pathlib import Path

from carrying import stage
from setuptools import build_meta

__all__ = ["build_wheel"]

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]


def build_wheel(
    wheel_directory: str,
    config_settings: dict[str, str | list[str]] | None = None,
    metadata_directory: str | None = None,
) -> str:
    """Build a wheel from this checkout; return its name."""
    stage(CHECKOUT, HERE / "apportion_hook", HERE / "build" / "staged")
    return build_meta.build_wheel(wheel_directory, config_settings, metadata_directory)

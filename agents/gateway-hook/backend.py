"""The build backend: setuptools' wheels, over sources that `carrying` stages from the checkout."""

import contextlib
import shutil
import tempfile
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
    """Build a wheel from this checkout, which stays as it is; return the wheel's name."""
    into = str(Path(wheel_directory).resolve())
    with tempfile.TemporaryDirectory() as staged:
        stage(CHECKOUT, HERE / "apportion_hook", Path(staged))
        for name in ("pyproject.toml", "README.md"):
            shutil.copy(HERE / name, staged)
        with contextlib.chdir(staged):
            return build_meta.build_wheel(into, config_settings, metadata_directory)

"""Where the real programs live that tests put on the other end (`make .venv-peers/.ready`)."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = ROOT / ".venv-peers" / "bin"


def program(name: str) -> str:
    """Return the path of a program of the peers' environment."""
    path = BIN / name
    if not path.exists():
        raise FileNotFoundError(f"expected {path}; run: make .venv-peers/.ready")
    return str(path)

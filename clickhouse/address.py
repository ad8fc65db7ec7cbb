"""Where ClickHouse is: a directory for the embedded engine, or a server's HTTP address.

`chdb:///abs/dir` and `http://user:password@host:8123` (or https). Nothing is opened here.
"""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from clickhouse.errors import Misconfigured

HTTP_PORT = 8123  # ClickHouse's default
HTTPS_PORT = 8443
EXPECTED = "expected chdb:///absolute/directory or http://user:password@host:8123"


@dataclass(frozen=True, slots=True)
class Embedded:
    """The engine runs in this process, on this directory."""

    path: Path

    def __str__(self) -> str:
        """Return the address as it was given."""
        return f"chdb://{self.path}"


@dataclass(frozen=True, slots=True)
class Server:
    """The engine runs elsewhere."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    secure: bool

    @property
    def place(self) -> str:
        """Host and port, as one looks for it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def __str__(self) -> str:
        """Return the address without its password."""
        scheme = "https" if self.secure else "http"
        return f"{scheme}://{self.user}@{self.host}:{self.port}"


def parse_address(url: str) -> Embedded | Server:
    """Read an address. Raises Misconfigured, without repeating a password."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Misconfigured(f"{EXPECTED}, got an address that cannot be read") from None
    if parts.scheme == "chdb":
        if parts.netloc or not parts.path.strip("/"):
            raise Misconfigured(f"{EXPECTED}, got {parts.scheme}://{parts.netloc}{parts.path}")
        return Embedded(Path(unquote(parts.path)).resolve())
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise Misconfigured(f"{EXPECTED}, got scheme {parts.scheme or 'none'!r}")
    secure = parts.scheme == "https"
    return Server(
        host=parts.hostname,
        port=port or (HTTPS_PORT if secure else HTTP_PORT),
        user=unquote(parts.username or "default"),
        password=unquote(parts.password or ""),
        secure=secure,
    )

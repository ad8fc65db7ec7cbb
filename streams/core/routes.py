"""Who is told of an alert: routes by tenant, severity and kind, as a catalog has them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from streams.core.timeline import FOREVER

ANY = ("*",)
SINK = r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$"  # names of sinks: part of a variable of the environment


@dataclass(frozen=True, slots=True)
class Route:
    """Where alerts of some kind go. The first of a catalog that fits an alert takes it.

    `tenants` are globs of the tenant or of any above it, `severities` none for all of them. The
    `sink` is one of the settings'. `goes_on`: the next route that fits takes it, too.
    """

    name: str
    sink: str
    channel: str | None = None
    tenants: tuple[str, ...] = ANY
    severities: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ANY
    goes_on: bool = False
    from_us: int = 0
    to_us: int = FOREVER

    def fits(self, tenants: Sequence[str], severity: str, kind: str) -> bool:
        """Whether it takes an alert of a tenant; `tenants`: that one and those above it."""
        return (
            any(fnmatchcase(tenant, glob) for tenant in tenants for glob in self.tenants)
            and (not self.severities or severity in self.severities)
            and any(fnmatchcase(kind, glob) for glob in self.kinds)
        )


def taking(
    routes: Iterable[Route], tenants: Sequence[str], severity: str, kind: str
) -> Iterator[Route]:
    """Yield the routes that take an alert: the first that fits, and more while they go on.

    >>> both = [Route("log", "print", goes_on=True), Route("rest", "ops"), Route("never", "x")]
    >>> [route.name for route in taking(both, ["acme"], "warning", "cost_anomaly")]
    ['log', 'rest']
    """
    for route in routes:
        if route.fits(tenants, severity, kind):
            yield route
            if not route.goes_on:
                return

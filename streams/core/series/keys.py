"""What a series is of, and its name, which alerts are named after."""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple, TypeAlias

from streams.core.reserved import IDLE, PLATFORM

Subject: TypeAlias = Literal["price", "tenant", "model", "idle", "unit"]

# As they are judged: what a changed price costs tenants is known before they are looked at.
SUBJECTS: Final[tuple[Subject, ...]] = ("price", "tenant", "model", "idle", "unit")
KIND_OF: Final[Mapping[Subject, str]] = {
    "price": "price_change",
    "tenant": "cost_anomaly",
    "model": "cost_anomaly",
    "idle": "idle_anomaly",
    "unit": "unit_cost_anomaly",
}
KINDS: Final = frozenset(KIND_OF.values())  # of alerts
SEPARATOR: Final = ":"
ESCAPED: Final = {"%": "%25", SEPARATOR: "%3A", "/": "%2F"}  # no two series have one name


class SeriesKey(NamedTuple):
    """Whose costs they are, and in which currency. What does not matter to a subject is empty.

    price: what a model's calls cost, over what they would have at the prices of late. tenant: what
    a tenant costs. model: what a tenant's use of a model costs. idle: the part of a
    pool's cost that nobody worked in. unit: what a thousand tokens of a model cost a tenant.
    """

    subject: Subject
    tenant: str
    model: str
    pool: str
    currency: str

    @property
    def name(self) -> str:
        """What it is called.

        >>> SeriesKey("model", "a:b", "gpt-5", "", "USD").name
        'model:a%3Ab:gpt-5::USD'
        """
        return SEPARATOR.join(map(escaped, self))

    @property
    def is_cost(self) -> bool:
        """Whether no line means that it cost nothing, not that nothing is known."""
        return self.subject in {"tenant", "model"}

    @property
    def is_price(self) -> bool:
        """Whether chance has no part in it: it is as before until somebody changes it."""
        return self.subject == "price"


def kind_of(key: SeriesKey) -> str:
    """Return of which kind alerts of a series are."""
    return KIND_OF[key.subject]


def payer_of(key: SeriesKey) -> str:
    """Return which tenant an alert is for; of a pool nobody's row, of a price the platform's."""
    return key.tenant or (PLATFORM if key.is_price else IDLE)


def escaped(part: str) -> str:
    """Return a part of a name without the marks that names are made with."""
    for mark, instead in ESCAPED.items():
        part = part.replace(mark, instead)
    return part


def series_of(name: str) -> SeriesKey | None:
    """Return the series of a name; None where it is none.

    >>> series_of("model:a%3Ab:gpt-5::USD").tenant
    'a:b'
    """
    subject, *rest = name.split(SEPARATOR)
    for known in SUBJECTS:
        if subject == known and len(rest) == len(SeriesKey._fields) - 1:
            return SeriesKey(known, *map(unescaped, rest))
    return None


def unescaped(part: str) -> str:
    """Return a part as it was before it was escaped."""
    for mark, instead in reversed(ESCAPED.items()):
        part = part.replace(instead, mark)
    return part

"""What can go wrong around the processors.

StreamsError
├── BadInput                what the user gave; say it and stop
│   ├── SettingsInvalid     one or more settings are wrong; all of them are listed
│   ├── UnknownTopic        no topic of that name
│   ├── UnknownRoute        no route of alerts of that name is in force
│   ├── NotTold             a sink did not take a message that was to try it
│   ├── TopicsMissing       topics of ours that the broker does not have
│   ├── ConfigRefused       a price book or catalog that cannot be used
│   ├── MessageTooLarge     a message beyond what its topic or our limit takes
│   ├── UnknownVersion      no published document of that version, and no such file
│   ├── CurrencyChanged     a price book in another currency than the one in force
│   ├── NotConfirmed        something to be asked about, and nobody to ask
│   ├── NotTrusted          a broker's certificate, or TLS where none was expected
│   ├── LoginRefused        the broker does not take the user, password or mechanism
│   ├── NotAllowed          the broker has no permission for what was asked
│   ├── RegistryRefused     the schema registry answered that it will not: address or credentials
│   ├── SchemaRefused       the schema registry holds what a schema of ours does not go with
│   ├── NothingToExplain    no lines of a tenant where somebody asked for them
│   └── SqlRefused          the engine refused a query
├── Transient               try again within a bound, then stop
│   ├── BrokerUnavailable   no broker answered in time
│   ├── DeliveryFailed      the broker did not acknowledge a message
│   ├── ReadTimedOut        a topic was not read to its end in time
│   ├── RegistryUnavailable the schema registry did not answer
│   └── StoreUnavailable    no SQL engine answered
│       └── StoreLost       the store ended while it answered: its data is not at rest
└── Broken                  a bug or a machine that cannot run this; crash
    ├── BrokerMissing       no embedded broker binary for this machine
    ├── NotOurDirectory     a directory we were asked to clear does not carry our marker
    ├── DataInUse           another stack holds the data directory
    └── PartFailed          a part of the stack did not become ready
"""

from collections.abc import Sequence


class StreamsError(Exception):
    """Root of everything this package raises."""


class BadInput(StreamsError):
    """The user gave something that cannot be used."""


class SettingsInvalid(BadInput):
    """Settings that do not hold together. `faults` has one `NAME: problem` each, no values."""

    def __init__(self, faults: Sequence[str]) -> None:
        listed = "".join(f"\n  {fault}" for fault in faults)
        super().__init__(
            f"expected valid settings, got {len(faults)} wrong; set them right:{listed}"
        )
        self.faults = tuple(faults)


class UnknownTopic(BadInput):
    """A topic name that stands for none."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f"expected a topic, {', '.join(known)}; got {name!r}")
        self.name = name


class UnknownRoute(BadInput):
    """A name that stands for no route of the catalog."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        listed = ", ".join(known) or "of which there are none in force"
        super().__init__(f"expected a route of the catalog, {listed}; got {name!r}")
        self.name = name


class NotTold(BadInput):
    """A message that its sink did not take."""

    def __init__(self, sink: str, why: str) -> None:
        super().__init__(
            f"expected the sink {sink} to take a message, got: {why}; docs/notify.md says what to "
            "do about it"
        )
        self.sink = sink


class NothingToExplain(BadInput):
    """A tenant without lines in a window."""

    def __init__(self, tenant: str, window: str, pool: str) -> None:
        where = f"{f'pool {pool} in ' if pool else ''}the window of {window}"
        super().__init__(
            f"expected lines of {tenant!r} in {where}, got none; see the columns tenant, pool and "
            "window_start of cost_current with `apportion sql`"
        )
        self.tenant = tenant


class TopicsMissing(BadInput):
    """Topics that a program needs and the broker does not have."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(
            f"expected the broker to have {', '.join(names)}, got no such topics; "
            "make them with `apportion topics create`"
        )
        self.names = tuple(names)


class NotTrusted(BadInput):
    """A TLS handshake that will not come to pass. The message says which side expects what."""


class LoginRefused(BadInput):
    """The broker does not take our credentials."""

    def __init__(self, bootstrap: str, username: str, detail: str) -> None:
        super().__init__(
            f"expected Kafka at {bootstrap} to let {username} in, got a refusal ({detail}); check "
            "APPORTION_KAFKA__SASL_USERNAME, __SASL_PASSWORD and __SASL_MECHANISM"
        )
        self.bootstrap = bootstrap
        self.username = username


class NotAllowed(BadInput):
    """The broker does not permit something. `missing` has one `Operation on resource` each."""

    def __init__(self, username: str | None, missing: Sequence[str]) -> None:
        super().__init__(
            f"expected {username or 'this client'} to be allowed {', '.join(missing)}, got a "
            "refusal; grant what docs/security.md lists (kafka-acls.sh), or use another user"
        )
        self.missing = tuple(missing)


class ConfigRefused(BadInput):
    """A price book or catalog that fails its own checks."""

    def __init__(self, source: str, problem: str) -> None:
        super().__init__(f"{source} cannot be used: {problem}")
        self.source = source


class MessageTooLarge(BadInput):
    """A message that the client or the broker refuses for its size."""

    def __init__(self, topic: str, size_bytes: int, limit_bytes: int) -> None:
        super().__init__(
            f"expected {topic} to take a message of {size_bytes} bytes, got it refused for its "
            f"size; set max.message.bytes of the topic to {limit_bytes} with your Kafka's tools "
            "if it is lower, else publish less"
        )
        self.topic = topic
        self.size_bytes = size_bytes


class UnknownVersion(BadInput):
    """What was named is neither a file nor a version that can be found."""

    def __init__(self, what: str, reference: str, found: Sequence[str], unread: str) -> None:
        known = ", ".join(found) or "none was published"
        missing = f"; not looked at: {unread}" if unread else ""
        super().__init__(
            f"expected a file, in-force, built-in, or the begin of one version of a {what} "
            f"({known}); got {reference!r}{missing}"
        )
        self.reference = reference


class CurrencyChanged(BadInput):
    """Amounts of two currencies would be added up."""

    def __init__(self, source: str, have: str, came: str) -> None:
        super().__init__(
            f"expected {source} in {have}, as the price book in force, got {came}; amounts of two "
            "currencies in one window would be added up: convert the prices, or give the new "
            "currency a deployment of its own (topics and database)"
        )
        self.have = have
        self.came = came


class NotConfirmed(BadInput):
    """Nobody is there to be asked."""


class RegistryRefused(BadInput):
    """The schema registry answered a request with an error that trying again does not mend."""

    def __init__(self, url: str, status: int, detail: str) -> None:
        super().__init__(
            f"expected Confluent's schema registry API at {url}, got HTTP {status}: {detail}; "
            "check the address (Apicurio's ends in /apis/ccompat/v7) and the credentials"
        )
        self.url = url
        self.status = status
        self.detail = detail


class SchemaRefused(BadInput):
    """The registry holds, or insists on, something that a schema of ours does not go with."""

    def __init__(self, url: str, subject: str, reasons: Sequence[str]) -> None:
        super().__init__(
            f"expected {subject} at {url} to hold a schema that reads ours and is read by it, got "
            f"{'; '.join(reasons)}; use the release that made it, or delete what does not belong"
        )
        self.subject = subject
        self.reasons = tuple(reasons)


class SqlRefused(BadInput):
    """A query the engine would not run."""


class Transient(StreamsError):
    """Something outside that may come back."""


class BrokerUnavailable(Transient):
    """No broker answered in time."""

    def __init__(self, bootstrap: str, waited_s: float, detail: str) -> None:
        super().__init__(
            f"expected a Kafka broker at {bootstrap}, got none in {waited_s:.1f} s ({detail}); "
            "start it, point --kafka at one, or check the security protocol"
        )
        self.bootstrap = bootstrap
        self.waited_s = waited_s


class DeliveryFailed(Transient):
    """The broker did not acknowledge a message."""

    def __init__(self, topic: str, detail: str) -> None:
        super().__init__(f"expected {topic} to take a message, got {detail}; try again")
        self.topic = topic


class ReadTimedOut(Transient):
    """A topic was not read to its end in time."""

    def __init__(self, topic: str, waited_s: float, detail: str) -> None:
        super().__init__(
            f"expected the end of {topic} within {waited_s:.1f} s, got {detail}; "
            "check the broker, or allow more time"
        )
        self.topic = topic
        self.waited_s = waited_s


class RegistryUnavailable(Transient):
    """The schema registry did not answer."""

    def __init__(self, url: str, detail: str) -> None:
        super().__init__(
            f"expected a schema registry at {url}, got {detail}; start it, or point "
            "--schema-registry at one"
        )
        self.url = url


class StoreUnavailable(Transient):
    """No SQL engine answered."""


class StoreLost(StoreUnavailable):
    """The store ended while it answered. Another will open its data, which nobody else should."""


class Broken(StreamsError):
    """A bug, or a machine that cannot run this."""


class BrokerMissing(Broken):
    """No embedded broker binary for this machine."""


class NotOurDirectory(Broken):
    """A directory that would be cleared does not carry our marker."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"{path} is not empty and was not made by apportion, so it is left alone; "
            "name another with --data"
        )
        self.path = path


class DataInUse(Broken):
    """Another stack holds the data directory."""

    def __init__(self, path: str, pid: int) -> None:
        super().__init__(f"{path} is used by a running stack (pid {pid}); stop it, or use another")
        self.path = path
        self.pid = pid


class PartFailed(Broken):
    """A part of the stack did not become ready, or ended for good."""

    def __init__(self, part: str, detail: str) -> None:
        super().__init__(f"{part} did not become ready: {detail}")
        self.part = part

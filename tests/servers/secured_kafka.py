"""Apache Kafka that wants TLS and a login, and permits what it is told to: SCRAM and ACLs.

A cluster of one. Clients may come by a second address, whose certificate is for another host.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from streams.kafka.connection import ConfluentConfig
from tests.embedded_broker import free_port
from tests.servers.apache_kafka import Cluster
from tests.servers.certificates import Authority, authority
from tests.servers.kafka_node import Node

ADMIN = "admin"
PASSWORD = "of-the-admin"  # noqa: S105 - of a broker that lives as long as a test
MECHANISM = "SCRAM-SHA-512"
HOST = "127.0.0.1"
LOGIN = "org.apache.kafka.common.security.scram.ScramLoginModule required"


@dataclass(frozen=True, slots=True)
class Secured:
    """Where it is and how it is reached."""

    cluster: Cluster
    authority: Authority
    misnamed_port: int

    @property
    def bootstrap(self) -> str:
        """Its address."""
        return self.cluster.bootstrap

    @property
    def misnamed(self) -> str:
        """Its other address, whose certificate is for another host."""
        return f"{HOST}:{self.misnamed_port}"

    @property
    def node(self) -> Node:
        """Its only node."""
        return self.cluster.nodes[0]


@contextmanager
def running(folder: Path, users: Mapping[str, str] | None = None) -> Iterator[Secured]:
    """Yield a broker with ADMIN, who may do everything, and users by password, who may nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    trusted = authority(folder / "ca.pem")
    misnamed_port = free_port()
    cluster = Cluster(folder, 1, {})
    found = Secured(cluster, trusted, misnamed_port)
    with found.node.config.open("a") as config:  # the last of two settings counts
        config.writelines(f"{name}={value}\n" for name, value in _settings(found, folder).items())
    known = {ADMIN: PASSWORD, **(users or {})}
    cluster.format([word for user in known.items() for word in ("--add-scram", login_of(*user))])
    try:
        found.node.start()
        cluster.wait_ready(as_admin(found))
        yield found
    finally:
        found.node.kill()


def login_of(name: str, password: str) -> str:
    """Return a user as Kafka's tool is told of it."""
    return f"{MECHANISM}=[name={name},password={password}]"


def as_admin(found: Secured) -> ConfluentConfig:
    """Return how ADMIN reaches it."""
    return {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": MECHANISM,
        "sasl.username": ADMIN,
        "sasl.password": PASSWORD,
        "ssl.ca.location": str(found.authority.file),
    }


def _settings(found: Secured, folder: Path) -> dict[str, str]:
    node, trusted = found.node, found.authority
    client, other = f"CLIENT://{HOST}:{node.port}", f"MISNAMED://{HOST}:{found.misnamed_port}"
    login = f'{LOGIN} username="{ADMIN}" password="{PASSWORD}";'
    own = trusted.issue(folder / "broker.pem", [HOST, "localhost"])
    wrong = trusted.issue(folder / "misnamed.pem", ["kafka.example"])
    return {
        "listeners": f"{client},{other},CONTROLLER://{HOST}:{node.controller_port}",
        "advertised.listeners": f"{client},{other}",
        "listener.security.protocol.map": "CLIENT:SASL_SSL,MISNAMED:SASL_SSL,CONTROLLER:PLAINTEXT",
        "sasl.enabled.mechanisms": MECHANISM,
        "sasl.mechanism.inter.broker.protocol": MECHANISM,
        "listener.name.client.scram-sha-512.sasl.jaas.config": login,
        "listener.name.misnamed.scram-sha-512.sasl.jaas.config": login,
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(own),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(trusted.file),
        "listener.name.misnamed.ssl.keystore.type": "PEM",
        "listener.name.misnamed.ssl.keystore.location": str(wrong),
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        # ANONYMOUS is who comes by the controllers' own listener, and nobody else.
        "super.users": f"User:{ADMIN};User:ANONYMOUS",
    }

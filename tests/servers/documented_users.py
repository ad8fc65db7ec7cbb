"""A secured Kafka whose users and permissions docs/security.md made: its own commands are run.

What the page shows is run as it stands, but for the broker's address and the passwords.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from streams.kafka import create_topics
from streams.settings import KafkaSettings
from tests.servers import kafka_scripts, secured_kafka
from tests.servers.secured_kafka import LOGIN, MECHANISM, Secured

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "security.md"
SHOWN = re.compile(r"<!-- commands:begin -->(.*)<!-- commands:end -->", re.DOTALL)
BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)
ADDRESS = "kafka:9093"
USERS = (
    *("agent", "meter", "allocate", "watch", "budgets", "anomalies", "notify", "store"),
    *("accrue", "repair", "operator", "reader"),
)
WITHIN_S = 90.0


@dataclass(frozen=True, slots=True)
class Site:
    """A broker with users, and a folder that programs run in."""

    broker: Secured
    folder: Path

    def settings(self, user: str, **changes: object) -> KafkaSettings:
        """Return how a user reaches the broker, some of it changed."""
        right = {
            "bootstrap": self.broker.bootstrap,
            "security_protocol": "SASL_SSL",
            "sasl_mechanism": MECHANISM,
            "sasl_username": user,
            "sasl_password": password_of(user),
            "ssl_ca": self.broker.authority.file,
        }
        return KafkaSettings.model_validate(right | changes)

    def environment(self, user: str, **changes: object) -> dict[str, str]:
        """Return the same as a process is told."""
        set_ = self.settings(user, **changes).model_dump(exclude_unset=True)
        return {
            f"APPORTION_KAFKA__{name.upper()}": (
                value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            )
            for name, value in set_.items()
            if value is not None
        }

    def start(self, words: Sequence[str], environment: Mapping[str, str]) -> "Started":
        """Start a command of ours."""
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "streams", *words],
            cwd=self.folder,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, user: str, *words: str) -> str:
        """Run a command of ours as a user and return what it printed."""
        done = self.start(words, self.environment(user))
        out, err = done.communicate(timeout=WITHIN_S)
        assert done.returncode == 0, err
        return out


Started = subprocess.Popen[str]


def password_of(user: str) -> str:
    """Return a user's password."""
    return f"of-the-{user}"


@contextmanager
def running(folder: Path) -> Iterator[Site]:
    """Yield a broker with the page's users and permissions, and all topics."""
    with secured_kafka.running(folder / "broker") as broker:
        site = Site(broker, folder)
        prepare(site)
        yield site


@contextmanager
def running_with(folder: Path, *users: str) -> Iterator[Site]:
    """Yield a broker with all topics and users who may do nothing yet; the page has no part."""
    passwords = {user: password_of(user) for user in users}
    with secured_kafka.running(folder / "broker", passwords) as broker:
        site = Site(broker, folder)
        admin = {"sasl_username": secured_kafka.ADMIN, "sasl_password": secured_kafka.PASSWORD}
        create_topics(site.settings(secured_kafka.ADMIN, **admin))
        yield site


def prepare(site: Site) -> None:
    """Run the page's commands, and then ours that an operator runs once."""
    folder = site.folder / "administrator"
    folder.mkdir()
    (folder / "admin.properties").write_text(as_admin(site.broker))
    for user in USERS:
        secret = f"{MECHANISM}=password={password_of(user)}\n"
        (folder / f"{user}.properties").write_text(secret)
    kafka_scripts.run(commands().replace(ADDRESS, site.broker.bootstrap), folder)
    site.run("operator", "topics", "create", "--partitions", "1")
    site.run("operator", "prices", "publish", "--yes", str(ROOT / "examples" / "prices.yaml"))
    site.run("operator", "catalog", "publish", "--yes", str(ROOT / "examples" / "catalog.yaml"))


def commands() -> str:
    """Return the commands of the page."""
    shown = SHOWN.search(PAGE.read_text(encoding="utf-8"))
    assert shown is not None
    return "\n".join(BLOCK.findall(shown[1]))


def as_admin(broker: Secured) -> str:
    """Return what Kafka's own commands need to be let in."""
    return (
        "security.protocol=SASL_SSL\n"
        f"sasl.mechanism={MECHANISM}\n"
        f"sasl.jaas.config={LOGIN} "
        f'username="{secured_kafka.ADMIN}" password="{secured_kafka.PASSWORD}";\n'
        "ssl.truststore.type=PEM\n"
        f"ssl.truststore.location={broker.authority.file}\n"
    )

"""Who is not let in is told so once, soon, and what to do: every program, every reason."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # not all in its __all__
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from schemas import topics
from tests.servers import documented_users
from tests.servers.certificates import authority
from tests.servers.documented_users import Site, Started, password_of
from tests.servers.secured_kafka import as_admin

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

PROGRAMS = (
    ("run", "meter"),
    ("run", "allocate"),
    ("run", "store"),
    ("topics", "create"),
    ("tail", "cost.line", "--until-end"),
)
WITHIN_S = 60.0  # five at once on a busy machine; alone they take three

RIGHT = AclBinding(
    ResourceType.TOPIC,
    topics.COST_LINE.name,
    ResourcePatternType.LITERAL,
    "User:repair",
    "*",
    AclOperation.WRITE,
    AclPermissionType.ALLOW,
)

Change = Callable[[Site, Path], Mapping[str, object]]
FAULTS: Mapping[str, tuple[Change, str]] = {
    "a wrong password": (
        lambda _site, _folder: {"sasl_password": "guessed"},
        "to let meter in, got a refusal",
    ),
    "an unknown user": (
        lambda _site, _folder: {"sasl_username": "mallory"},
        "to let mallory in, got a refusal",
    ),
    "a mechanism the broker does not offer": (
        lambda _site, _folder: {"sasl_mechanism": "PLAIN"},
        "SCRAM-SHA-512",
    ),
    "a certificate of an authority that is not trusted": (
        lambda _site, folder: {"ssl_ca": authority(folder / "other.pem").file},
        "expected a certificate for 127.0.0.1 that APPORTION_KAFKA__SSL_CA vouches for",
    ),
    "a certificate of another host": (
        lambda site, _folder: {"bootstrap": site.broker.misnamed},
        "certificate is not valid for '127.0.0.1'",
    ),
    "plain text to a broker that wants TLS": (
        lambda _site, _folder: {"security_protocol": "PLAINTEXT"},
        "got TLS; set APPORTION_KAFKA__SECURITY_PROTOCOL",
    ),
    "a login in plain text to a broker that wants TLS": (
        lambda _site, _folder: {"security_protocol": "SASL_PLAINTEXT"},
        "got TLS; set APPORTION_KAFKA__SECURITY_PROTOCOL",
    ),
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A broker with three users, of whom one may do one thing."""
    users = ("meter", "reader", "repair")
    with documented_users.running_with(tmp_path_factory.mktemp("refusing"), *users) as found:
        admin = AdminClient({"bootstrap.servers": found.broker.bootstrap, **as_admin(found.broker)})
        for done in admin.create_acls([RIGHT]).values():
            done.result()
        yield found


def only_line(started: Started) -> str:
    """Return the one line a program that failed has said."""
    try:
        out, err = started.communicate(timeout=WITHIN_S)
    finally:
        started.kill()
    assert started.returncode == 1, err
    assert out == ""
    (line,) = err.splitlines()
    assert line.startswith("apportion: expected "), line
    return line


@pytest.mark.parametrize("fault", FAULTS)
def test_who_is_not_let_in_gets_one_clear_line(site: Site, tmp_path: Path, fault: str) -> None:
    change, said = FAULTS[fault]
    environment = site.environment("meter", **change(site, tmp_path))
    started = {words: site.start(words, environment) for words in PROGRAMS}
    for words, process in started.items():
        line = only_line(process)
        assert said in line, words
        assert "guessed" not in line
        assert password_of("meter") not in line


def test_without_a_permission_each_program_names_all_it_lacks(site: Site) -> None:
    environment = site.environment("repair")  # who may write cost.line.v1 only
    started = {words: site.start(words, environment) for words in PROGRAMS}
    lines = {words: only_line(process) for words, process in started.items()}
    for words, line in lines.items():
        assert "expected repair to be allowed " in line, words
        assert "docs/security.md" in line
    meter, allocate, store, create, tail = (lines[words] for words in PROGRAMS)
    assert "Read on topic usage.gpu.v1" in meter
    assert "Write on topic dlq.usage.v1" in meter
    assert "Read on group apportion-meter" in meter
    assert "Write on topic metered.partial.v1" in allocate
    assert "cost.line.v1" not in allocate
    assert "Read on topic alert.cost.v1" in store
    assert "Create on topic usage.gpu.v1" in create
    assert "Read on topic cost.line.v1" in tail


def test_a_broker_that_hangs_up_is_said_after_the_deadline(site: Site) -> None:
    """It may be down, or want no TLS, or a login: nobody can tell, so the line says what to try."""
    plain = f"127.0.0.1:{site.broker.node.controller_port}"
    for changes in ({"bootstrap": plain}, {"security_protocol": "SSL"}):
        environment = site.environment("reader", **changes)
        line = only_line(site.start(("tail", "cost.line"), environment))
        assert "check the security protocol" in line


def test_a_ca_file_that_holds_none_is_a_wrong_setting(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "empty.pem"
    file.touch()
    process = site.start(("topics", "list"), site.environment("meter", ssl_ca=file))
    _, err = process.communicate(timeout=WITHIN_S)
    assert process.returncode == 2
    assert "APPORTION_KAFKA" in err
    assert "Traceback" not in err

"""docker-compose.yml sets only what the upstream images know, and no door of theirs stands open.

The image apache/kafka makes a property of each variable KAFKA_*: without the prefix, in lower case,
`_` as `.` (kafka.docker.KafkaDockerWrapper of the jars; tests/real runs it). The names of the
properties are the broker's own list, see tests/unit/compose/sources.md.
"""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import yaml

from clickhouse.address import HTTP_PORT
from schemas import topics
from tests import compose_file
from tests.compose_file import ROOT
from tests.servers import clickhouse_server, registry

SERVICES = compose_file.services()
KAFKA: dict[str, str] = SERVICES["kafka"]["environment"]
NAMES = (Path(__file__).parent / "compose" / "kafka-4.3.0-settings.txt").read_text().split()
# Read by the start scripts of Kafka (kafka-run-class.sh, kafka-server-start.sh), not properties.
OF_THE_SCRIPTS = {"KAFKA_HEAP_OPTS", "EXTRA_ARGS", "LOG_DIR"}
# Read by the authorizer itself: StandardAuthorizer.SUPER_USERS_CONFIG.
OF_THE_AUTHORIZER = "super.users"
# Any SASL setting may be given for one listener and one mechanism (Kafka's documentation, 7.3).
OF_A_LISTENER = re.compile(r"listener\.name\.(?P<listener>[a-z]+)\.plain\.(?P<name>sasl\..+)")
# docker/server/README.src/content.md of ClickHouse's repository, and entrypoint.sh beside it.
OF_CLICKHOUSE = {"CLICKHOUSE_USER", "CLICKHOUSE_PASSWORD"}


def prop(variable: str) -> str:
    return variable.removeprefix("KAFKA_").lower().replace("_", ".")


PROPERTIES = {prop(name): value for name, value in KAFKA.items() if name not in OF_THE_SCRIPTS}


def addresses(name: str) -> dict[str, tuple[str, int]]:
    """Host and port by listener."""
    parts = re.findall(r"(\w+)://([^:,]*):(\d+)", PROPERTIES[name])
    return {listener: (host, int(port)) for listener, host, port in parts}


LISTENERS = addresses("listeners")
ADVERTISED = addresses("advertised.listeners")
PROTOCOLS = dict(
    pair.split(":") for pair in PROPERTIES["listener.security.protocol.map"].split(",")
)


@pytest.mark.parametrize("name", PROPERTIES)
def test_every_property_is_one_the_broker_knows(name: str) -> None:
    of_a_listener = OF_A_LISTENER.fullmatch(name)
    if of_a_listener:
        assert of_a_listener["listener"].upper() in LISTENERS
        name = of_a_listener["name"]
    assert name in NAMES or name == OF_THE_AUTHORIZER


def test_the_release_of_kafka_is_the_one_that_is_tested() -> None:
    _, _, release = SERVICES["kafka"]["image"].partition(":")
    pom = (ROOT / "tests" / "servers" / "kafka.pom.xml").read_text(encoding="utf-8")
    assert f"<version>{release}</version>" in pom
    assert f"`kafka-{release}-settings.txt`" in (
        Path(__file__).parent / "compose" / "sources.md"
    ).read_text(encoding="utf-8")
    assert SERVICES["access"]["image"] == SERVICES["kafka"]["image"]


def test_every_listener_has_a_protocol_and_no_other_has() -> None:
    assert PROTOCOLS.keys() == LISTENERS.keys()
    controller = PROPERTIES["controller.listener.names"]
    assert ADVERTISED.keys() == LISTENERS.keys() - {controller}


def test_who_does_not_log_in_cannot_reach_the_broker_from_outside_its_container() -> None:
    without = {name for name, protocol in PROTOCOLS.items() if protocol == "PLAINTEXT"}
    assert {LISTENERS[name][0] for name in without} == {"127.0.0.1"}
    assert {ADVERTISED[name][0] for name in without & ADVERTISED.keys()} == {"127.0.0.1"}
    assert PROPERTIES["inter.broker.listener.name"] in without


def test_every_other_listener_asks_for_a_password() -> None:
    others = {name for name, protocol in PROTOCOLS.items() if protocol != "PLAINTEXT"}
    assert {PROTOCOLS[name] for name in others} == {"SASL_PLAINTEXT"}
    assert PROPERTIES["sasl.enabled.mechanisms"] == "PLAIN"
    for name in others:
        login = PROPERTIES[f"listener.name.{name.lower()}.plain.sasl.jaas.config"]
        assert re.fullmatch(r'[\w.]+PlainLoginModule required( user_\w+="\w+")+;', login)


def test_the_broker_is_advertised_where_it_is_reached() -> None:
    [published] = SERVICES["kafka"]["ports"]
    host, outside, inside = published.split(":")
    assert ADVERTISED["HOST"] == (host, int(outside))
    assert LISTENERS["HOST"][1] == int(inside)
    bootstrap = SERVICES["meter"]["environment"]["APPORTION_KAFKA__BOOTSTRAP"]
    assert bootstrap == "{}:{}".format(*ADVERTISED["CLIENT"])
    assert ADVERTISED["CLIENT"] == ("kafka", LISTENERS["CLIENT"][1])


def test_the_health_check_and_the_job_use_the_door_inside() -> None:
    inside = "127.0.0.1:{}".format(LISTENERS["LOCAL"][1])
    assert SERVICES["kafka"]["healthcheck"]["test"][-2:] == ["--bootstrap-server", inside]
    assert SERVICES["access"]["entrypoint"][-2:] == ["--bootstrap-server", inside]


def test_the_quorum_is_this_one_node() -> None:
    voter = "{}@127.0.0.1:{}".format(PROPERTIES["node.id"], LISTENERS["CONTROLLER"][1])
    assert PROPERTIES["controller.quorum.voters"] == voter


def test_producers_may_write_the_usage_topics_and_no_others() -> None:
    command = SERVICES["access"]["command"]
    prefix = command[command.index("--topic") + 1]
    assert prefix.endswith(".")
    assert command[-2:] == ["--resource-pattern-type", "prefixed"]
    assert [t for t in topics.ALL if t.name.startswith(prefix)] == [*topics.USAGE]
    assert PROPERTIES["super.users"] == "User:apportion;User:ANONYMOUS"


def test_a_group_is_remembered_longer_than_any_topic_keeps_messages() -> None:
    kept_ms = max(topic.retention_ms or 0 for topic in topics.ALL)
    assert int(PROPERTIES["offsets.retention.minutes"]) * 60_000 > kept_ms


def test_the_broker_logs_to_its_container() -> None:
    text = (ROOT / "docker" / "kafka" / "log4j2.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(text)["Configuration"]["Appenders"].keys() == {"Console"}


def test_the_release_line_of_clickhouse_is_the_one_that_is_tested() -> None:
    _, _, release = SERVICES["clickhouse"]["image"].partition(":")
    tested = clickhouse_server.LIBRARY.version
    assert release.split(".")[:2] == tested.split(".")[:2]


def test_clickhouse_is_told_what_its_image_knows() -> None:
    server = SERVICES["clickhouse"]
    assert server["environment"].keys() == OF_CLICKHOUSE
    assert server["ports"] == [f"127.0.0.1:{HTTP_PORT}:{HTTP_PORT}"]
    assert server["healthcheck"]["test"][-1] == f"http://127.0.0.1:{HTTP_PORT}/ping"
    url = SERVICES["store"]["environment"]["APPORTION_CLICKHOUSE__URL"]
    assert url == f"http://clickhouse:{HTTP_PORT}"


def test_clickhouse_logs_to_its_container_and_bounds_its_own_tables() -> None:
    config = ET.parse(ROOT / "docker" / "clickhouse" / "apportion.xml").getroot()  # noqa: S314 - ours
    assert config.tag == "clickhouse"
    kept = [each for each in config if each.tag.endswith("_log") and not each.get("remove")]
    assert kept
    assert [each.tag for each in kept if each.find("ttl") is None] == []
    removed = {each.tag for each in config.findall("logger/*[@remove]")}
    assert removed == {"log", "errorlog"}


def test_backups_lie_on_the_volume() -> None:
    config = ET.parse(ROOT / "docker" / "clickhouse" / "apportion.xml").getroot()  # noqa: S314 - ours
    allowed = config.findtext("backups/allowed_path", "")
    targets = [mount.split(":")[1] for mount in SERVICES["clickhouse"]["volumes"]]
    assert any(allowed.startswith(f"{target}/") for target in targets)


def test_the_registry_is_the_one_that_is_tested_and_set_as_it_is_there() -> None:
    _, _, release = SERVICES["registry"]["image"].partition(":")
    assert f":{release}:" in registry.ARTIFACT
    environment = SERVICES["registry"]["environment"]
    tested = registry.Registry(Path("/nowhere"))._environment()
    of_java = {"JAVA_TOOL_OPTIONS"}  # read by any Java
    assert environment.keys() - of_java == tested.keys()
    assert environment["APICURIO_STORAGE_KIND"] == tested["APICURIO_STORAGE_KIND"]
    [volume] = SERVICES["registry"]["volumes"]
    place = volume.split(":")[1]
    url = environment["APICURIO_DATASOURCE_URL"]
    assert url.startswith(f"jdbc:h2:file:{place}/")
    assert url.partition(";")[2] == tested["APICURIO_DATASOURCE_URL"].partition(";")[2]


def test_the_registrys_health_is_asked_at_its_management_port() -> None:
    environment = SERVICES["registry"]["environment"]
    url = SERVICES["registry"]["healthcheck"]["test"][-1]
    assert url == f"http://127.0.0.1:{environment['QUARKUS_MANAGEMENT_PORT']}/health/ready"

"""docker-compose.yml asks of our own image only what the code does: commands, settings, health."""

import re

import pytest
from prometheus_client import CollectorRegistry
from typer.testing import CliRunner

import agents.settings
from agents.gateway.settings import CollectorSettings
from streams import web
from streams.processors.worker import STOP_S
from streams.settings import load, masked
from tests import compose_file
from tests.command_line import app_of, parse
from tests.compose_file import AGENTS, JOBS, OURS, PASSWORDS, ROOT, WORKERS

SERVICES = compose_file.services()
DONE = {"condition": "service_completed_successfully"}
HEALTHY = {"condition": "service_healthy"}
ORDER = {
    "access": {"kafka": HEALTHY},
    "topics": {"kafka": HEALTHY},
    "migrate": {"clickhouse": HEALTHY},
    "prices": {"topics": DONE},
    "catalog": {"topics": DONE},
    "accrue": {"prices": DONE},
    "meter": {"prices": DONE, "catalog": DONE},
    "collector": {"topics": DONE, "access": DONE},
    "allocate": {"topics": DONE},
    "watch": {"prices": DONE, "catalog": DONE, "migrate": DONE},
    "budgets": {"prices": DONE, "catalog": DONE, "migrate": DONE},
    "anomalies": {"prices": DONE, "catalog": DONE, "migrate": DONE},
    "notify": {"prices": DONE, "catalog": DONE},
    "store": {"prices": DONE, "catalog": DONE, "migrate": DONE},
}


def words(name: str) -> list[str]:
    """The command of a service, with the files that are mounted for it."""
    mounts = [mount.split(":")[:2] for mount in SERVICES[name].get("volumes", [])]
    found = {inside: str(ROOT / outside) for outside, inside in mounts}
    return [found.get(word, word) for word in SERVICES[name]["command"]]


def environment(name: str) -> dict[str, str]:
    return dict(SERVICES[name].get("environment", {}))


@pytest.mark.parametrize("name", OURS)
def test_the_command_exists_with_its_options(name: str) -> None:
    parse(words(name))


@pytest.mark.parametrize("name", OURS)
def test_the_command_accepts_its_environment(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for key, value in environment(name).items():
        monkeypatch.setenv(key, value)
    verb, *rest = words(name)
    done = CliRunner().invoke(app_of(verb), [*rest, "--check"])
    assert done.exit_code == 0, done.output
    for key, value in environment(name).items():
        assert f"{key}={'*' * 10 if key.endswith('PASSWORD') else value}\n" in done.output


@pytest.mark.parametrize("name", OURS)
def test_every_variable_is_a_setting(name: str) -> None:
    told = f"{masked(load())}\n{agents.settings.masked(CollectorSettings())}"
    known = {line.partition("=")[0] for line in told.splitlines()}
    assert set(environment(name)) - known == set()


@pytest.mark.parametrize("name", WORKERS)
def test_a_worker_runs_the_processor_of_its_name(name: str) -> None:
    assert SERVICES[name]["command"] == ["run", name]


@pytest.mark.parametrize("name", WORKERS)
def test_health_is_asked_where_it_is_served(name: str) -> None:
    port = environment(name)["APPORTION_WEB__PORT"]
    [url] = re.findall(r"'(http://[^']+)'", SERVICES[name]["healthcheck"]["test"][-1])
    app = web._app(CollectorRegistry(), lambda: web.Health(ok=True))
    served = {route.resource.canonical for route in app.router.routes() if route.resource}
    assert url in {f"http://127.0.0.1:{port}{path}" for path in served}


@pytest.mark.parametrize("name", WORKERS)
def test_a_worker_is_given_longer_to_stop_than_it_takes(name: str) -> None:
    assert int(SERVICES[name]["stop_grace_period"].removesuffix("s")) > 2 * STOP_S


@pytest.mark.parametrize("name", [*ORDER])
def test_each_service_waits_for_what_it_needs(name: str) -> None:
    assert SERVICES[name]["depends_on"] == ORDER[name]


def test_every_service_that_is_waited_for_until_healthy_says_when_it_is() -> None:
    waited = {name for needs in ORDER.values() for name, how in needs.items() if how == HEALTHY}
    assert all("test" in SERVICES[name]["healthcheck"] for name in waited)


ASK_CLICKHOUSE = {"store", "migrate", "watch", "budgets", "anomalies"}


@pytest.mark.parametrize("name", sorted({*OURS} - ASK_CLICKHOUSE))
def test_who_does_not_use_clickhouse_has_no_password_of_it(name: str) -> None:
    assert PASSWORDS["CLICKHOUSE_PASSWORD"] not in environment(name).values()


def test_credentials_agree_with_the_servers() -> None:
    server, client = environment("clickhouse"), environment("store")
    assert client["APPORTION_CLICKHOUSE__USERNAME"] == server["CLICKHOUSE_USER"]
    assert client["APPORTION_CLICKHOUSE__PASSWORD"] == server["CLICKHOUSE_PASSWORD"]
    user, secret = (client[f"APPORTION_KAFKA__SASL_{part}"] for part in ("USERNAME", "PASSWORD"))
    logins = environment("kafka")["KAFKA_LISTENER_NAME_CLIENT_PLAIN_SASL_JAAS_CONFIG"]
    assert f'user_{user}="{secret}"' in logins


def test_the_registry_is_reached_where_it_listens() -> None:
    [commented] = re.findall(
        r"^# with --profile registry: (\S+)$", compose_file.EXAMPLE.read_text(), re.MULTILINE
    )
    port = environment("registry")["QUARKUS_HTTP_PORT"]
    assert commented == f"http://registry:{port}/apis/ccompat/v7"
    chosen = compose_file.services(PASSWORDS | {"SCHEMA_REGISTRY_URL": commented})
    assert chosen["meter"]["environment"]["APPORTION_SCHEMA_REGISTRY"] == commented


def test_the_page_about_it_names_services_there_are() -> None:
    page = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    named = set(re.findall(r"docker compose (?:logs|exec|restart|run --rm|stop) (\w+)", page))
    named |= set(re.findall(r"--scale (\w+)=", page))
    assert named
    assert named - set(SERVICES) == set()


def test_the_page_about_it_names_addresses_there_are() -> None:
    page = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    published = {port.rpartition(":")[0] for s in SERVICES.values() for port in s.get("ports", [])}
    inside = set(re.findall(r"127\.0\.0\.1:\d+", environment("kafka")["KAFKA_LISTENERS"]))
    named = set(re.findall(r"127\.0\.0\.1:\d+", page))
    assert named
    assert named - published - inside == set()


def test_jobs_and_workers_are_all_the_services_of_ours() -> None:
    ours = {name for name, service in SERVICES.items() if "build" in service}
    assert ours == {*JOBS, *WORKERS, *AGENTS}


@pytest.mark.parametrize("name", AGENTS)
def test_an_agent_may_write_usage_and_nothing_else(name: str) -> None:
    settings = environment(name)
    [user] = [value for key, value in settings.items() if key.endswith("SASL_USERNAME")]
    assert user == "producer"
    assert PASSWORDS["KAFKA_PASSWORD"] not in settings.values()


def test_the_health_of_the_collector_is_asked_where_it_is_served() -> None:
    port = environment("collector")["APPORTION_COLLECTOR_WEB__PORT"]
    assert f"http://127.0.0.1:{port}/health" in SERVICES["collector"]["healthcheck"]["test"][-1]

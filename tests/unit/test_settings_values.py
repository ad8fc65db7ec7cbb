"""What settings accept, where they come from, and what they never show."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from streams.errors import SettingsInvalid
from streams.settings import ClickHouseSettings, Overrides, load, masked


@pytest.fixture(autouse=True)
def _no_dotenv(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def faults(overrides: Overrides | None = None) -> tuple[str, ...]:
    with pytest.raises(SettingsInvalid) as caught:
        load(overrides)
    return caught.value.faults


def test_defaults_are_valid_and_stay_on_loopback() -> None:
    settings = load()
    assert settings.kafka.bootstrap == "127.0.0.1:9092"
    assert settings.web.host == "127.0.0.1"
    assert settings.clickhouse.embedded is not None


def test_all_faults_are_reported_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APPORTION_METER__WINDOW_S", "-1")
    monkeypatch.setenv("APPORTION_WEB__PORT", "many")
    monkeypatch.setenv("APPORTION_KAFKA__HEARTBEAT_S", "5")
    monkeypatch.setenv("APPORTION_KAFKA__REQUEST_TIMEOUT_S", "2")
    found = faults()
    assert [fault.split(":")[0] for fault in found] == [
        "APPORTION_KAFKA",
        "APPORTION_METER__WINDOW_S",
        "APPORTION_WEB__PORT",
    ]
    assert "heartbeat_s" in found[0]
    assert "request_timeout_s" in found[0]


def test_a_fault_never_shows_a_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APPORTION_CLICKHOUSE__URL", "http://me:hush@host")
    [fault] = faults()
    assert fault.startswith("APPORTION_CLICKHOUSE__URL: ")
    assert "hush" not in fault


def test_a_name_nobody_reads_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APPORTION_METER__WINDOWS", "60")
    assert faults() == ("APPORTION_METER__WINDOWS: Extra inputs are not permitted",)


def test_given_values_win_over_the_environment_name_by_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("APPORTION_METER__WINDOW_S", "30")
    monkeypatch.setenv("APPORTION_METER__MAX_SKEW_S", "7")
    meter = load({"meter": {"window_s": "10"}}).meter
    assert (meter.window_s, meter.max_skew_s) == (10, 7.0)


def test_the_environment_wins_over_dotenv(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "APPORTION_METER__WINDOW_S=20\nAPPORTION_METER__MAX_SKEW_S=9\nOTHER_TOOL=1\n"
    )
    monkeypatch.setenv("APPORTION_METER__WINDOW_S", "30")
    meter = load().meter
    assert (meter.window_s, meter.max_skew_s) == (30, 9.0)


def test_an_empty_value_means_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APPORTION_KAFKA__SASL_MECHANISM", "")
    assert load().kafka.sasl_mechanism is None


def test_secrets_are_masked_when_printed() -> None:
    settings = load(
        {
            "kafka": {
                "security_protocol": "SASL_SSL",
                "sasl_mechanism": "PLAIN",
                "sasl_username": "me",
                "sasl_password": "hush",
            },
            "clickhouse": {"url": "http://host:8123", "password": "shh"},
        }
    )
    shown = masked(settings)
    assert "hush" not in shown + repr(settings)
    assert "shh" not in shown + repr(settings)
    assert "APPORTION_KAFKA__SASL_PASSWORD=**********" in shown.splitlines()
    assert "APPORTION_KAFKA__SASL_USERNAME=me" in shown.splitlines()


def test_sasl_without_a_password_is_a_fault() -> None:
    kafka = {"security_protocol": "SASL_SSL", "sasl_mechanism": "PLAIN", "sasl_username": "me"}
    [fault] = faults({"kafka": kafka})
    assert "sasl_password" in fault


def test_a_client_certificate_without_its_key_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").touch()
    [fault] = faults({"kafka": {"ssl_cert": "cert.pem"}})
    assert "ssl_key" in fault


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        setattr(load().meter, "window_s", 1)  # noqa: B010 - mypy forbids the assignment


def test_an_embedded_directory_is_absolute(tmp_path: Path) -> None:
    assert ClickHouseSettings(url="chdb://some where").embedded == tmp_path / "some where"


def test_credentials_are_quoted_in_the_dsn() -> None:
    settings = load({"clickhouse": {"url": "https://host", "username": "a@b", "password": "p/w:"}})
    assert settings.clickhouse.dsn == "https://a%40b:p%2Fw%3A@host"


def test_the_sql_socket_lies_beside_the_data(tmp_path: Path) -> None:
    assert load({"clickhouse": {"url": "chdb:///d/ch"}}).sql_socket == Path("/d/sql.sock")
    assert load({"clickhouse": {"url": "http://host"}}).sql_socket is None
    chosen = {"clickhouse": {"url": "chdb:///d/ch"}, "store": {"sql_socket": str(tmp_path / "s")}}
    assert load(chosen).sql_socket == tmp_path / "s"

"""The examples of gateways send what the collector reads, where it reads it, as who it knows."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from agents.gateway.dialects import DOORS
from agents.gateway.normalise.access_log import from_access_log
from agents.gateway.normalise.outcome import Call
from agents.gateway.sources import Entry, read
from tests.conftest import ROOT

EXAMPLES = ROOT / "examples" / "gateways"
DIALECTS = {door.path: door.dialect for door in DOORS}


def documents(name: str) -> list[Any]:
    return [*yaml.safe_load_all((EXAMPLES / name).read_text(encoding="utf-8"))]


def entries() -> dict[str, Entry]:
    [document] = documents("sources.yaml")
    return {each["name"]: Entry.model_validate(each) for each in document["sources"]}


def test_the_file_of_sources_can_be_used() -> None:
    assert len(read(EXAMPLES / "sources.yaml")) == len(entries())


def test_there_is_a_source_for_each_dialect() -> None:
    spoken = {dialect for each in entries().values() for dialect in each.dialects or ()}
    assert spoken == set(DIALECTS.values())


def kong() -> str:
    [plugin] = documents("kong.yaml")[0]["plugins"]
    assert plugin["name"] == "http-log"
    return str(plugin["config"]["http_endpoint"])


def fluent_bit() -> str:
    [output] = documents("fluent-bit.yaml")[0]["pipeline"]["outputs"]
    assert output["format"] == "json_lines"
    return f"http://{output['host']}:{output['port']}{output['uri']}"


def litellm() -> str:
    text = (EXAMPLES / "litellm.yaml").read_text(encoding="utf-8")
    [line] = [each for each in text.splitlines() if "GENERIC_LOGGER_ENDPOINT=" in each]
    assert documents("litellm.yaml")[0]["litellm_settings"]["callbacks"] == ["generic_api"]
    return line.partition("=")[2]


def opentelemetry() -> str:
    return (
        str(documents("otel-collector.yaml")[0]["exporters"]["otlphttp/apportion"]["endpoint"])
        + "/v1/traces"
    )


@pytest.mark.parametrize(
    ("where", "dialect"),
    [(kong, "kong"), (fluent_bit, "envoy"), (litellm, "litellm"), (opentelemetry, "otlp")],
)
def test_each_gateway_pushes_to_a_door_of_its_dialect(where: Any, dialect: str) -> None:  # noqa: ANN401 - one of four
    address = urlsplit(where())
    assert DIALECTS[address.path] == dialect
    assert address.port == 4318


def test_opentelemetry_keeps_what_was_not_confirmed_and_samples_nothing() -> None:
    config = documents("otel-collector.yaml")[0]
    exporter = config["exporters"]["otlphttp/apportion"]
    assert exporter["sending_queue"]["storage"] in config["service"]["extensions"]
    assert exporter["retry_on_failure"] == {"enabled": True, "max_elapsed_time": 0}
    used = config["service"]["pipelines"]["traces"]["processors"]
    assert set(used) <= set(config["processors"])
    assert not [name for name in used if "sampl" in name]


SAID: dict[str, object] = {
    "%START_TIME%": "2026-11-21T09:00:00.000Z",
    "%DURATION%": 1500,
    "%RESPONSE_CODE%": 200,
    "%RESPONSE_FLAGS%": "-",
    "%REQ(X-REQUEST-ID)%": "83b63da3",
    "%REQ(X-AI-EG-MODEL)%": "gpt-4o",
    "%DYNAMIC_METADATA(io.envoy.ai_gateway:model_name_override)%": None,
    "%DYNAMIC_METADATA(io.envoy.ai_gateway:backend_name)%": "default/openai/route/r/rule/0/ref/0",
    "%DYNAMIC_METADATA(io.envoy.ai_gateway:llm_input_token)%": 15,
    "%DYNAMIC_METADATA(io.envoy.ai_gateway:llm_cached_input_token)%": 5,
    "%DYNAMIC_METADATA(io.envoy.ai_gateway:llm_output_token)%": 7,
    "%DYNAMIC_METADATA(envoy.filters.http.jwt_authn:claims:tenant)%": "acme",
}


def test_a_line_of_the_envoy_example_is_a_whole_call() -> None:
    route, proxy = documents("envoy-ai-gateway.yaml")
    [setting] = proxy["spec"]["telemetry"]["accessLog"]["settings"]
    form = setting["format"]["json"]
    line = {name: SAID[said] for name, said in form.items()}
    keys = {cost["metadataKey"] for cost in route["spec"]["llmRequestCosts"]}
    assert {said.split(":")[-1].rstrip(")%") for said in SAID if ":llm_" in said} == keys
    outcome = from_access_log(line, entries()["envoy-eu"].declared)
    assert isinstance(outcome, Call), outcome
    told = {key: value for key, value in outcome.event.items() if value is not None}
    assert told == {
        "at_us": 1_795_251_601_500_000,
        "started_at_us": 1_795_251_600_000_000,
        "tenant": "acme",
        "provider": "openai",
        "model": "gpt-4o",
        "request_id": "83b63da3",
        "input_tokens": 15,
        "cache_read_tokens": 5,
        "output_tokens": 7,
        "status": "ok",
        "usage_source": "provider",
        "gateway": "envoy-eu",
    }


def test_the_page_names_every_example() -> None:
    page = (ROOT / "docs" / "collector.md").read_text(encoding="utf-8")
    assert [path.name for path in EXAMPLES.iterdir() if path.name not in page] == []


def test_every_example_is_read_by_this_file() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    known = {path.name for path in EXAMPLES.iterdir()} - {"push.sh"}  # run by an integration test
    assert [name for name in sorted(known) if name not in text] == []

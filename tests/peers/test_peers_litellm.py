"""The real LiteLLM, its proxy and its SDK, with the hook's logger, against a loopback upstream.

The proxy also pushes to a collector with its own `generic_api`: both are to tell the same.
"""

import json
import shutil
import subprocess
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from schemas.records import InferenceUsage
from schemas.topics import BUDGET_STATE
from tests.budget_topic import BudgetTopic
from tests.gateway_parts import TOKEN, hash_of
from tests.gateway_process import CollectorProcess, write_sources
from tests.outbox_parts import wait_until
from tests.peers.environment import ROOT, program
from tests.peers.peers import Place, address, counted, serving, sums
from tests.peers.upstream import Served

pytestmark = pytest.mark.e2e

HERE = Path(__file__).parent
EXAMPLES = ROOT / "examples" / "hooks"
CANARIES = (b"PROMPTCANARY", b"ANSWERCANARY", b"TENANTCANARY", b"USERCANARY", b"mailcanary",
            b"sk-acme", b"sk-globex", b"secretcanary")  # fmt: skip
MASTER = {"LITELLM_MASTER_KEY": "sk-secretcanary-0123456789abcdef0123456789abcdef"}
CALLS_OF_THE_PROXY = 10  # successes and failures that a client of it saw
SPENT = "spent"  # the tenant whose budget is exceeded
EVER_US = 4_102_444_800_000_000  # 2100-01-01
TOLD_S = 180.0  # for what is told behind an answer to have come, on a busy machine
PUSHED = "pushed"  # what the collector is called
GRANTS = """
sources:
  - {sources: [pushed, proxy], tenants: [acme, globex]}
"""


def configuration(upstream: str) -> dict[str, Any]:
    """Return the proxy's configuration."""
    openai = {"api_base": f"{upstream}/v1", "api_key": "sk-secretcanary"}
    claude = {"api_base": upstream, "api_key": "sk-secretcanary"}
    models = {
        "gpt": {"model": "openai/m", **openai},
        "bad": {"model": "openai/fail-429", **openai},
        "broken": {"model": "openai/fail-500", **openai},
        "embedder": {"model": "openai/e", **openai},
        "endless": {"model": "openai/endless", **openai},
        "claude": {"model": "anthropic/claude", **claude},
    }
    return {
        "model_list": [{"model_name": k, "litellm_params": v} for k, v in models.items()],
        "router_settings": {"num_retries": 1, "retry_after": 0, "fallbacks": [{"bad": ["gpt"]}]},
        "litellm_settings": {
            "callbacks": [
                "apportion_hook.litellm.logger",
                "generic_api",
                "litellm_budgets.refuses_exceeded",
            ],
            "cache": True,
            "cache_params": {"type": "local"},
        },
        "general_settings": {"custom_auth": "proxy_auth.authenticate"},
    }


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory, installed: Path, usage_broker: str) -> Place:
    """A place where a proxy has served its clients and has ended."""
    folder = tmp_path_factory.mktemp("proxy")
    place = Place(folder, installed, usage_broker, f"px-{uuid.uuid4().hex[:8]}")
    shutil.copy(HERE / "proxy_auth.py", folder)
    shutil.copy(EXAMPLES / "litellm_budgets.py", folder)
    told = BudgetTopic(usage_broker, BUDGET_STATE.name)
    told.say(SPENT, stage="exceeded", tenants=[SPENT], period_end_us=EVER_US)
    port, url = address()
    with serving(place, "tests.peers.upstream:app") as upstream, collecting(place) as collector:
        written = folder / "proxy.yaml"
        written.write_text(yaml.safe_dump(configuration(upstream)), encoding="utf-8")
        arguments = ("litellm", "--config", str(written), "--host", "127.0.0.1", "--port", port)
        ready = f"{url}/health/liveliness"
        more = {
            **MASTER,
            "GENERIC_LOGGER_ENDPOINT": f"http://127.0.0.1:{collector.port}/v1/litellm",
            "GENERIC_LOGGER_HEADERS": f"Authorization=Bearer {TOKEN}",
        }
        with place.running("proxy", *arguments, ready=ready, more=more):
            call(place, "tests.peers.proxy_calls", url)
            # LiteLLM logs after it answered; every call of a client ends in an event of its own
            wait_until(lambda: len(finished(place)) >= CALLS_OF_THE_PROXY, TOLD_S)
            there = pushed_of(place)
            wait_until(lambda: len(admitted(there)) >= len(admitted(place)), TOLD_S)
    return place


@contextmanager
def collecting(place: Place) -> Iterator[CollectorProcess]:
    """Run a collector beside, until what it took is on Kafka."""
    folder = place.folder / PUSHED
    folder.mkdir()
    (folder / "catalog.yaml").write_text(GRANTS, encoding="utf-8")
    write_sources(folder, {"name": "proxy", "tokens": [hash_of(TOKEN)], "dialects": ["litellm"]})
    arguments = (f"--set=name={pushed_by(place)}", "--catalog=catalog.yaml")
    collector = CollectorProcess(folder=folder, kafka=place.broker, arguments=arguments)
    collector.start()
    try:
        yield collector
        assert collector.stop() == 0
    finally:
        collector.kill()


def pushed_of(place: Place) -> Place:
    """Return where it is read what a place's proxy pushed."""
    return replace(place, source=pushed_by(place))


def pushed_by(place: Place) -> str:
    """Return the name of a place's collector, which is not in the name of its hook."""
    return f"{PUSHED}-{place.source.removeprefix('px-')}"


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory, installed: Path, usage_broker: str) -> Place:
    """A place where a program has called through LiteLLM's SDK and has ended."""
    folder = tmp_path_factory.mktemp("sdk")
    place = Place(folder, installed, usage_broker, f"sdk-{uuid.uuid4().hex[:8]}")
    with serving(place, "tests.peers.upstream:app") as upstream:
        call(place, "tests.peers.litellm_calls", upstream, {"APPORTION_HOOK_TENANT": "acme"})
    return place


def call(place: Place, module: str, url: str, more: dict[str, str] | None = None) -> None:
    """Run a module, or a file, to its end."""
    what = [module] if module.endswith(".py") else ["-m", module, url]
    done = subprocess.run(
        [program("python"), *what],
        env={**place.environment(), **(more or {})},
        cwd=place.folder, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    (place.folder / "calls.log").write_text(done.stdout + done.stderr, encoding="utf-8")
    assert done.returncode == 0, done.stderr


def finished(place: Place) -> list[InferenceUsage]:
    """Return the events of what a client saw end: not those of attempts that were tried again."""
    return [event for event in admitted(place) if event["status"] != "rate_limited"]


def admitted(place: Place) -> list[InferenceUsage]:
    """Return the events of calls that no budget was in the way of."""
    return [event for event in place.told() if event["tenant"] != SPENT]


def answered(place: Place) -> list[Served]:
    """Return what the upstream answered to the end."""
    return [each for each in place.served() if each.status == 200 and not each.is_aborted]


def billed(place: Place) -> list[InferenceUsage]:
    """Return the events whose usage the provider told."""
    return [event for event in place.told() if event["usage_source"] == "provider"]


def test_totals_of_the_proxy_are_what_the_upstream_counted_exactly(proxied: Place) -> None:
    assert sums(billed(proxied)) == counted(answered(proxied))
    assert len(billed(proxied)) == len(answered(proxied)) == 7


def test_what_the_proxy_pushes_to_a_collector_is_what_the_hook_in_it_tells(proxied: Place) -> None:
    pushed = pushed_of(proxied)
    assert sums(billed(pushed)) == counted(answered(proxied))
    assert {event["gateway"] for event in pushed.told()} == {"proxy"}
    by_hook = Counter(said(event) for event in admitted(proxied))
    assert Counter(said(event) for event in admitted(pushed)) == by_hook


def said(event: InferenceUsage) -> str:
    """Return what an event says, whoever told it."""
    return json.dumps({**event, "gateway": None, "reported_cost": str(event["reported_cost"])})


def test_no_text_left_the_collector(proxied: Place) -> None:
    pushed = replace(proxied, folder=proxied.folder / PUSHED, source=pushed_by(proxied))
    assert pushed.payloads()
    assert pushed.leaks(*CANARIES, TOKEN.encode()) == {}


def test_a_hit_of_the_proxys_cache_costs_nothing(proxied: Place) -> None:
    [hit] = [event for event in proxied.told() if event["gateway_cache"] == "hit"]
    avoided = (hit["avoided_input_tokens"], hit["avoided_output_tokens"])
    assert [(e["input_tokens"], e["output_tokens"]) for e in billed(proxied)].count(avoided) == 1
    assert hit["input_tokens"] is hit["output_tokens"] is None


def test_a_call_is_priced_as_the_model_that_was_called_whatever_its_client_says(
    proxied: Place,
) -> None:
    called = {model["litellm_params"]["model"] for model in configuration("http://u")["model_list"]}
    models = {event["model"] for event in admitted(proxied)}
    assert models <= {name.partition("/")[2] for name in called}


def test_who_pays_is_who_the_proxy_authenticated(proxied: Place) -> None:
    tenants = Counter(event["tenant"] for event in admitted(proxied))
    assert tenants.keys() == {"acme", "globex"}
    assert tenants["globex"] == 2
    hashes = {event["key_hash"] for event in admitted(proxied)}
    assert hashes == {"hash-of-acme", "hash-of-globex"}


def test_a_call_whose_budget_is_exceeded_is_refused_and_owes_nothing(proxied: Place) -> None:
    """The client saw the 429, else its program had failed; nothing was served for it: see above."""
    refused = [event for event in proxied.told() if event["tenant"] == SPENT]
    assert "rate_limited" in {event["status"] for event in refused}
    assert {event["usage_source"] for event in refused} == {"none"}


def test_attempts_of_a_fallback_are_events_of_one_operation(proxied: Place) -> None:
    failed = [event for event in admitted(proxied) if event["status"] == "rate_limited"]
    assert failed
    assert {event["model"] for event in failed} == {"fail-429"}
    assert all(event["usage_source"] == "none" for event in failed)
    [operation] = {event["operation_id"] for event in failed}
    [then] = [
        event for event in proxied.told()
        if event["operation_id"] == operation and event["status"] == "ok"
    ]  # fmt: skip
    assert (then["model"], then["usage_source"]) == ("m", "provider")


def test_a_client_that_left_is_billed_by_an_estimate_and_marked(proxied: Place) -> None:
    [left] = [event for event in proxied.told() if event["status"] == "client_disconnect"]
    assert left["usage_source"] == "estimate"
    assert left["model"] == "endless"
    assert left["input_tokens"]
    assert [each.is_aborted for each in proxied.served()].count(True) == 1


def test_totals_of_the_sdk_are_what_the_upstream_counted_exactly(embedded: Place) -> None:
    told = [each for each in answered(embedded) if each.told_usage]
    assert len(told) == 6  # a call without a loop, 2 chats, an embedding, 2 streams
    assert sums(billed(embedded)) == counted(told)


def test_a_stream_of_the_sdk_that_was_not_asked_for_usage_is_an_estimate(embedded: Place) -> None:
    sources = Counter(event["usage_source"] for event in embedded.told())
    assert sources == {"provider": 6, "estimate": 1, "none": 1}
    assert {event["tenant"] for event in embedded.told()} == {"acme"}


def test_a_program_that_ends_at_once_has_told_of_all_its_calls(embedded: Place) -> None:
    assert len(embedded.told()) == len(embedded.served()) == 8


@pytest.mark.parametrize("name", ["proxied", "embedded"])
def test_no_text_left_litellm(name: str, request: pytest.FixtureRequest) -> None:
    place: Place = request.getfixturevalue(name)
    leaks = place.leaks(*CANARIES)
    # LiteLLM's own log and its configuration are not ours
    ours = {where: found for where, found in leaks.items() if not where.endswith((".yaml", ".log"))}
    assert ours == {}


def test_the_examples_are_what_is_tested_here(embedded: Place) -> None:
    text = (EXAMPLES / "litellm_proxy.yaml").read_text(encoding="utf-8")
    example = yaml.safe_load(text)["litellm_settings"]
    tested = configuration("http://upstream")["litellm_settings"]
    assert set(example.pop("callbacks")) < set(tested["callbacks"])
    assert example.items() <= tested.items()
    folder = embedded.folder / "example"
    folder.mkdir()
    place = Place(folder, embedded.installed, embedded.broker, f"ex-{uuid.uuid4().hex[:8]}")
    with serving(place, "tests.peers.upstream:app") as upstream:
        more = {"OPENAI_BASE_URL": f"{upstream}/v1", "OPENAI_API_KEY": "sk-secretcanary",
                "APPORTION_HOOK_TENANT": "acme"}  # fmt: skip
        call(place, str(EXAMPLES / "litellm_sdk.py"), upstream, more)
    assert sums(place.told()) == counted(place.served())
    assert [event["tenant"] for event in place.told()] == ["acme"]

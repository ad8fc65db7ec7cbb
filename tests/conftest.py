"""What every test gets: no services unless marked, no silent skips in CI, a broker on request."""

import os
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests import brokers
from tests.services import Guard, ServiceBlocked, engine_refused, guard_kafka_clients

ROOT = Path(__file__).resolve().parent.parent
SHARED_DATA = ROOT.parent / "shared" / "data"
NO_SKIPS = "APPORTION_NO_SKIPS"  # .ci/run sets it: a skip is a failure

# programs of other environments, which tests and benches start
collect_ignore = ["peers", "bench/forecast/offline.py"]
if brokers.IS_APACHE:
    # Neither Kafka nor a ClickHouse server has a part in them: `make test` has shown the same.
    collect_ignore += [
        "contract/test_gpu_agent_intervals.py",
        "integration/test_broker_embedded.py",
        "integration/test_clickhouse_crash.py",  # of the embedded engine's process
        "integration/test_docs_explain.py",
        "integration/test_gpu_kubelet.py",
        "integration/test_gpu_owners_together.py",
        "integration/test_web_face.py",
    ]
else:
    collect_ignore += ["real"]  # tests of servers: `make test-kafka`

guard = Guard()  # an audit hook lives as long as the interpreter, and so does what it reports to


def pytest_configure() -> None:
    load_examples()
    sys.addaudithook(guard.audit)
    guard_kafka_clients(guard)


def load_examples() -> None:
    """Try few examples of a law, or as many as HYPOTHESIS_PROFILE says: `long`, or `longest`."""
    lasting = [HealthCheck.too_slow]
    for profile, most, unchecked in (
        ("short", 40, []),
        ("long", 3_000, lasting),
        ("longest", 10_000, lasting),
    ):
        settings.register_profile(
            profile,
            max_examples=most,
            deadline=None,  # no test judges by a wall clock
            print_blob=True,
            suppress_health_check=unchecked,
        )
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "short"))


def _may_use_services(item: pytest.Item) -> bool:
    return any(item.get_closest_marker(name) for name in ("integration", "e2e"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put whole stacks first: they take longest, so begun last they would run on alone."""
    items.sort(key=lambda item: item.get_closest_marker("e2e") is None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    guard.refused.clear()
    if _may_use_services(item):
        return (yield)
    with guard.shut(), engine_refused(guard):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Function) -> Generator[None, object, object]:
    result = yield
    if "refused" not in item.fixturenames:
        _fail_if_refused()
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Generator[None, object, object]:
    result = yield
    _fail_if_refused()
    return result


def _fail_if_refused() -> None:
    """Fail a test whose code swallowed a refusal; one that let it through has failed already."""
    if guard.refused:
        attempts = "; ".join(guard.refused)
        guard.refused.clear()
        raise ServiceBlocked(f"the code under test swallowed a refusal to {attempts}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    missing_data = item.get_closest_marker("shared") and not SHARED_DATA.is_dir()
    if not missing_data and not hasattr(report, "wasxfail"):
        _no_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _no_skip(report)
    return report


def _no_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.skipped and os.environ.get(NO_SKIPS):
        report.outcome = "failed"
        report.longrepr = f"skipped, which {NO_SKIPS} forbids: {report.longrepr}"


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Bootstrap address of an embedded broker, one for the whole session; use unique topics."""
    with brokers.running(tmp_path_factory.mktemp("broker")) as address:
        yield address


@pytest.fixture
def shared_data(request: pytest.FixtureRequest) -> Path:
    """Folder of the real traces, beside the checkout. Needs the marker `shared`."""
    if not request.node.get_closest_marker("shared"):
        pytest.fail("a test that asks for shared_data carries the marker `shared`")
    if not SHARED_DATA.is_dir():
        pytest.skip("no ../shared/data beside this checkout")
    return SHARED_DATA


@pytest.fixture
def refused() -> Iterator[list[str]]:
    """What the guard refused so far in this test; forgiven at its end."""
    yield guard.refused
    guard.refused.clear()


@pytest.fixture(scope="session")
def root() -> Path:
    """Root of the checkout."""
    return ROOT

"""The Kubernetes API as the agent follows it: lists, watches, and all that breaks them off."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from agents.errors import ApiServerSilent
from agents.gpu.api_server import Address, ApiServer, Collection
from agents.gpu.cluster import Cluster, Pod, pod_of
from agents.gpu.processes import KEPT_US, SECOND_US
from agents.gpu.reflection import PAGE
from tests.builders.proc import Clock
from tests.outbox_parts import wait_until
from tests.servers import kubernetes_api
from tests.servers.certificates import authority
from tests.servers.kubernetes_api import KubernetesSays, namespace, node, pod

PODS, SPACES, NODES = "/api/v1/pods", "/api/v1/namespaces", "/api/v1/nodes"
PAUSE_S = 0.01


@pytest.fixture
def says() -> KubernetesSays:
    found = KubernetesSays()
    found.put(PODS, pod("train-0", "u-1", labels={"app": "train"}, containers={"c-1": "main"}))
    found.put(SPACES, namespace("ml", team="search"))
    found.put(NODES, node("node-1", is_cordoned=False))
    return found


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def url(says: KubernetesSays) -> Iterator[str]:
    with kubernetes_api.running(says) as address:
        yield address


@pytest.fixture
def cluster(url: str, clock: Clock) -> Iterator[Cluster]:
    found = Cluster(Address(url, None, None), "node-1", clock, PAUSE_S)
    found.start()
    wait_until(lambda: not found.faults)
    yield found
    found.close()


def watches(says: KubernetesSays, path: str) -> int:
    return sum(each.startswith(path) and "watch=1" in each for each in says.requests)


def lists(says: KubernetesSays, path: str) -> int:
    return sum(each.startswith(path) and "watch=1" not in each for each in says.requests)


def test_pods_are_known_by_name_and_by_control_group(cluster: Cluster) -> None:
    found = cluster.view().pod_named("ml", "train-0")
    assert found == Pod(
        "ml", "train-0", "u-1", {"app": "train"}, "u-1", False, {"c-1": "main"}, "containerd"
    )
    assert cluster.view().pod_in("u-1") == found
    assert cluster.view().namespace_labels("ml") == {"team": "search"}
    assert cluster.view().namespace_labels("other") is None
    assert not cluster.view().is_cordoned


def test_only_pods_of_this_node_are_asked_for(says: KubernetesSays, cluster: Cluster) -> None:
    asked = [each for each in says.requests if each.startswith(PODS)]
    assert asked
    assert all("fieldSelector=spec.nodeName%3Dnode-1" in each for each in asked)
    says.put(PODS, pod("else", "u-9", node="node-2"))
    says.put(PODS, pod("here", "u-2"))
    wait_until(lambda: cluster.view().pod_in("u-2"))
    assert cluster.view().pod_in("u-9") is None


def test_what_happens_is_followed(says: KubernetesSays, cluster: Cluster) -> None:
    says.put(PODS, pod("train-0", "u-1", phase="Succeeded"))
    wait_until(lambda: (found := cluster.view().pod_named("ml", "train-0")) and found.is_terminal)
    says.put(SPACES, namespace("ml", team="fraud"))
    wait_until(lambda: cluster.view().namespace_labels("ml") == {"team": "fraud"})
    says.put(NODES, node("node-1", is_cordoned=True))
    wait_until(lambda: cluster.view().is_cordoned)
    assert lists(says, PODS) == 1


def test_a_pod_that_is_gone_is_known_for_a_while(
    says: KubernetesSays, cluster: Cluster, clock: Clock
) -> None:
    cluster.view().pod_in("u-1")
    says.put(PODS, pod("train-0", "u-1"), "DELETED")
    wait_until(lambda: cluster.pods.objects == {})
    assert cluster.view().pod_in("u-1") is not None
    clock.later(KEPT_US / SECOND_US + 1)
    says.put(PODS, pod("other", "u-2"))
    wait_until(lambda: cluster.view().pod_in("u-2"))
    assert cluster.view().pod_in("u-1") is None


def test_a_pod_that_comes_again_by_its_name_is_the_new_one(
    says: KubernetesSays, cluster: Cluster
) -> None:
    cluster.view().pod_in("u-1")
    says.put(PODS, pod("train-0", "u-1"), "DELETED")
    says.put(PODS, pod("train-0", "u-2"))
    wait_until(lambda: cluster.view().pod_in("u-2"))
    found = cluster.view().pod_named("ml", "train-0")
    assert found is not None
    assert found.uid == "u-2"


def test_a_watch_that_ends_goes_on_where_it_ended(says: KubernetesSays, cluster: Cluster) -> None:
    began = watches(says, PODS)
    says.ends += 1
    says.put(PODS, pod("late", "u-2"))
    wait_until(lambda: cluster.view().pod_in("u-2"))
    wait_until(lambda: watches(says, PODS) > began)
    assert lists(says, PODS) == 1


def test_a_connection_that_breaks_loses_nothing(says: KubernetesSays, cluster: Cluster) -> None:
    says.resets += 1
    says.put(PODS, pod("late", "u-2"))
    wait_until(lambda: cluster.view().pod_in("u-2"))
    wait_until(lambda: not cluster.faults)
    assert lists(says, PODS) == 1


def test_what_can_be_followed_no_more_is_listed_again(
    says: KubernetesSays, cluster: Cluster
) -> None:
    says.objects[PODS] = {}
    says.expire()
    says.put(PODS, pod("fresh", "u-2"))
    wait_until(lambda: lists(says, PODS) == 2 and cluster.view().pod_in("u-2"))
    assert set(cluster.pods.objects or {}) == {"u-2"}


def test_a_bookmark_keeps_a_quiet_watch_from_growing_too_old(
    says: KubernetesSays, cluster: Cluster
) -> None:
    says.version = says.bookmark = 500
    wait_until(lambda: cluster.pods._version == "500")
    says.oldest = 400
    says.ends += 1
    wait_until(lambda: any("resourceVersion=500" in each for each in says.requests))
    assert lists(says, PODS) == 1


def test_while_the_server_is_away_what_is_known_stays(
    says: KubernetesSays, cluster: Cluster
) -> None:
    says.is_away = True
    wait_until(lambda: len(cluster.faults) == 3)
    assert cluster.view().pod_in("u-1") is not None
    assert cluster.view().namespace_labels("ml") == {"team": "search"}
    says.put(PODS, pod("late", "u-2"))
    says.is_away = False
    wait_until(lambda: cluster.view().pod_in("u-2") and not cluster.faults)


def test_many_pods_come_page_by_page(says: KubernetesSays, url: str, clock: Clock) -> None:
    for number in range(2 * PAGE):
        says.put(PODS, pod(f"p-{number}", f"v-{number}"))
    cluster = Cluster(Address(url, None, None), "node-1", clock, PAUSE_S)
    cluster.start()
    wait_until(lambda: not cluster.faults)
    assert len(cluster.pods.objects or {}) == 2 * PAGE + 1
    assert lists(says, PODS) == 3
    cluster.close()


def test_a_token_that_is_replaced_on_disk_is_used(
    says: KubernetesSays, url: str, clock: Clock, tmp_path: Path
) -> None:
    says.token = "new"  # noqa: S105 - of a test
    token = tmp_path / "token"
    token.write_text("old\n")
    cluster = Cluster(Address(url, token, None), "node-1", clock, PAUSE_S)
    cluster.start()
    wait_until(lambda: any("got 401" in each for each in cluster.faults))
    token.write_text("new\n")
    wait_until(lambda: not cluster.faults)
    cluster.close()


def test_the_authority_of_the_cluster_is_trusted_and_no_other(
    says: KubernetesSays, clock: Clock, tmp_path: Path
) -> None:
    ours, other = (authority(tmp_path / f"{name}.crt") for name in ("ours", "other"))
    certificate = ours.issue(tmp_path / "server.pem", ["127.0.0.1"])
    trusted = tmp_path / "ca.crt"
    trusted.write_bytes(other.file.read_bytes())
    with kubernetes_api.running(says, certificate) as url:
        cluster = Cluster(Address(url, None, trusted), "node-1", clock, PAUSE_S)
        cluster.start()
        wait_until(lambda: any("CERTIFICATE_VERIFY_FAILED" in each for each in cluster.faults))
        trusted.write_bytes(ours.file.read_bytes())  # it is replaced on disk, as tokens are
        wait_until(lambda: not cluster.faults)
        assert cluster.view().pod_in("u-1") is not None
        cluster.close()


def test_a_static_pod_is_found_by_the_hash_in_its_groups() -> None:
    mirror = pod("etcd-node-1", "u-7", annotations={"kubernetes.io/config.hash": "ab" * 16})
    assert pod_of(mirror)[1].group == "ab" * 16


def test_containers_that_have_not_started_have_no_id() -> None:
    waiting = pod("a", "u-1")
    waiting["status"]["containerStatuses"] = [{"name": "main", "containerID": ""}]
    waiting["status"]["initContainerStatuses"] = [{"name": "init", "containerID": "cri-o://c-2"}]
    assert pod_of(waiting)[1].containers == {"c-2": "init"}


@pytest.mark.parametrize("body", ["no json", "[]", json.dumps({"items": [{"metadata": {}}]})])
def test_an_answer_that_is_none_is_a_fault_and_asked_for_again(body: str, clock: Clock) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(PAUSE_S,))
        thread.start()
        address = Address(f"http://127.0.0.1:{server.server_port}", None, None)
        cluster = Cluster(address, "node-1", clock, PAUSE_S)
        cluster.start()
        wait_until(lambda: any("expected" in each for each in cluster.faults))
        assert cluster.pods.objects is None
        cluster.close()
        server.shutdown()
        thread.join()


def test_metadata_is_all_that_is_asked_of_namespaces() -> None:
    assert "PartialObjectMetadata" in Collection(SPACES, is_metadata_only=True).accept()
    assert Collection(PODS).accept() == "application/json"


def test_a_server_that_is_not_there_is_a_fault_in_words() -> None:
    with pytest.raises(ApiServerSilent, match="No such file"):
        ApiServer(Address("http://127.0.0.1:1", Path("/no/token"), None)).page(
            Collection(PODS), 1, ""
        )

"""Brokers of a cluster killed, restarted, paused, rolled: one at a time, as its replicas bear."""

from functools import partial

from tests.servers.apache_kafka import Cluster
from tests.servers.kafka_node import Node
from tests.system.abuse import Abuse

DOWN_S = 9.0  # longer than its session: it is given up, its partitions led by others
PAUSED_S = 10.0  # beyond the session of a broker (6 s) and of a worker (6 s)


def kills_and_pauses(abuse: Abuse, cluster: Cluster) -> None:
    """Plan: kill a node, kill the controller, pause a node beyond its session, roll all three."""
    abuse.at(6, "kill a broker", partial(kill, abuse, cluster, controls=False))
    abuse.at(24, "kill the controller", partial(kill, abuse, cluster, controls=True), alone=True)
    abuse.at(42, "pause a broker", partial(pause, abuse, cluster), alone=True)
    abuse.at(58, "roll", partial(roll, abuse, cluster, list(cluster.nodes)), alone=True)


def kill(abuse: Abuse, cluster: Cluster, *, controls: bool) -> None:
    """Kill a node, and start it again in a while."""
    controller = cluster.controller()
    others = [node for node in cluster.nodes if node is not controller]
    node = controller if controls else abuse.random.choice(others)
    node.kill()
    abuse.after_s(DOWN_S, f"starting broker {node.number}", partial(start, abuse, cluster, node))


def pause(abuse: Abuse, cluster: Cluster) -> None:
    """Stop a node where it stands, and let it go on, not knowing, when it was given up."""
    node = abuse.random.choice(cluster.nodes)
    node.pause()
    abuse.after_s(PAUSED_S, f"resuming broker {node.number}", node.resume)


def roll(abuse: Abuse, cluster: Cluster, left: list[Node]) -> None:
    """Restart nodes one after the other, in order, each once the one before is back."""
    if left:
        node = left.pop()
        node.stop()
        abuse.note(f"stopped broker {node.number}")
        start(abuse, cluster, node)
        abuse.later(cluster.is_whole, "next", partial(roll, abuse, cluster, left))


def start(abuse: Abuse, cluster: Cluster, node: Node) -> None:
    """Start a node, and remember when the cluster is whole again."""
    node.start()
    abuse.later(cluster.is_whole, "cluster whole", lambda: None)

"""The plan of a cluster and the `server.properties` of node i of n: pure functions."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from kafkalab.errors import KafkaLabError
from kafkalab.runtime.ports import HOST

ALL_INTERFACES = "0.0.0.0"  # noqa: S104 - inside a container; published on 127.0.0.1 only
CONTAINER_CLIENT_PORT = 9092
CONTAINER_INTERNAL_PORT = 19092
CONTAINER_CONTROLLER_PORT = 9093
CONTAINER_METRICS_PORT = 9404
CONTAINER_LOG_DIR = "/var/lib/kafka/data"


@dataclass(frozen=True)
class Address:
    """A host and a TCP port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True)
class NodePlan:
    """Where one node binds and how others reach it.

    Attributes
    ----------
    node_id : int
        1, 2, 3: Kafka's `node.id`.
    client_bind, internal_bind, controller_bind : Address
        What the node's three listeners bind.
    client : Address
        What clients on this machine use: always 127.0.0.1 and a host port.
    internal, controller : Address
        What other nodes and the console tools use.
    log_dir : str
        The folder of the node's data, as the node sees it.
    metrics : Address or None
        Where its JMX exporter answers on this machine; None where it carries none.
    """

    node_id: int
    client_bind: Address
    client: Address
    internal_bind: Address
    internal: Address
    controller_bind: Address
    controller: Address
    log_dir: str
    metrics: Address | None = None


@dataclass(frozen=True)
class ClusterPlan:
    """Everything that is decided before the first node starts.

    Attributes
    ----------
    label : str
        Names the cluster's containers, network, processes and folder: found by it, removed by it.
    cluster_id : str
        Kafka's `cluster.id` (a URL-safe base64 UUID).
    port_base : int
        Host ports are `port_base` + 1…9; node i's client port is `port_base` + i, unless the
        plan was made with client ports of its own.
    nodes : tuple of NodePlan
    config : mapping of str to str
        Broker settings that the user added; they win over this module's.
    """

    label: str
    cluster_id: str
    port_base: int
    nodes: tuple[NodePlan, ...]
    config: Mapping[str, str] = field(default_factory=dict)

    @property
    def bootstrap_servers(self) -> str:
        return ",".join(str(node.client) for node in self.nodes)

    @property
    def internal_servers(self) -> str:
        return ",".join(str(node.internal) for node in self.nodes)

    @property
    def controllers(self) -> dict[int, str]:
        """Node id → where its controller listens."""
        return {node.node_id: str(node.controller) for node in self.nodes}

    @property
    def metrics_urls(self) -> dict[int, str]:
        """Node id → where its JMX exporter answers; empty where the nodes carry none."""
        return {
            node.node_id: f"http://{node.metrics}/metrics"
            for node in self.nodes
            if node.metrics is not None
        }

    def node(self, node_id: int) -> NodePlan:
        return next(node for node in self.nodes if node.node_id == node_id)


def check_broker_count(brokers: object) -> int:
    """Return 1 or 3; anything else is refused with the reason."""
    if isinstance(brokers, int) and not isinstance(brokers, bool) and brokers in (1, 3):
        return brokers
    why = (
        "2 brokers cannot lose one and keep a majority of controllers"
        if brokers == 2
        else ("a lab cluster has 1 broker or 3")
    )
    raise KafkaLabError(
        f"brokers={brokers!r} is not possible: {why}.",
        fix="write KafkaCluster() for one broker or KafkaCluster(brokers=3) for three",
    )


def new_cluster_id() -> str:
    """A random Kafka `cluster.id`, never with a dash first: tools would take it for a flag."""
    while True:
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not text.startswith("-"):
            return text


def plan_processes(
    label: str,
    cluster_id: str,
    port_base: int,
    log_dirs: tuple[str, ...],
    config: Mapping[str, str],
    client_ports: Sequence[int] = (),
) -> ClusterPlan:
    """Plan nodes that are processes of this machine: all three listeners are host ports."""
    nodes = []
    for i, log_dir in enumerate(log_dirs, start=1):
        client = Address(HOST, client_ports[i - 1] if client_ports else port_base + i)
        internal, controller = (Address(HOST, port_base + i + 3 * k) for k in (1, 2))
        nodes.append(
            NodePlan(i, client, client, internal, internal, controller, controller, log_dir)
        )
    return ClusterPlan(label, cluster_id, port_base, tuple(nodes), dict(config))


def plan_containers(
    label: str,
    cluster_id: str,
    port_base: int,
    brokers: int,
    config: Mapping[str, str],
    client_ports: Sequence[int] = (),
) -> ClusterPlan:
    """Plan nodes that are containers: one published host port each, the rest on their network."""
    nodes = []
    for i in range(1, brokers + 1):
        name = f"broker-{i}"
        nodes.append(
            NodePlan(
                node_id=i,
                client_bind=Address(ALL_INTERFACES, CONTAINER_CLIENT_PORT),
                client=Address(HOST, client_ports[i - 1] if client_ports else port_base + i),
                internal_bind=Address(ALL_INTERFACES, CONTAINER_INTERNAL_PORT),
                internal=Address(name, CONTAINER_INTERNAL_PORT),
                controller_bind=Address(ALL_INTERFACES, CONTAINER_CONTROLLER_PORT),
                controller=Address(name, CONTAINER_CONTROLLER_PORT),
                log_dir=CONTAINER_LOG_DIR,
            )
        )
    return ClusterPlan(label, cluster_id, port_base, tuple(nodes), dict(config))


def metrics_offsets(brokers: int) -> list[int]:
    """Which of the ten ports of a cluster's exporters are used: 9404 and so on, by their end."""
    return [CONTAINER_METRICS_PORT % 10 + i for i in range(brokers)]


def with_exporters(plan: ClusterPlan, metrics_base: int) -> ClusterPlan:
    """The plan with a JMX exporter on each node; as it is where no ports are reserved for them."""
    if not metrics_base:
        return plan
    offsets = metrics_offsets(len(plan.nodes))
    nodes = (
        replace(node, metrics=Address(HOST, metrics_base + offset))
        for node, offset in zip(plan.nodes, offsets, strict=True)
    )
    return replace(plan, nodes=tuple(nodes))


def node_properties(plan: ClusterPlan, node: NodePlan) -> dict[str, str]:
    """The broker settings of `node`, in the order in which they are written.

    Replication factors follow the number of nodes: min(3, n), and min(2, n) in sync.
    The short election and heartbeat times start a cluster faster
    (https://kafka.apache.org/documentation/#brokerconfigs has the defaults).
    """
    n = len(plan.nodes)
    factor, in_sync = str(min(3, n)), str(min(2, n))
    voters = ",".join(f"{peer.node_id}@{peer.controller}" for peer in plan.nodes)
    listeners = {
        "CLIENT": node.client_bind,
        "INTERNAL": node.internal_bind,
        "CONTROLLER": node.controller_bind,
    }
    properties = {
        "process.roles": "broker,controller",
        "node.id": str(node.node_id),
        "controller.quorum.voters": voters,
        "listeners": ",".join(f"{name}://{bind}" for name, bind in listeners.items()),
        "advertised.listeners": f"CLIENT://{node.client},INTERNAL://{node.internal}",
        "listener.security.protocol.map": ",".join(f"{name}:PLAINTEXT" for name in listeners),
        "inter.broker.listener.name": "INTERNAL",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": node.log_dir,
        "offsets.topic.replication.factor": factor,
        "transaction.state.log.replication.factor": factor,
        "transaction.state.log.min.isr": in_sync,
        "share.coordinator.state.topic.replication.factor": factor,
        "share.coordinator.state.topic.min.isr": in_sync,
        # one partition each is enough for a lesson, and a broker starts and stops faster with few
        "offsets.topic.num.partitions": "1",
        "transaction.state.log.num.partitions": "1",
        "share.coordinator.state.topic.num.partitions": "1",
        # the default, 128 MiB, is filled with zeros at every start
        "log.cleaner.dedupe.buffer.size": "8388608",
        "group.initial.rebalance.delay.ms": "0",
        "controller.quorum.election.timeout.ms": "200",
        "broker.heartbeat.interval.ms": "200",
        "group.consumer.min.heartbeat.interval.ms": "500",
        "group.consumer.heartbeat.interval.ms": "500",
        "group.share.min.heartbeat.interval.ms": "500",
        "group.share.heartbeat.interval.ms": "500",
    }
    return {**properties, **plan.config}

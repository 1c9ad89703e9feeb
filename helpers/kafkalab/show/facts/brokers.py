"""Who runs, who is controller, and which partitions each broker leads and follows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kafkalab.backends.protocol import ToolProcess
from kafkalab.common.deadline import Deadline
from kafkalab.errors import KafkaLabError
from kafkalab.queries.topics import Topic, list_all

if TYPE_CHECKING:
    from kafkalab.backends.protocol import OfficialTools
    from kafkalab.cluster.cluster import KafkaCluster

METADATA_SECONDS = 4.0
BUSY_SECONDS = 20.0
"""Where every broker runs."""
CONTROLLER_SECONDS = 30.0
"""From the start of the question, so both together take no longer than this. Only controllers that
run are asked; on a busy machine the tool, a JVM, takes ten seconds to start."""

REQUEST_MS, METADATA_MS = 3000, 1000
"""How long the tool waits for one controller, and how old what it knows may be: by default it asks
a controller that was active, and is paused, again and again."""

RUNNING = "running"


@dataclass(frozen=True)
class Held:
    """A broker's replicas of one topic.

    Attributes
    ----------
    topic : str
    partitions : tuple of int
    """

    topic: str
    partitions: tuple[int, ...]


@dataclass(frozen=True)
class Node:
    """One broker, as its process and the cluster's metadata tell.

    Attributes
    ----------
    node_id : int
    state : str
        running, paused or stopped; of an existing cluster's broker: what the backend says.
    listed : bool or None
        Whether the cluster's metadata names it; None where no broker answered.
    leads, follows, behind : tuple of Held
        Replicas that lead, that follow in sync, and that are not in sync.
    """

    node_id: int
    state: str
    listed: bool | None
    leads: tuple[Held, ...] = ()
    follows: tuple[Held, ...] = ()
    behind: tuple[Held, ...] = ()


@dataclass(frozen=True)
class ClusterFacts:
    """A cluster as it is now.

    Attributes
    ----------
    nodes : tuple of Node
        By node id.
    controller : int or None
        The active controller's node id; None where none was told.
    controller_asked : bool
        False for an existing cluster, whose controller is not asked for.
    topics : tuple of Topic or None
        Without offsets; None where no broker answered.
    """

    nodes: tuple[Node, ...]
    controller: int | None
    controller_asked: bool
    topics: tuple[Topic, ...] | None

    @property
    def running(self) -> int:
        return sum(node.state == RUNNING for node in self.nodes)

    @property
    def majority(self) -> int:
        """How many controllers have to run; here each broker is one."""
        return len(self.nodes) // 2 + 1


def collect_brokers(cluster: KafkaCluster) -> ClusterFacts:
    """The cluster as it is now, within `CONTROLLER_SECONDS`."""
    states = {broker.node_id: broker.state for broker in cluster.brokers}
    tools = cluster.official_tools()
    controllers = tools.controllers if tools else {}
    asked = running_controllers(controllers, states)
    deadline = Deadline(CONTROLLER_SECONDS)
    # a client's metadata names any broker as controller: only the quorum knows the real one
    question = _ask_quorum(tools, asked) if tools and len(asked) * 2 > len(controllers) else None
    busy = 0 < len(asked) == len(controllers)  # all run: who does not answer is busy
    try:
        brokers, topics = _metadata(cluster, BUSY_SECONDS if busy else METADATA_SECONDS)
        controller = _controller(question, deadline) if question is not None else None
    finally:
        if question is not None:
            question.kill()
    return facts(states, brokers, topics, controller, asked=bool(controllers))


def all_run(cluster: object) -> bool:
    """Whether every broker runs, so that one that does not answer only waits for processor time.

    False where that cannot be seen: of an existing cluster, and where the engine does not answer.
    """
    from kafkalab.cluster.cluster import KafkaCluster

    try:
        if not isinstance(cluster, KafkaCluster) or cluster.backend == "existing":
            return False
        return all(broker.state == RUNNING for broker in cluster.brokers)
    except KafkaLabError:
        return False


def facts(
    states: Mapping[int, str],
    listed: Iterable[int] | None,
    topics: tuple[Topic, ...] | None,
    controller: int | None,
    *,
    asked: bool,
) -> ClusterFacts:
    """Put together what the backend, the metadata and the quorum told."""
    known = None if listed is None else set(listed)
    ids = sorted({*states, *(known or set())})
    return ClusterFacts(
        tuple(
            Node(
                node_id,
                states.get(node_id, RUNNING),
                None if known is None else node_id in known,
                *_replicas(node_id, topics or ()),
            )
            for node_id in ids
        ),
        controller if states.get(controller or 0) == RUNNING else None,
        asked,
        topics,
    )


def _replicas(node_id: int, topics: Iterable[Topic]) -> tuple[tuple[Held, ...], ...]:
    leads: list[Held] = []
    follows: list[Held] = []
    behind: list[Held] = []
    for topic in topics:
        mine = [p for p in topic.partitions if node_id in p.replicas]
        for found, chosen in (
            (leads, [p for p in mine if p.leader == node_id]),
            (follows, [p for p in mine if p.leader != node_id and node_id in p.in_sync]),
            (behind, [p for p in mine if p.leader != node_id and node_id not in p.in_sync]),
        ):
            if chosen:
                found.append(Held(topic.name, tuple(p.number for p in chosen)))
    return tuple(leads), tuple(follows), tuple(behind)


def _metadata(
    cluster: KafkaCluster, seconds: float
) -> tuple[tuple[int, ...] | None, tuple[Topic, ...] | None]:
    try:
        return list_all(cluster, Deadline(seconds))
    except KafkaLabError:  # a picture of a cluster that does not answer says so
        return None, None


def running_controllers(
    controllers: Mapping[int, str], states: Mapping[int, str]
) -> tuple[str, ...]:
    """The addresses of the controllers that run."""
    return tuple(at for node_id, at in controllers.items() if states[node_id] == RUNNING)


def _ask_quorum(tools: OfficialTools, controllers: Iterable[str]) -> ToolProcess:
    """Ask the controllers that run.

    Not the brokers: they pass the question on, and for half a minute to a controller that was
    active and does not answer any more. The tool does so too, if it is not given less time: those
    that run may not have noticed yet.
    """
    from kafkalab.lines.calls import PrivateFile, ToolCall

    where = ("--bootstrap-controller", ",".join(controllers))
    text = f"request.timeout.ms={REQUEST_MS}\nmetadata.max.age.ms={METADATA_MS}\n"
    impatient = PrivateFile("quorum.properties", text, client=True)
    asked = (*where, "--command-config", impatient, "describe", "--status")
    return tools.run_tool(ToolCall("kafka-metadata-quorum.sh", asked))


def _controller(question: ToolProcess, deadline: Deadline) -> int | None:
    for line in question.lines(deadline.remaining):
        name, _, value = line.partition(":")
        if name.strip() == "LeaderId" and value.strip().isdigit():
            return int(value)
    return None

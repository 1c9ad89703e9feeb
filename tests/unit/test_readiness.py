"""What is said of a broker that does not come up: of this broker, and of this start."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from kafkalab.backends import readiness
from kafkalab.backends.protocol import Backend
from kafkalab.cluster.broker import start_again
from kafkalab.common.deadline import Deadline
from kafkalab.errors import KafkaLabError
from kafkalab.runtime.ports import PortTakenError
from kafkalab.runtime.program import ProgramState

EARLIER = "Address already in use\nToo many open files\nNo space left on device\n"


@dataclass
class Node:
    """A program that writes one line at each start."""

    text: str = ""
    line: str = "a wrong setting\n"
    state: ProgramState = ProgramState.STOPPED
    starts_as: ProgramState = ProgramState.STOPPED

    def start(self) -> None:
        self.text += self.line
        self.state = self.starts_as

    def log(self) -> str:
        return self.text


@dataclass
class Nodes:
    """A backend of three nodes that has none of Kafka's."""

    folder: Path
    nodes: dict[int, Node] = field(
        default_factory=lambda: {n: Node(state=ProgramState.RUNNING) for n in (1, 2, 3)}
    )
    name: str = "docker"

    @property
    def client_config(self) -> dict[str, str]:
        # nobody listens on these
        return {"bootstrap.servers": ",".join(f"127.0.0.1:{n}" for n in self.nodes)}

    @property
    def node_ids(self) -> list[int]:
        return sorted(self.nodes)

    def node(self, node_id: int) -> Node:
        return self.nodes[node_id]

    def guarded_folder(self) -> Path:
        return self.folder

    def wait_for_node(self, node_id: int, deadline: Deadline, before: int) -> None:
        readiness.wait_for_node(cast("Backend", self), node_id, deadline, before)


def started_again(nodes: Nodes, node_id: int, timeout: float = 0.2) -> KafkaLabError:
    with pytest.raises(KafkaLabError) as caught:
        start_again(cast("Backend", nodes), node_id, timeout)
    return caught.value


@pytest.fixture
def nodes(tmp_path: Path) -> Nodes:
    return Nodes(tmp_path)


@pytest.mark.parametrize("earlier", ["", *EARLIER.splitlines(keepends=True)])
def test_an_earlier_start_explains_nothing_of_this_one(nodes: Nodes, earlier: str) -> None:
    nodes.nodes[3] = Node(earlier)
    error = started_again(nodes, 3)
    assert error.what == "Broker 3 ended while it was starting."
    assert error.log == ("a wrong setting",)


def test_a_port_that_was_taken_meanwhile_is_not_tried_again(nodes: Nodes) -> None:
    nodes.nodes[2] = Node(line="java.net.BindException: Address already in use\n")
    error = started_again(nodes, 2)
    assert error.what == "A port of broker 2 was taken while it was down."
    assert not isinstance(error, PortTakenError)


def test_a_new_cluster_is_given_other_ports(nodes: Nodes) -> None:
    nodes.nodes[2] = Node("Address already in use")
    with pytest.raises(PortTakenError, match=r"A port of broker 2 was taken by another program\."):
        readiness.wait_until_ready(cast("Backend", nodes), {}, Deadline(0.2))


@pytest.mark.parametrize("count", [1, 3])
def test_one_that_is_late_keeps_its_data(nodes: Nodes, count: int) -> None:
    nodes.nodes = {n: Node("of another\n", state=ProgramState.RUNNING) for n in range(1, count)}
    nodes.nodes[count] = Node("earlier\n", "loading\n", starts_as=ProgramState.RUNNING)
    error = started_again(nodes, count)
    assert error.what.startswith(f"Broker {count} did not come up within 0.2 seconds")
    assert error.tried == f"to start broker {count} on the docker backend"
    assert f"cluster.start_broker({count}, timeout=180)" in error.fix
    assert error.log == ("loading",)


def test_a_cluster_that_is_late_is_told_as_one(nodes: Nodes) -> None:
    with pytest.raises(KafkaLabError, match=r"The cluster did not come up") as caught:
        readiness.wait_until_ready(cast("Backend", nodes), {}, Deadline(0.2))
    assert caught.value.tried == "to start 3 broker(s) on the docker backend"
    assert "KafkaCluster().start(timeout=180)" in caught.value.fix


def test_a_paused_broker_is_resumed_and_not_started(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wait(*arguments: Any) -> None:
        raise AssertionError("nothing to wait for")

    monkeypatch.setattr(readiness, "wait_for_node", wait)
    nodes.nodes[3].state = ProgramState.PAUSED
    error = started_again(nodes, 3)
    assert re.fullmatch(r"Broker 3 is paused\.", error.what)
    assert error.fix == "cluster.resume_broker(3)"

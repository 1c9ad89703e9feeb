"""The life of a cluster, the same on processes and on Docker."""

from __future__ import annotations

import os
import re
import signal
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from kafkalab import KafkaCluster, wait_until
from kafkalab.backends import readiness
from kafkalab.backends.choice import BackendName
from kafkalab.backends.protocol import Backend
from kafkalab.common.deadline import Deadline
from kafkalab.common.interrupts import uninterrupted
from kafkalab.errors import KafkaLabError
from kafkalab.runtime import ports, registry
from kafkalab.runtime.ports import HOST
from kafkalab.settings import Settings
from tests import life

SECONDS = 60


@pytest.fixture
def settings(backend: BackendName, tmp_path: Path) -> Settings:
    """A cache without other clusters, so that what is left can be seen."""
    return replace(life.lab_settings(tmp_path / "cache"), backend=backend)


def write(cluster: KafkaCluster, topic: str, values: Sequence[str]) -> None:
    failures: list[object] = []
    producer = Producer({**cluster.client_config, "enable.idempotence": True})  # in this order
    for value in values:
        producer.produce(
            topic, value, on_delivery=lambda error, _: failures.append(error) if error else None
        )
    assert producer.flush(SECONDS) == 0
    assert failures == []


def read(cluster: KafkaCluster, topic: str, count: int) -> list[str]:
    consumer = Consumer(
        {**cluster.client_config, "group.id": topic, "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([topic])
    values: list[str] = []
    deadline = Deadline(SECONDS)
    try:
        while len(values) < count and not deadline.passed:
            message = consumer.poll(1.0)
            if message is not None and message.error():
                raise KafkaException(message.error())
            if message is not None:
                values.append((message.value() or b"").decode())
    finally:
        consumer.close()
    return values


def create(cluster: KafkaCluster, topic: str, copies: int) -> None:
    admin = AdminClient(cluster.client_config)
    admin.create_topics([NewTopic(topic, 1, copies)])[topic].result(SECONDS)


# --- one broker -------------------------------------------------------------------------------


def test_with_starts_and_leaves_nothing(settings: Settings) -> None:
    with KafkaCluster(settings=settings) as cluster:
        assert cluster.backend == settings.backend
        assert cluster.backend_reason == "it was asked for"
        assert re.fullmatch(r"127\.0\.0\.1:\d+", cluster.bootstrap_servers)
        assert cluster.client_config == {"bootstrap.servers": cluster.bootstrap_servers}
        assert [(b.node_id, b.state) for b in cluster.brokers] == [(1, "running")]
        # it answers a little before it writes this
        wait_until("it says so", lambda: "Kafka Server started" in cluster.logs(1), SECONDS)
        assert len(cluster.logs(1, last=3).splitlines()) == 3
        write(cluster, "events", ["event #1", "event #2"])
        assert read(cluster, "events", 2) == ["event #1", "event #2"]
        assert life.traces(settings) != []
    assert life.nothing_left(settings) == []
    assert repr(cluster) == "KafkaCluster(brokers=1), stopped"


def test_its_folders_are_new_each_time_and_go_with_it(settings: Settings) -> None:
    with KafkaCluster(settings=settings) as cluster:
        folders = [cluster.folder("files"), cluster.folder("files")]
        assert [list(folder.iterdir()) for folder in folders] == [[], []]
        assert folders[0] != folders[1]
        (folders[0] / "a.txt").write_text("a")
        for name in ("", "..", "a/b", 3):
            with pytest.raises(KafkaLabError, match="not the name of a folder"):
                cluster.folder(name)  # type: ignore[arg-type]
    assert not any(folder.exists() for folder in folders)
    with pytest.raises(KafkaLabError, match="stopped"):
        cluster.folder("files")


def test_an_error_in_the_block_leaves_nothing(settings: Settings) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        KafkaCluster(settings=settings) as cluster,
    ):
        raise ZeroDivisionError(cluster.bootstrap_servers)
    assert life.nothing_left(settings) == []


def test_a_cell_that_runs_again_holds_one_cluster(settings: Settings) -> None:
    first = KafkaCluster(settings=settings).start()
    address = first.bootstrap_servers
    assert first.start() is first, "a started cluster is returned as it is"
    assert first.bootstrap_servers == address
    second = KafkaCluster(settings=settings).start()
    assert first.is_replaced
    try:
        assert not second.is_replaced
        assert len(list(registry.records(settings.run_dir))) == 1
        with pytest.raises(KafkaLabError, match="stopped"):
            _ = first.bootstrap_servers
        first.stop()
        write(second, "events", ["still here"])
    finally:
        second.stop()
        second.stop()
    assert first.is_replaced, "also when the one in its place is stopped"
    assert life.nothing_left(settings) == []


def test_names_hold_two_clusters(settings: Settings) -> None:
    with (
        KafkaCluster(settings=settings, name="one") as one,
        KafkaCluster(settings=settings, name="two") as two,
    ):
        assert one.bootstrap_servers != two.bootstrap_servers
        assert {r.name for r in registry.records(settings.run_dir)} == {"one", "two"}
        write(one, "events", ["of one"])
        write(two, "events", ["of two"])
        assert read(one, "events", 1) == ["of one"]
    assert life.nothing_left(settings) == []


def test_a_stopped_cluster_starts_again_and_is_new(settings: Settings) -> None:
    cluster = KafkaCluster(settings=settings)
    try:
        cluster.start()
        write(cluster, "events", ["before"])
        cluster.stop()
        cluster.start()
        assert "events" not in AdminClient(cluster.client_config).list_topics(timeout=20).topics
    finally:
        cluster.stop()


def test_config_reaches_the_broker(settings: Settings) -> None:
    with KafkaCluster(
        settings=settings, config={"num.partitions": 5, "auto.leader.rebalance.enable": False}
    ) as cluster:
        write(cluster, "events", ["x"])
        topics = AdminClient(cluster.client_config).list_topics(timeout=20).topics
        assert len(topics["events"].partitions) == 5
        assert "auto.leader.rebalance.enable = false" in cluster.logs(1)


def test_a_port_that_is_taken_meanwhile_means_another_plan(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program binds a port between the look and the broker's own bind."""
    taken: list[socket.socket] = []
    real = ports.reserve_ports

    def reserve(*arguments: Any) -> int:
        base = real(*arguments)
        if not taken:
            taken.append(socket.create_server((HOST, base + 1)))
        return base

    monkeypatch.setattr(ports, "reserve_ports", reserve)
    try:
        with KafkaCluster(settings=settings) as cluster:
            lost = taken[0].getsockname()[1]
            assert not cluster.bootstrap_servers.endswith(f":{lost}")
            write(cluster, "events", ["x"])
            assert len(list(registry.records(settings.run_dir))) == 1
            locks = {lock.name for lock in (settings.run_dir / "ports").iterdir()}
            assert str(lost - 1) not in locks, "the refused ports are given back"
    finally:
        for server in taken:
            server.close()
    assert life.nothing_left(settings) == []


# --- ctrl-C -----------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
def test_ctrl_c_during_start_leaves_nothing_and_the_cluster_can_start(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = KafkaCluster(settings=settings)
    pressed: list[bool] = []
    wait = readiness.wait_until_ready

    def pressed_while_waiting(
        backend: Backend,
        config: Mapping[str, str],
        deadline: Deadline,
        before: Mapping[int, int],
    ) -> None:
        if not pressed:
            pressed.append(True)
            os.kill(os.getpid(), signal.SIGINT)
        wait(backend, config, deadline, before)

    monkeypatch.setattr(readiness, "wait_until_ready", pressed_while_waiting)
    with pytest.raises(KeyboardInterrupt):
        cluster.start()
    assert pressed
    assert life.nothing_left(settings) == []
    with cluster:
        write(cluster, "events", ["x"])
    assert life.nothing_left(settings) == []


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
def test_ctrl_c_during_stop_is_heeded_after_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = KafkaCluster(settings=settings).start()
    pressed: list[bool] = []
    backend = cluster._live
    remove = backend.remove

    def pressed_while_removing() -> None:
        if not pressed:
            pressed.append(True)
            os.kill(os.getpid(), signal.SIGINT)
        remove()

    monkeypatch.setattr(backend, "remove", pressed_while_removing)
    with pytest.raises(KeyboardInterrupt):
        cluster.stop()
    assert pressed
    assert life.nothing_left(settings) == []
    cluster.stop()


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
def test_uninterrupted_holds_ctrl_c_back_in_every_nesting() -> None:
    steps = []
    before = signal.getsignal(signal.SIGINT)

    def nested() -> None:
        with uninterrupted():
            with uninterrupted():
                os.kill(os.getpid(), signal.SIGINT)
                steps.append("inner")
            steps.append("outer")

    with pytest.raises(KeyboardInterrupt):
        nested()
    assert steps == ["inner", "outer"]
    assert signal.getsignal(signal.SIGINT) == before


# --- three brokers ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def three(backend: BackendName) -> Iterator[KafkaCluster]:
    with KafkaCluster(brokers=3, backend=backend, name=f"three-{backend}") as cluster:
        yield cluster


def states(cluster: KafkaCluster) -> list[str]:
    return [broker.state for broker in cluster.brokers]


def test_three_brokers_share_a_topic(three: KafkaCluster) -> None:
    assert [b.node_id for b in three.brokers] == [1, 2, 3]
    assert len(set(three.bootstrap_servers.split(","))) == 3
    create(three, "shared", copies=3)
    write(three, "shared", ["a", "b"])
    assert read(three, "shared", 2) == ["a", "b"]


def test_a_killed_broker_comes_back_with_its_data(three: KafkaCluster) -> None:
    create(three, "killed", copies=3)
    write(three, "killed", ["before"])
    three.kill_broker(2)
    assert states(three) == ["running", "stopped", "running"]
    three.kill_broker(2)
    write(three, "killed", ["meanwhile"])
    three.start_broker(2)
    three.start_broker(2)
    assert states(three) == ["running"] * 3
    assert_caught_up(three, "killed", 2)
    assert read(three, "killed", 2) == ["before", "meanwhile"]


def test_a_stopped_broker_says_goodbye(three: KafkaCluster) -> None:
    three.stop_broker(3)
    three.stop_broker(3)
    assert states(three) == ["running", "running", "stopped"]
    assert "shut down completed" in three.logs(3)
    three.start_broker(3)
    assert states(three) == ["running"] * 3


def test_a_paused_broker_keeps_its_connections_and_answers_nothing(three: KafkaCluster) -> None:
    create(three, "paused", copies=3)
    address = next(b.address for b in three.brokers if b.node_id == 1)
    three.pause_broker(1)
    three.pause_broker(1)
    try:
        assert states(three) == ["paused", "running", "running"]
        with socket.create_connection((HOST, int(address.split(":")[1])), timeout=5):
            pass
        with pytest.raises(KafkaException):
            AdminClient({"bootstrap.servers": address}).list_topics(timeout=2)
        write(three, "paused", ["without it"])
    finally:
        three.resume_broker(1)
    three.resume_broker(1)
    assert states(three) == ["running"] * 3
    assert_caught_up(three, "paused", 1)


def test_a_paused_broker_can_be_stopped(three: KafkaCluster) -> None:
    three.pause_broker(2)
    three.stop_broker(2)
    assert states(three) == ["running", "stopped", "running"]
    three.start_broker(2)


@pytest.mark.parametrize("node_id", [0, 4, "2", None, True, 1.5])
def test_an_unknown_broker_is_refused(three: KafkaCluster, node_id: object) -> None:
    calls: list[Callable[[Any], object]] = [
        three.kill_broker,
        three.stop_broker,
        three.pause_broker,
        three.resume_broker,
        three.start_broker,
        three.logs,
    ]
    for call in calls:
        with pytest.raises(KafkaLabError) as caught:
            call(node_id)
        assert f"no broker {node_id!r}" in caught.value.what
        assert "1, 2, 3" in caught.value.fix
    assert states(three) == ["running"] * 3


def assert_caught_up(cluster: KafkaCluster, topic: str, node_id: int) -> None:
    admin = AdminClient(cluster.client_config)

    def in_sync() -> bool:
        try:
            partition = admin.list_topics(topic, timeout=10).topics[topic].partitions[0]
        except KafkaException:  # on a busy machine one answer may come too late
            return False
        return node_id in partition.isrs

    assert Deadline(SECONDS).wait_for(in_sync, poll=0.2)

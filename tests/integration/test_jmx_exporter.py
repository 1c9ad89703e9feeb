"""Brokers that carry the Prometheus JMX exporter, the same as processes and in containers."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import docker
import psutil
import pytest
import requests
from confluent_kafka import Producer
from prometheus_client.parser import text_string_to_metric_families

from kafkalab import KafkaCluster
from kafkalab.backends import opening
from kafkalab.backends.choice import BackendName
from kafkalab.common.deadline import Deadline
from kafkalab.errors import KafkaLabError
from kafkalab.install import jmx_exporter
from kafkalab.runtime import ports, registry, removal
from kafkalab.runtime.ports import HOST
from kafkalab.settings import Settings
from tests import life
from tests.conftest import skip_or_fail

SECONDS = 120
INCOMING = "kafka_server_brokertopicmetrics_messagesin_total"


@pytest.fixture(scope="module")
def settings(backend: BackendName, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A cache without other runs, whose folder has a name that Java's options could cut."""
    cache = tmp_path_factory.mktemp("exporter") / "a=b, 카프카".replace(",", "")
    return with_exporter(replace(life.lab_settings(cache), backend=backend))


def with_exporter(settings: Settings) -> Settings:
    try:
        jar = jmx_exporter.provide(Settings.from_environment())
    except KafkaLabError as error:
        skip_or_fail(str(error), "jmx-exporter")
    return replace(settings, jmx_exporter=jar)


@pytest.fixture(scope="module")
def three(settings: Settings) -> Iterator[KafkaCluster]:
    cluster = KafkaCluster(3, settings=settings, name="exported", jmx_exporter=True)
    with cluster.start(SECONDS):
        yield cluster


def metrics(url: str) -> dict[tuple[str, tuple[str, ...]], float]:
    """(name, values of its labels) → value, as Prometheus' own parser reads the text."""
    answer = requests.get(url, timeout=30)
    answer.raise_for_status()
    return {
        (sample.name, tuple(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def total(cluster: KafkaCluster, name: str) -> float:
    return sum(metrics(url)[name, ()] for url in cluster.metrics_urls.values())


def produce(cluster: KafkaCluster, topic: str, count: int) -> None:
    with Producer(cluster.client_config) as producer:
        for i in range(count):
            producer.produce(topic, str(i))
        assert producer.flush(SECONDS) == 0


# --- what it tells ----------------------------------------------------------------------------


def test_every_broker_tells_the_same_few_metrics(three: KafkaCluster) -> None:
    produce(three, "told", 1)
    told = {node_id: metrics(url) for node_id, url in three.metrics_urls.items()}
    assert sorted(told) == [broker.node_id for broker in three.brokers]
    for found in told.values():
        for name in (
            INCOMING,
            "kafka_server_brokertopicmetrics_bytesin_total",
            "kafka_server_replicamanager_underreplicatedpartitions",
            "kafka_controller_kafkacontroller_activecontrollercount",
            "kafka_server_raft_metrics_current_leader",
        ):
            assert (name, ()) in found
        for latency in (
            ("kafka_network_requestmetrics_totaltimems", ("0.50", "Produce")),
            ("kafka_network_requestmetrics_requests_total", ("Produce",)),
            ("jvm_memory_used_bytes", ("heap",)),
        ):
            assert latency in found
        assert found["kafka_server_kafkaserver_brokerstate", ()] == 3
        assert 100 < len(found) < 300, "what a reader can scan"
        assert all(name == name.lower() for name, _ in found)

    def agree() -> bool:  # three scrapes are not one moment: an election may lie between them
        told.update({node_id: metrics(url) for node_id, url in three.metrics_urls.items()})
        active = [float(node) for node, found in told.items() if found[_ACTIVE] == 1]
        return len(active) == 1 and {found[_LEADER] for found in told.values()} == set(active)

    assert Deadline(SECONDS).wait_for(agree, poll=0.2)


_ACTIVE = ("kafka_controller_kafkacontroller_activecontrollercount", ())
_LEADER = ("kafka_server_raft_metrics_current_leader", ())


def test_numbers_move_with_what_is_written(three: KafkaCluster) -> None:
    before = total(three, INCOMING)
    produce(three, "counted", 25)
    assert Deadline(SECONDS).wait_for(lambda: total(three, INCOMING) == before + 25)
    sizes = [
        value
        for url in three.metrics_urls.values()
        for (name, labels), value in metrics(url).items()
        if name == "kafka_log_log_logendoffset" and labels == ("0", "counted")
    ]
    assert max(sizes) == 25


def test_a_broker_that_comes_back_has_it_again(three: KafkaCluster) -> None:
    url = three.metrics_urls[2]
    three.kill_broker(2)
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=10)
    others = [three.metrics_urls[node_id] for node_id in (1, 3)]

    def under_replicated() -> float:
        """Each leader tells of its own partitions."""
        name = "kafka_server_replicamanager_underreplicatedpartitions"
        return sum(metrics(other)[name, ()] for other in others)

    assert Deadline(SECONDS).wait_for(lambda: under_replicated() > 0)
    three.start_broker(2, SECONDS)
    assert metrics(url)["kafka_server_kafkaserver_brokerstate", ()] > 0
    assert Deadline(SECONDS).wait_for(lambda: under_replicated() == 0)


def test_tools_run_beside_it(three: KafkaCluster) -> None:
    """None of them takes the agent, and with it the port, from a broker's own environment."""
    line = "bin/kafka-storage.sh info -c config/server.properties"
    told = three.console(line, timeout=SECONDS, quiet=True)
    assert any("Found log directory:" in text for text in told.output), told.output


def test_it_listens_on_loopback_alone(three: KafkaCluster, settings: Settings) -> None:
    (record,) = registry.records(settings.run_dir)
    if settings.backend == "docker":
        engine = docker.from_env(timeout=60)
        try:
            found = engine.containers.list(
                filters={"label": f"{removal.CLUSTER_LABEL}={record.label}"}
            )
            published = [
                place
                for container in found
                for places in container.attrs["NetworkSettings"]["Ports"].values()
                for place in places or []
            ]
        finally:
            engine.close()
        assert {place["HostIp"] for place in published} == {HOST}
        bound = {int(place["HostPort"]) for place in published}
    else:
        listening = {
            connection.laddr
            for process in removal.labelled_processes(record.label)
            for connection in process.net_connections("inet")
            if connection.status == psutil.CONN_LISTEN
        }
        assert {address.ip.removeprefix("::ffff:") for address in listening} == {HOST}
        bound = {address.port for address in listening}
    assert {int(url.split(":")[2].split("/")[0]) for url in three.metrics_urls.values()} <= bound


# --- and without ------------------------------------------------------------------------------


def test_a_cluster_that_did_not_ask_has_none(cluster: KafkaCluster) -> None:
    with pytest.raises(KafkaLabError, match="carry no JMX exporter") as caught:
        _ = cluster.metrics_urls
    assert "KafkaCluster(jmx_exporter=True)" in caught.value.fix


def test_a_port_that_is_taken_meanwhile_is_passed_over(
    backend: BackendName, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program takes the exporter's first port before the broker binds it."""
    settings = with_exporter(replace(life.lab_settings(tmp_path / "cache"), backend=backend))
    taken: list[socket.socket] = []
    reserve = opening._reserve_metrics

    def stealing(run: object, request: object) -> int:
        base = reserve(run, request)  # type: ignore[arg-type]
        if not taken:
            taken.append(socket.create_server((HOST, base + 4)))
        return base

    monkeypatch.setattr(opening, "_reserve_metrics", stealing)
    cluster = KafkaCluster(settings=settings, name="stolen", jmx_exporter=True)
    try:
        with cluster.start(SECONDS):
            (url,) = cluster.metrics_urls.values()
            assert str(taken[0].getsockname()[1]) not in url
            assert (INCOMING, ()) in metrics(url)
            assert len(list((settings.run_dir / "ports").iterdir())) == 2
    finally:
        for held in taken:
            held.close()
    assert life.nothing_left(settings) == []
    assert ports.ports_free(settings.run_dir, [int(url.split(":")[2].split("/")[0])])

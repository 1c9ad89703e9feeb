"""One start, measured in a process of its own: `python -m benchmarks.one BACKEND BROKERS`.

A fresh process, as a notebook's kernel is: nothing is loaded or checked before. Prints JSON.
`stock` as the backend formats and starts one broker with the release's own flags and settings,
`stock-docker` starts the image as it is.
"""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

import docker
import psutil
from confluent_kafka import Consumer, Producer

from benchmarks.plain import STOCK_SERVER, STOCK_TOOL, Nodes, stock_properties
from kafkalab import KafkaCluster
from kafkalab.common.deadline import Deadline
from kafkalab.install.kafka import provide
from kafkalab.queries import clients
from kafkalab.runtime import docker_engine, removal
from kafkalab.runtime.owner import Owner
from kafkalab.runtime.ports import HOST
from kafkalab.settings import Settings

LIMIT_SECONDS = 120
TOPIC = "first"
MIB = 2**20
STOCK_PORT = 9092
"""The image as it is tells its clients this port."""


def main(backend: str, brokers: int) -> None:
    if backend == "stock":
        result = _stock()
    elif backend == "stock-docker":
        result = _stock_docker()
    else:
        result = _cluster(backend, brokers)
    print(json.dumps(result))


def _cluster(backend: str, brokers: int) -> dict[str, Any]:
    start = time.perf_counter()
    cluster = KafkaCluster(brokers=brokers, backend=backend).start()
    try:
        result = _first_uses(cluster.client_config, start)
        result["rss"] = _memory(backend)
    finally:
        before = time.perf_counter()
        cluster.stop()
        result["stop"] = time.perf_counter() - before
    return result


def _first_uses(client_config: Mapping[str, clients.Setting], start: float) -> dict[str, Any]:
    """The first record that is acknowledged by all replicas, then the first one that is read."""
    failures: list[Any] = []
    producer = Producer({**client_config, "acks": "all"})
    producer.produce(TOPIC, b"one", on_delivery=lambda error, _: failures.append(error))
    assert producer.flush(LIMIT_SECONDS) == 0
    assert failures == [None]
    result: dict[str, Any] = {"first_record": time.perf_counter() - start}
    before = time.perf_counter()
    consumer = Consumer({**client_config, "group.id": "first", "auto.offset.reset": "earliest"})
    consumer.subscribe([TOPIC])
    deadline = Deadline(LIMIT_SECONDS)
    while (message := consumer.poll(0.5)) is None or message.error():
        assert not deadline.passed
    result["first_read"] = time.perf_counter() - before
    consumer.close()
    return result


def _memory(backend: str) -> list[float]:
    """MiB of each broker of this process's cluster."""
    if backend == "docker":
        return [_container_memory(container) for container in _containers()]
    found = []
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if "kafka.Kafka" in child.cmdline():
                found.append(child.memory_info().rss / MIB)
    return found


def _containers() -> Iterator[Any]:
    owner = f"{removal.OWNER_LABEL}={Owner.this_process()}"
    with contextlib.closing(docker.from_env(timeout=60)) as engine:
        yield from engine.containers.list(filters={"label": owner})


def _container_memory(container: Any) -> float:
    """What `docker stats` shows: without the files that the kernel keeps for later."""
    memory = container.stats(stream=False)["memory_stats"]
    cached = memory["stats"].get("inactive_file", memory["stats"].get("total_inactive_file", 0))
    return float(memory["usage"] - cached) / MIB


# --- the release's own start ------------------------------------------------------------------


def _wait_until_answered(client_config: Mapping[str, str]) -> None:
    """As `KafkaCluster.start` waits, without what it does for the first consumer."""
    deadline = Deadline(LIMIT_SECONDS)
    while not deadline.passed:
        with contextlib.suppress(Exception):
            if clients.admin_client(client_config).list_topics(timeout=0.5).brokers:
                return
        time.sleep(0.02)
    raise TimeoutError("the stock broker did not answer")


def _stock() -> dict[str, Any]:
    settings = Settings.from_environment()
    kafka = provide(settings)
    with Nodes(settings, kafka) as nodes:
        properties = nodes.write_properties(1, stock_properties(nodes.ports[1], nodes.log_dir(1)))
        gc_log = f"-Xlog:gc*:file={nodes.folder / 'gc.log'}:time,tags:filecount=10,filesize=100M"
        start = time.perf_counter()
        nodes.format(properties, STOCK_TOOL, "--standalone")
        pid = nodes.start(1, properties, (*STOCK_SERVER, gc_log))
        client_config = {"bootstrap.servers": nodes.bootstrap_servers}
        _wait_until_answered(client_config)
        result = _first_uses(client_config, start)
        result["rss"] = [psutil.Process(pid).memory_info().rss / MIB]
        before = time.perf_counter()
        nodes.stop(1)
        result["stop"] = time.perf_counter() - before
    return result


def _stock_docker() -> dict[str, Any]:
    image = docker_engine.engine_reference(Settings.from_environment().image)
    with contextlib.closing(docker.from_env(timeout=60)) as engine:
        if not Deadline(LIMIT_SECONDS).wait_for(_port_is_free, poll=0.5):
            raise TimeoutError(f"port {STOCK_PORT}, which the image tells its clients, is in use")
        start = time.perf_counter()
        container = engine.containers.create(
            image,
            ports={f"{STOCK_PORT}/tcp": (HOST, STOCK_PORT)},
            labels={
                removal.CLUSTER_LABEL: "kafkalab-bench-stock",
                removal.OWNER_LABEL: str(Owner.this_process()),
            },
            **_formatted_first(engine, image),
        )
        try:
            container.start()
            client_config = {"bootstrap.servers": f"{HOST}:{STOCK_PORT}"}
            _wait_until_answered(client_config)
            result = _first_uses(client_config, start)
            result["rss"] = [_container_memory(container)]
            before = time.perf_counter()
            container.stop(timeout=60)
            result["stop"] = time.perf_counter() - before
        finally:
            container.remove(v=True, force=True)
    return result


def _port_is_free() -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, STOCK_PORT)) != 0


def _formatted_first(engine: Any, image: str) -> dict[str, Any]:
    """The official image formats by itself; one whose command is the plain launcher does not."""
    command = engine.images.get(image).attrs["Config"]["Cmd"] or []
    if not command or not command[0].endswith("kafka-server-start.sh"):
        return {}
    bin_folder, config = "/opt/kafka/bin", "/opt/kafka/config/server.properties"
    script = (
        f"{bin_folder}/kafka-storage.sh format --standalone "
        f"-t $({bin_folder}/kafka-storage.sh random-uuid) -c {config} && "
        f"exec {bin_folder}/kafka-server-start.sh {config}"
    )
    return {"command": ["bash", "-c", script]}


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1)

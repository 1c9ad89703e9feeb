"""Applications of Kafka Streams from the official line: `bin/kafka-run-class.sh …`."""

from __future__ import annotations

import contextlib
import struct
import uuid
from collections.abc import Iterator
from pathlib import Path

import docker
import psutil
import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from kafkalab import KafkaCluster, KafkaLabError, read_topic
from kafkalab.backends.containers.nodes import DockerBackend
from kafkalab.backends.processes.nodes import ProcessBackend
from kafkalab.cluster.background import BackgroundTool
from kafkalab.common.deadline import Deadline

SLOW = 180
LINE = "bin/kafka-run-class.sh org.apache.kafka.streams.examples.wordcount.WordCountDemo"
SOURCE, SINK = "streams-plaintext-input", "streams-wordcount-output"
APPLICATION = "streams-wordcount"


@pytest.fixture
def own(backend: str) -> Iterator[KafkaCluster]:
    """A cluster of one broker with the topics of the official quick start."""
    with KafkaCluster(brokers=1, backend=backend, name=f"streams-{uuid.uuid4().hex[:6]}") as made:
        create(made)
        yield made


def create(cluster: KafkaCluster) -> None:
    admin = AdminClient(cluster.client_config)
    compact = NewTopic(SINK, 1, 1, config={"cleanup.policy": "compact"})
    for made in admin.create_topics([NewTopic(SOURCE, 1, 1), compact]).values():
        made.result(timeout=SLOW)


def start(cluster: KafkaCluster, line: str = LINE) -> BackgroundTool:
    demo = cluster.console(line, background=True)
    return demo


def write(cluster: KafkaCluster, text: str) -> None:
    cluster.console(f"bin/kafka-console-producer.sh --topic {SOURCE}", input=f"{text}\n")


def counts(cluster: KafkaCluster, at_least: int) -> list[tuple[str, int]]:
    """Every update in the output topic, once there are so many."""
    updates: list[tuple[str, int]] = []

    def there() -> bool:
        table = read_topic(cluster, SINK)
        values = (struct.unpack(">q", value.encode())[0] for value in table["value"])
        updates[:] = zip((str(key) for key in table["key"]), values, strict=True)
        return len(updates) >= at_least

    assert Deadline(SLOW).wait_for(there), f"only {updates}"
    return updates


def committed(cluster: KafkaCluster) -> int:
    """How many lines the application has done with."""
    with Consumer({**cluster.client_config, "group.id": APPLICATION}) as look:
        (place,) = look.committed([TopicPartition(SOURCE, 0)], timeout=SLOW)
    return max(0, place.offset)


def label_of(cluster: KafkaCluster) -> str:
    backend = cluster._live
    assert isinstance(backend, ProcessBackend | DockerBackend)
    return backend._running_plan.label


def rooms(label: str) -> list[str]:
    """Names of the containers of a cluster that was made of containers."""
    client = docker.from_env()
    try:
        return [str(found.name) for found in client.containers.list(filters={"name": label})]
    finally:
        client.close()


def state_is_there(cluster: KafkaCluster) -> bool:
    """True where the application's folder is in the tools' container or on this machine."""
    folder = f"{cluster._live.state_dir}/{APPLICATION}"
    if cluster.backend == "process":
        return Path(folder).is_dir()
    client = docker.from_env()
    try:
        tools = client.containers.get(f"{label_of(cluster)}-tools")
        return bool(tools.exec_run(["test", "-d", folder]).exit_code == 0)
    finally:
        client.close()


def processes() -> list[psutil.Process]:
    """The demo's processes on this machine that these tests have started: others run it, too."""
    ours = psutil.Process().children(recursive=True)
    return [process for process in ours if LINE.split()[1] in words_of(process)]


def words_of(process: psutil.Process) -> list[str]:
    with contextlib.suppress(psutil.Error):
        return process.cmdline()
    return []


def test_counts_arrive_and_go_on_after_a_restart_and_nothing_is_left(own: KafkaCluster) -> None:
    demo = start(own)
    write(own, "all streams lead to kafka")
    expected = [(word, 1) for word in ("all", "streams", "lead", "to", "kafka")]
    assert counts(own, 5) == expected
    # a busy machine can end its short session, and then it counts again what it has not committed
    assert Deadline(SLOW).wait_for(lambda: committed(own) == 1)
    demo.stop()
    assert not demo.running
    assert state_is_there(own)

    write(own, "hello kafka streams")
    again = start(own)
    assert counts(own, 8) == [*expected, ("hello", 1), ("kafka", 2), ("streams", 2)]
    assert again.running
    assert again.lines == []

    mine, state_dir, label = processes(), Path(own._live.state_dir), label_of(own)
    in_containers = own.backend == "docker"
    assert mine or in_containers
    own.stop()
    assert Deadline(30).wait_for(lambda: not any(process.is_running() for process in mine))
    assert Deadline(30).wait_for(lambda: not again.running)
    assert not state_dir.exists()
    assert not in_containers or rooms(label) == []


def test_an_application_waits_for_nobody_in_a_cell(cluster: KafkaCluster) -> None:
    with pytest.raises(KafkaLabError, match="WordCountDemo runs until it is stopped") as caught:
        cluster.console(LINE)
    assert "background=True" in caught.value.fix


def test_at_least_once_counts_again_after_a_kill(own: KafkaCluster, tmp_path: Path) -> None:
    """Kafka Streams writes its state as it goes, and its place at a commit (notebook 10).

    quixstreams saves both at once, so there the same kill does not spoil the count.
    """
    settings = tmp_path / "streams.properties"
    settings.write_text("commit.interval.ms=600000\n")  # by default every 30 seconds
    demo = start(own, f"{LINE} {settings}")
    write(own, "kafka kafka kafka")
    assert counts(own, 3)[-1] == ("kafka", 3)
    demo._tool.kill()

    again = start(own, f"{LINE} {settings}")
    write(own, "kafka")
    assert Deadline(SLOW).wait_for(lambda: counts(own, 4)[-1][1] > 4), counts(own, 4)
    again.stop()


def test_an_application_that_ends_early_says_why(cluster: KafkaCluster, tmp_path: Path) -> None:
    settings = tmp_path / "wrong.properties"
    settings.write_text("processing.guarantee=exactly_twice\n")
    demo = start(cluster, f"{LINE} {settings}")
    with pytest.raises(KafkaLabError, match="ended and printed 1 of 2 lines") as caught:
        demo.wait_for(2, timeout=SLOW)
    assert "Invalid value exactly_twice for configuration processing.guarantee" in str(caught.value)


def test_an_application_without_its_input_topic_says_so_and_can_be_mended(
    own: KafkaCluster,
) -> None:
    admin = AdminClient(own.client_config)
    admin.delete_topics([SOURCE])[SOURCE].result(timeout=SLOW)
    demo = start(own)
    demo.wait_for(2, timeout=SLOW)
    assert any(f"Missing source topics. [{SOURCE}]" in line for line in demo.lines)
    demo.stop()

    admin.create_topics([NewTopic(SOURCE, 1, 1)])[SOURCE].result(timeout=SLOW)
    write(own, "one")
    again = start(own)
    assert counts(own, 1) == [("one", 1)]
    again.stop()


def test_an_application_runs_against_a_cluster_that_exists(
    own: KafkaCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKALAB_BOOTSTRAP_SERVERS", own.bootstrap_servers)
    with KafkaCluster(backend="existing", name="streams-existing") as there:
        demo = start(there)
        write(own, "one two one")
        assert counts(own, 3) == [("one", 1), ("two", 1), ("one", 2)]
        mine, folder = processes(), Path(there._live.state_dir)
        assert folder.is_dir()
    assert Deadline(30).wait_for(lambda: not any(process.is_running() for process in mine))
    assert Deadline(30).wait_for(lambda: not demo.running)
    assert not folder.exists()

"""The official console tools on a real cluster, from lines as the documentation prints them."""

from __future__ import annotations

import _thread
import json
import re
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from confluent_kafka import Producer
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from kafkalab import KafkaCluster, KafkaLabError
from kafkalab.cluster.background import BackgroundTool
from kafkalab.cluster.console import ToolResult
from kafkalab.common.deadline import Deadline
from kafkalab.releases import CURRENT

SLOW = 180
"""Seconds for what takes a few on a machine that does nothing else."""


def run(cluster: KafkaCluster, line: str, *, input: str = "", timeout: float = SLOW) -> ToolResult:
    return cluster.console(line, input=input, timeout=timeout)


def in_background(cluster: KafkaCluster, line: str) -> BackgroundTool:
    return cluster.console(line, background=True)


@pytest.fixture
def topic(cluster: KafkaCluster) -> str:
    """A new topic that holds two events."""
    name = f"console-{uuid.uuid4().hex[:8]}"
    created = run(cluster, f"bin/kafka-topics.sh --create --topic {name}")
    assert created.output == [f"Created topic {name}."]
    run(cluster, f"bin/kafka-console-producer.sh --topic {name}", input="event #1\nevent #2\n")
    return name


def test_the_seeds_quick_start_runs_as_it_is_printed(
    cluster: KafkaCluster, capsys: pytest.CaptureFixture[str]
) -> None:
    name = f"quickstart-{uuid.uuid4().hex[:8]}"
    at = "--bootstrap-server localhost:9092"
    run(
        cluster,
        f"$ bin/kafka-topics.sh --create --partitions 1 --replication-factor 1 --topic {name} {at}",
    )
    assert name in run(cluster, f"$ bin/kafka-topics.sh --list {at}").output
    described = run(cluster, f"$ bin/kafka-topics.sh --describe --topic {name} {at}").output
    assert described[0].startswith(f"Topic: {name}\tTopicId: ")
    assert described[1].startswith(f"\tTopic: {name}\tPartition: 0\tLeader: 1\t")
    written = run(
        cluster,
        f"$ bin/kafka-console-producer.sh --topic {name} {at}",
        input="event #1\nevent #2\n",
    )
    assert written.output == [">event #1", ">event #2"]
    capsys.readouterr()
    consumer = f"bin/kafka-console-consumer.sh --topic {name} --from-beginning"
    for _ in range(2):  # reading removes nothing
        run(cluster, f"$ {consumer} {at}")
        assert capsys.readouterr().out.splitlines() == [
            f"$ {consumer} --bootstrap-server {cluster._live.tool_servers}",
            "event #1",
            "event #2",
            "^C   (stopped here after 2 seconds without a new line; in a terminal it would go on)",
            "Processed a total of 2 messages",
        ]


TOOLS = [
    ("kafka-topics.sh --describe --topic {topic}", "PartitionCount: 1"),
    ("kafka-consumer-groups.sh --list", ""),
    ("kafka-share-groups.sh --list", ""),
    ("kafka-streams-groups.sh --list", ""),
    ("kafka-groups.sh --list", ""),
    (
        "kafka-configs.sh --alter --topic {topic} --add-config retention.ms=60000",
        "Completed updating config for topic",
    ),
    ("kafka-configs.sh --describe --topic {topic} --all", "retention.ms="),
    ("kafka-client-metrics.sh --list", ""),
    ("kafka-get-offsets.sh --topic {topic}", "{topic}:0:2"),
    ("kafka-metadata-quorum.sh describe --status", "LeaderId:"),
    ("kafka-broker-api-versions.sh", "Produce(0):"),
    ("kafka-log-dirs.sh --describe --topic-list {topic}", '"partition":"{topic}-0"'),
    ("kafka-leader-election.sh --election-type PREFERRED --all-topic-partitions", ""),
    ("kafka-cluster.sh cluster-id", "Cluster ID: "),
    ("kafka-transactions.sh list", "TransactionalId"),
    ("kafka-features.sh describe", "metadata.version"),
    ("kafka-storage.sh random-uuid", ""),
    ("kafka-storage.sh info -c config/server.properties", "Found log directory:"),
    (
        "kafka-dump-log.sh --print-data-log "
        "--files /tmp/kraft-combined-logs/{topic}-0/00000000000000000000.log",
        "payload: event #2",
    ),
    ("kafka-console-consumer.sh --topic {topic} --from-beginning --max-messages 1", "event #1"),
    (
        "kafka-producer-perf-test.sh --topic {topic} --num-records 10 --record-size 10 "
        "--throughput -1 --producer-props acks=1 bootstrap.servers=localhost:9092",
        "10 records sent",
    ),
    ("kafka-consumer-perf-test.sh --topic {topic} --num-records 2", "data.consumed.in.MB"),
    ("kafka-e2e-latency.sh localhost:9092 {topic} 2 1 10", "Avg latency"),
    ("kafka-verifiable-producer.sh --topic {topic} --max-messages 2", "producer_send_success"),
    (
        "kafka-verifiable-consumer.sh --topic {topic} --group-id v-{topic} --max-messages 2",
        "records_consumed",
    ),
    (
        "kafka-verifiable-share-consumer.sh --topic {topic} --group-id w-{topic} "
        "--max-messages 2 --offset-reset-strategy earliest",
        "records_consumed",
    ),
    ("kafka-reassign-partitions.sh --list", "No partition reassignments found"),
    (
        "kafka-streams-application-reset.sh --application-id a-{topic} --input-topics {topic}",
        "Reset-offsets for input topics",
    ),
]
REFUSED_BY_BROKERS = [
    ("kafka-acls.sh --list", "No Authorizer is configured"),
    ("kafka-delegation-tokens.sh --describe --command-config {file}", "Delegation Token"),
]
"""They reach the brokers, which have no security here."""


@pytest.fixture
def events(cluster: KafkaCluster) -> str:
    """A new topic that holds two events, without a tool's start."""
    name = f"events-{uuid.uuid4().hex[:8]}"
    producer = Producer({**cluster.client_config, "enable.idempotence": True})
    for number in (1, 2):
        producer.produce(name, f"event #{number}")
    assert producer.flush(30) == 0
    return name


@pytest.mark.parametrize(("line", "shows"), TOOLS)
def test_tool(cluster: KafkaCluster, events: str, line: str, shows: str) -> None:
    result = run(cluster, f"bin/{line.format(topic=events)}")
    assert result.exit_code == 0, result.output
    assert shows.format(topic=events) in "\n".join(result.output)


@pytest.mark.parametrize(("line", "says"), REFUSED_BY_BROKERS)
def test_a_tool_for_secured_brokers(
    cluster: KafkaCluster, tmp_path: Path, line: str, says: str
) -> None:
    settings = tmp_path / "none.properties"
    settings.touch()
    result = run(cluster, f"bin/{line.format(file=settings)}")
    assert result.exit_code == 1
    assert says in "\n".join(result.output)


def test_a_tool_without_an_end_is_left_running(cluster: KafkaCluster, events: str) -> None:
    line = f"bin/kafka-replica-verification.sh --topics-include {events}"
    with pytest.raises(KafkaLabError, match="runs until it is stopped"):
        run(cluster, line)
    tool = in_background(cluster, line)
    started = "verification process is started"  # below warnings, as many as there are
    assert Deadline(SLOW).wait_for(lambda: any(started in line for line in tool.lines))
    tool.stop()
    assert not tool.running


def test_every_tool_of_the_release_is_run_here() -> None:
    lines = [line for line, _ in (*TOOLS, *REFUSED_BY_BROKERS)]
    text = Path(__file__).read_text(encoding="utf-8")
    others = set(re.findall(r"bin/(kafka-[\w-]+\.sh)", text))
    assert {line.split()[0] for line in lines} | others >= CURRENT.scripts.keys()


def test_share_consumer(cluster: KafkaCluster, topic: str) -> None:
    group = f"share-{topic}"
    alter = f"bin/kafka-configs.sh --alter --group {group} --add-config"
    assert run(cluster, f"{alter} share.auto.offset.reset=earliest").exit_code == 0
    line = f"bin/kafka-console-share-consumer.sh --topic {topic} --group {group}"
    assert run(cluster, f"{line} --max-messages 2").output[:2] == ["event #1", "event #2"]
    # with nothing to read it waits for 100 ms less than one of its threads may need
    with Producer(cluster.client_config) as producer:
        producer.produce(topic, "event #3")
    line = f"bin/kafka-share-consumer-perf-test.sh --topic {topic} --group {group} --num-records 1"
    result = run(cluster, f"{line} --timeout 60000")
    assert result.exit_code == 0, result.output
    header, numbers = (line.split(", ") for line in result.output if line.count(", ") == 6)
    assert numbers[header.index("data.consumed.in.nMsg")] == "1", result.output


def test_an_error_is_one_line_and_no_exception(cluster: KafkaCluster, topic: str) -> None:
    again = run(cluster, f"bin/kafka-topics.sh --create --topic {topic}")
    said = f"Error while executing topic command : Topic '{topic}' already exists."
    assert (again.output, again.exit_code) == ([said], 1)


def test_files_and_properties_reach_the_tool(
    cluster: KafkaCluster, topic: str, tmp_path: Path
) -> None:
    settings = tmp_path / "my settings.properties"
    settings.write_text(f"bootstrap.servers=localhost:9092\ngroup.id=group-{topic}\n")
    read = run(
        cluster,
        f"bin/kafka-console-consumer.sh --topic {topic} --from-beginning --max-messages 2 "
        f"--command-config '{settings}' --command-property bootstrap.servers=localhost:9092",
    )
    assert read.output[:2] == ["event #1", "event #2"]
    groups = run(cluster, "bin/kafka-consumer-groups.sh --list").output
    assert f"group-{topic}" in groups
    offsets = tmp_path / "offsets.json"
    request = {"partitions": [{"topic": topic, "partition": 0, "offset": 1}], "version": 1}
    offsets.write_text(json.dumps(request))
    run(cluster, f"bin/kafka-delete-records.sh --offset-json-file '{offsets}'")
    earliest = run(cluster, f"bin/kafka-get-offsets.sh --topic {topic} --time -2")
    assert earliest.output == [f"{topic}:0:1"]


# --- ends -------------------------------------------------------------------------------------


def test_a_consumer_that_gets_nothing_is_stopped_at_its_deadline(
    cluster: KafkaCluster, topic: str
) -> None:
    result = run(cluster, f"bin/kafka-console-consumer.sh --topic {topic}", timeout=8)
    assert result.output[0] == "^C   (stopped here after 8 seconds; in a terminal it would go on)"


def test_another_tool_that_takes_too_long_is_an_error(cluster: KafkaCluster, topic: str) -> None:
    with pytest.raises(KafkaLabError, match=r"kafka-topics\.sh did not end within 0\.05 seconds"):
        run(cluster, f"bin/kafka-topics.sh --describe --topic {topic}", timeout=0.05)
    assert tools(topic) == []


def test_stop_ends_a_consumer_and_the_cell_goes_on(cluster: KafkaCluster, topic: str) -> None:
    line = f"bin/kafka-console-consumer.sh --topic {topic} --group stop-{topic}"
    with interrupted_when("ConsoleConsumer", topic):
        result = run(cluster, line)
    assert result.output[0] == "^C"
    assert tools(topic) == []


def test_stop_ends_another_tool_and_the_cell(cluster: KafkaCluster) -> None:
    mark = f"unknown-{uuid.uuid4().hex[:8]}"
    with pytest.raises(KeyboardInterrupt), interrupted_when("TopicCommand", mark):
        run(cluster, f"bin/kafka-topics.sh --describe --topic {mark}")
    assert tools(mark) == []


def tools(*marks: str) -> list[psutil.Process]:
    """Java processes of this machine, containers included, whose command line holds the marks."""
    found = []
    for process in psutil.process_iter():
        try:
            command = " ".join(process.cmdline())
        except psutil.Error:
            continue
        if "java" in command and all(mark in command for mark in marks):
            found.append(process)
    return found


class interrupted_when:  # noqa: N801 - reads as a statement
    """Presses ■ once a tool's process is seen."""

    def __init__(self, *marks: str) -> None:
        self._marks = marks

    def __enter__(self) -> None:
        self._thread = threading.Thread(target=self._press, daemon=True)
        self._thread.start()

    def _press(self) -> None:
        if Deadline(60).wait_for(lambda: bool(tools(*self._marks))):
            _thread.interrupt_main()

    def __exit__(self, *_: object) -> None:
        self._thread.join()


# --- in the background ------------------------------------------------------------------------


def test_a_consumer_in_the_background_sees_what_is_written_later(
    cluster: KafkaCluster, topic: str
) -> None:
    tool = in_background(cluster, f"bin/kafka-console-consumer.sh --topic {topic} --from-beginning")
    assert tool.wait_for(2, timeout=SLOW) == ["event #1", "event #2"]
    run(cluster, f"bin/kafka-console-producer.sh --topic {topic}", input="event #3\n")
    assert tool.wait_for(3, timeout=SLOW)[2] == "event #3"
    assert tool.running
    with pytest.raises(KafkaLabError, match="printed 3 of 4 lines"):
        tool.wait_for(4, timeout=0.1)
    tool.stop()
    tool.stop()
    assert not tool.running
    assert tool.lines[3:] == ["Processed a total of 3 messages"]
    with pytest.raises(KafkaLabError, match="ended and printed 4 of 5 lines"):
        tool.wait_for(5)


def test_it_ends_with_the_cluster(backend: str) -> None:
    with KafkaCluster(backend=backend, name=f"console-{backend}") as cluster:
        run(cluster, "bin/kafka-topics.sh --create --topic background")
        tool = in_background(cluster, "bin/kafka-console-consumer.sh --topic background")
    assert not tool.running
    assert tool.exit_code is not None


# --- in a notebook ----------------------------------------------------------------------------


@pytest.fixture
def kernel(
    cluster: KafkaCluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[BlockingKernelClient]:
    """A kernel that reaches the cluster as one that exists."""
    monkeypatch.setenv("KAFKALAB_BOOTSTRAP_SERVERS", cluster.bootstrap_servers)
    manager = KernelManager()
    manager.start_kernel(cwd=str(tmp_path))
    client = manager.blocking_client()
    client.start_channels()
    client.wait_for_ready(timeout=120)
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def execute(client: BlockingKernelClient, code: str) -> list[dict[str, object]]:
    """The cell's messages; a cell that fails is a failure."""
    messages: list[dict[str, object]] = []
    reply = client.execute_interactive(
        code, store_history=True, output_hook=messages.append, timeout=SLOW
    )
    assert reply["content"]["status"] == "ok", reply["content"]
    return messages


def test_the_lines_come_into_the_cell_that_started_it(
    kernel: BlockingKernelClient, topic: str
) -> None:
    execute(kernel, "from kafkalab import KafkaCluster; cluster = KafkaCluster().start(120)")
    line = f"bin/kafka-console-consumer.sh --topic {topic} --from-beginning"
    started = execute(kernel, f"tool = cluster.console({line!r}, background=True)\ntool")
    kinds = [message["msg_type"] for message in started]
    assert kinds.count("display_data") == 1
    assert "execute_result" not in kinds
    assert "stream" not in kinds
    (first,) = (m["content"] for m in started if m["msg_type"] == "display_data")
    assert isinstance(first, dict)
    later = execute(kernel, f"tool.wait_for(2, timeout={SLOW}); tool.stop()")
    updates = [m["content"] for m in started + later if m["msg_type"] == "update_display_data"]
    last = updates[-1]
    assert isinstance(last, dict)
    assert last["transient"] == first["transient"]
    shown = last["data"]["text/plain"].splitlines()
    assert shown[0].startswith(f"$ {line} --bootstrap-server ")
    assert shown[1:] == ["event #1", "event #2", "Processed a total of 2 messages"]
    assert last["data"]["text/html"].startswith("<pre>$ bin/kafka-console-consumer.sh")


def test_a_result_is_not_shown_twice(kernel: BlockingKernelClient, topic: str) -> None:
    execute(kernel, "from kafkalab import KafkaCluster; cluster = KafkaCluster().start(120)")
    messages = execute(kernel, f"cluster.console('bin/kafka-get-offsets.sh --topic {topic}')")
    kinds = {str(message["msg_type"]) for message in messages}
    assert kinds <= {"stream", "status", "execute_input"}
    text = "".join(
        str(message["content"]["text"])  # type: ignore[index]
        for message in messages
        if message["msg_type"] == "stream"
    )
    assert text.splitlines()[1:] == [f"{topic}:0:2"]

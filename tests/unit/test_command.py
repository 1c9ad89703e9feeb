"""What is known of a command before it runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from kafkalab import KafkaLabError
from kafkalab.cluster.command import Command, configured_servers
from kafkalab.lines.calls import ToolCall
from kafkalab.settings import Settings

WORD_COUNT = "org.apache.kafka.streams.examples.wordcount.WordCountDemo"


def command(script: str, *args: str, input: str = "") -> Command:
    return Command(ToolCall(script, args, input))


@pytest.mark.parametrize(
    ("found", "fix"),
    [
        (command("kafka-run-class.sh", WORD_COUNT), "background=True"),
        (command("kafka-replica-verification.sh"), "background=True"),
        (command("kafka-verifiable-producer.sh", "--topic", "t"), "--max-messages 10"),
        (command("kafka-verifiable-share-consumer.sh", "--topic", "t"), "--max-messages 10"),
    ],
)
def test_a_cell_does_not_wait_for_what_never_ends(found: Command, fix: str) -> None:
    with pytest.raises(KafkaLabError, match="runs until it is stopped") as caught:
        found.require_end()
    assert fix in caught.value.fix


@pytest.mark.parametrize(
    "found",
    [
        command("kafka-verifiable-producer.sh", "--max-messages", "2"),
        command("kafka-verifiable-consumer.sh", "--max-messages=2"),
        command("kafka-replica-verification.sh", "--help"),
        command("kafka-console-consumer.sh", "--topic", "t"),  # stopped when nothing comes
        command("kafka-topics.sh", "--list"),
    ],
)
def test_a_cell_waits_for_what_ends(found: Command) -> None:
    found.require_end()


def test_a_producer_needs_what_is_typed() -> None:
    with pytest.raises(KafkaLabError, match="waits at its prompt"):
        command("kafka-console-producer.sh", "--topic", "t").require_input()
    given = command("kafka-console-producer.sh", input="one\ntwo\n")
    given.require_input()
    assert given.typed == [">one", ">two"]
    command("kafka-console-producer.sh", "--help").require_input()
    assert command("kafka-topics.sh", input="one\n").typed == []


def test_the_configured_cluster_is_known_by_its_addresses(tmp_path: Path) -> None:
    file = tmp_path / "client.properties"
    file.write_text("bootstrap.servers=kafka:9092,broker:9092\nsasl.password=secret\n")
    env = {"KAFKALAB_CACHE": str(tmp_path)}
    assert configured_servers(Settings.from_environment(env)) == ()
    named = {**env, "KAFKALAB_BOOTSTRAP_SERVERS": "kafka:9092"}
    assert configured_servers(Settings.from_environment(named)) == ("kafka:9092",)
    in_file = {**env, "KAFKALAB_CLIENT_CONFIG": str(file)}
    assert configured_servers(Settings.from_environment(in_file)) == ("kafka:9092", "broker:9092")
    file.write_text("no settings\n")
    assert configured_servers(Settings.from_environment(in_file)) == ()

"""A whole topic as a DataFrame, from real brokers."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable
from typing import Any

import pandas as pd
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from kafkalab import KafkaCluster, KafkaLabError, read_topic, wait_until
from kafkalab.queries import records, topics


def new_topic(cluster: KafkaCluster, partitions: int = 1, **config: str) -> str:
    name = f"records-{uuid.uuid4().hex[:8]}"
    admin = AdminClient(cluster.client_config)
    admin.create_topics([NewTopic(name, partitions, config=config)])[name].result(30)
    return name


def transactional(cluster: KafkaCluster) -> Producer:
    producer = Producer({**cluster.client_config, "transactional.id": uuid.uuid4().hex})
    producer.init_transactions(30)
    return producer


def write(producer: Producer, topic: str, values: Iterable[bytes]) -> None:
    for value in values:
        producer.produce(topic, value)
    assert producer.flush(30) == 0


def test_columns(cluster: KafkaCluster) -> None:
    topic = new_topic(cluster, 2)
    producer = Producer({**cluster.client_config, "enable.idempotence": True})
    stamp = 1_700_000_000_123
    producer.produce(topic, "grüße", "ada", partition=1, timestamp=stamp)
    producer.produce(
        topic, b"\xff\x00", b"\xfe", partition=0, headers=[("a", b"1"), ("a", b"\xff")]
    )
    producer.produce(topic, None, "ada", partition=1)
    assert producer.flush(30) == 0
    frame = read_topic(cluster, topic)
    assert list(frame.columns) == ["partition", "offset", "timestamp", "key", "value", "headers"]
    assert frame.partition.tolist() == [0, 1, 1]
    assert frame.offset.tolist() == [0, 0, 1]
    assert frame.key.tolist() == [b"\xfe", "ada", "ada"]
    assert frame.value.tolist() == [b"\xff\x00", "grüße", None]
    assert frame.headers.tolist() == [[("a", "1"), ("a", b"\xff")], [], []]
    assert frame.timestamp[1] == pd.Timestamp(stamp, unit="ms", tz="UTC")
    assert str(frame.timestamp.dtype) == "datetime64[ms, UTC]"


def test_empty_topic(cluster: KafkaCluster) -> None:
    frame = read_topic(cluster, new_topic(cluster, 3))
    assert frame.empty
    assert str(frame.timestamp.dtype) == "datetime64[ms, UTC]"


def test_missing_topic_names_its_likes(cluster: KafkaCluster) -> None:
    topic = new_topic(cluster)
    with pytest.raises(KafkaLabError, match="There is no topic") as error:
        read_topic(cluster, topic + "x")
    assert topic in error.value.fix
    assert f"{topic}x" not in AdminClient(cluster.client_config).list_topics(timeout=10).topics


@pytest.mark.parametrize("topic", ["", None, 3])
def test_what_is_no_name(cluster: KafkaCluster, topic: object) -> None:
    with pytest.raises(KafkaLabError, match="not the name of a topic"):
        read_topic(cluster, topic)  # type: ignore[arg-type]


def test_markers_and_aborted_records_do_not_hang(cluster: KafkaCluster) -> None:
    topic = new_topic(cluster)
    producer = transactional(cluster)
    for value, commit in ((b"kept", True), (b"aborted", False)):
        producer.begin_transaction()
        write(producer, topic, [value])
        if commit:
            producer.commit_transaction(30)
        else:
            producer.abort_transaction(30)
    assert read_topic(cluster, topic, timeout=20).value.tolist() == ["kept"]
    in_the_log = read_topic(cluster, topic, timeout=20, isolation="read_uncommitted")
    assert in_the_log.value.tolist() == ["kept", "aborted"]


def test_open_transaction_does_not_hang(cluster: KafkaCluster) -> None:
    topic = new_topic(cluster)
    write(Producer(cluster.client_config), topic, [b"before"])
    producer = transactional(cluster)
    producer.begin_transaction()
    write(producer, topic, [b"open"])
    write(Producer(cluster.client_config), topic, [b"plain"])  # behind it, and of no transaction
    assert read_topic(cluster, topic, timeout=20).value.tolist() == ["before"]
    in_the_log = read_topic(cluster, topic, timeout=20, isolation="read_uncommitted")
    assert in_the_log.value.tolist() == ["before", "open", "plain"]
    producer.commit_transaction(30)

    def committed() -> list[str]:
        found: list[str] = read_topic(cluster, topic, timeout=20).value.tolist()
        return found

    # the marker is written after the coordinator has answered
    wait_until("the marker is written", lambda: committed() == ["before", "open", "plain"])


def test_what_is_no_isolation_level(cluster: KafkaCluster) -> None:
    with pytest.raises(KafkaLabError, match="not one of Kafka's levels") as caught:
        read_topic(cluster, "x", isolation="committed")
    assert "read_uncommitted" in caught.value.fix


def test_bounded_while_others_write(cluster: KafkaCluster) -> None:
    topic = new_topic(cluster, 2)
    producer = Producer(cluster.client_config)
    write(producer, topic, [b"x"] * 100)
    write(producer, topic, [b"y"] * 100)
    frame = read_topic(cluster, topic)
    assert len(frame) == 200
    write(producer, topic, [b"z"])
    assert len(frame) + 1 == len(read_topic(cluster, topic))


def test_100_000_records(cluster: KafkaCluster) -> None:
    topic = new_topic(cluster, 3)
    producer = Producer({**cluster.client_config, "queue.buffering.max.messages": 200_000})
    for i in range(100_000):
        producer.produce(topic, str(i), f"key-{i % 10}")
    assert producer.flush(60) == 0
    frame = read_topic(cluster, topic, timeout=60)
    assert sorted(map(int, frame.value)) == list(range(100_000))
    ordered = frame.sort_values(["partition", "offset"], kind="stable")
    assert ordered.index.tolist() == list(range(100_000))


def test_topic_that_is_deleted_while_it_is_read(
    cluster: KafkaCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = new_topic(cluster)
    write(Producer(cluster.client_config), topic, [b"x"])
    look = topics.describe_topic

    def look_before_it_goes(*args: Any, **options: Any) -> topics.Topic:
        found = look(*args, **options)
        with AdminClient(cluster.client_config) as admin:
            admin.delete_topics([topic])[topic].result(30)
            # the broker carries it out after it has answered
            wait_until("it is gone", lambda: topic not in admin.list_topics(timeout=30).topics)
        return found

    monkeypatch.setattr(records, "describe_topic", look_before_it_goes)
    before = time.monotonic()
    with pytest.raises(KafkaLabError, match=f"'{topic}' is gone"):
        read_topic(cluster, topic)
    assert time.monotonic() - before < 60


def test_no_group_is_left(cluster: KafkaCluster) -> None:
    read_topic(cluster, new_topic(cluster))
    admin = AdminClient(cluster.client_config)
    groups = admin.list_consumer_groups(request_timeout=10).result(20)
    assert not [group for group in groups.valid if group.group_id.startswith("kafkalab")]


def test_broker_that_does_not_answer() -> None:
    with KafkaCluster(backend="process", name="test-records") as cluster:
        topic = new_topic(cluster)
        cluster.pause_broker(1)
        before = time.monotonic()
        with pytest.raises(KafkaLabError, match="did not answer within 3 seconds"):
            read_topic(cluster, topic, timeout=3)
        assert time.monotonic() - before < 60
    with pytest.raises(KafkaLabError, match="stopped"):
        read_topic(cluster, topic)

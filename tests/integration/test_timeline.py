"""Timelines of real clusters."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterable
from itertools import pairwise

import psutil
import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from kafkalab import KafkaCluster, KafkaLabError, show
from kafkalab.common.deadline import Deadline
from kafkalab.queries import clients
from kafkalab.show.facts.group import is_share_group
from kafkalab.show.watching import timeline
from kafkalab.show.watching.timeline import Timeline

pytestmark = pytest.mark.beside_kafka

FAILOVER = {
    "broker.session.timeout.ms": 2000,
    "broker.heartbeat.interval.ms": 500,
    "controller.quorum.fetch.timeout.ms": 1000,
    "controller.quorum.election.timeout.ms": 500,
}
A_MARK_TAKES_NO_LONGER = 4.0
SLACK = 5.0  # for a machine that others use too


def new_topic(cluster: KafkaCluster, assignment: list[list[int]]) -> str:
    name = f"timeline-{uuid.uuid4().hex[:8]}"
    topic = NewTopic(name, num_partitions=len(assignment), replica_assignment=assignment)
    admin = AdminClient(cluster.client_config)
    admin.create_topics([topic])[name].result(30)
    # a broker that has made a hundred partitions a moment ago tells of a new topic late
    assert Deadline(60).wait_for(lambda: name in admin.list_topics(timeout=30).topics)
    return name


def write(cluster: KafkaCluster, topic: str, records: int) -> None:
    producer = Producer(cluster.client_config)
    for number in range(records):
        producer.produce(topic, b"v", partition=number % 2)
    assert producer.flush(30) == 0


def member(cluster: KafkaCluster, group: str, topic: str, name: str) -> Consumer:
    consumer = Consumer(
        {
            **cluster.client_config,
            "group.id": group,
            "group.protocol": "consumer",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "client.id": name,
        }
    )
    consumer.subscribe([topic])
    return consumer


def until(state: Callable[[], bool], polled: Iterable[Consumer] = ()) -> None:
    """Poll the consumers until `state` holds."""
    deadline = Deadline(60)
    while not state():
        assert not deadline.passed
        for consumer in polled:
            consumer.poll(0.1)


def every_broker_says(cluster: KafkaCluster, topic: str, in_sync: list[int]) -> bool:
    """Whether all that run have heard of these in-sync replicas: a look may ask any of them."""
    for broker in cluster.brokers:
        if broker.state != "running":
            continue
        config = {**cluster.client_config, "bootstrap.servers": broker.address}
        admin = clients.admin_client(config)
        found = admin.list_topics(topic, timeout=60).topics[topic].partitions.values()
        if any(sorted(partition.isrs) != in_sync for partition in found):
            return False
    return True


def watchers() -> list[object]:
    """What a timeline runs: threads, and a process that asks for the group."""
    threads: list[object] = [t for t in threading.enumerate() if t.name == "kafkalab-timeline"]
    children = psutil.Process().children()
    return threads + [p for p in children if "kafkalab.queries.group_probe" in " ".join(_line(p))]


def _line(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:  # it has just ended
        return []


def assert_ends() -> None:
    assert Deadline(15).wait_for(lambda: not watchers(), poll=0.1), watchers()


def read_by_two(cluster: KafkaCluster) -> tuple[str, Timeline]:
    """Two members come one after the other, and one goes."""
    topic = new_topic(cluster, [[1], [1]])
    group = f"g-{topic}"
    write(cluster, topic, 6)
    with show.timeline(cluster, topic=topic, group=group) as seen:
        first = member(cluster, group, topic, "ada")
        until(lambda: len(first.assignment()) == 2, [first])
        seen.mark("ada reads")
        second = member(cluster, group, topic, "bob")
        until(lambda: len(first.assignment()) == len(second.assignment()) == 1, [first, second])
        seen.mark("bob joined")
        second.close()
        until(lambda: len(first.assignment()) == 2, [first])
        seen.mark("bob left")
        first.close()
    return topic, seen


def test_group_in_a_block(cluster: KafkaCluster) -> None:
    topic, seen = read_by_two(cluster)
    lines = seen.text.splitlines()
    assert lines[:5] == [
        f"Timeline of topic {topic} and group g-{topic}",
        "partitions 0–1: leader 1, in sync 1, read by nobody",  # noqa: RUF001
        "group: no members",
        "partitions 0–1: read by ada",  # noqa: RUF001
        "group: 1 member",
    ]
    assert [line for line in lines if line.startswith(("*", "group"))][2:] == [
        "* ada reads",
        "group: 2 members",
        "* bob joined",
        "group: 1 member",
        "* bob left",
        "group: no members",
    ]
    assert lines[-2] == "partitions 0–1: read by nobody"  # noqa: RUF001
    assert {"ada", "bob"} <= set(seen.frame.member.dropna())
    assert seen.frame.seconds.is_monotonic_increasing
    assert str(seen) == repr(seen) == seen.text == seen.stop().text
    assert seen._repr_mimebundle_()["text/plain"] == seen.text
    assert_ends()


def test_words_are_the_same_in_every_run(cluster: KafkaCluster) -> None:
    texts = set()
    for _ in range(2):
        topic, seen = read_by_two(cluster)
        # which of the two partitions moves is not what is looked at here
        words = (
            seen.text.replace(topic, "T").replace("partition 0", "p").replace("partition 1", "p")
        )
        texts.add(words)
    assert len(texts) == 1
    assert_ends()


def test_across_cells_until_the_cluster_stops(backend: str) -> None:
    """A broker dies under it, then another, then the cluster stops."""
    with KafkaCluster(3, backend=backend, name=f"tl-{backend}", config=FAILOVER) as cluster:
        topic = new_topic(cluster, [[1, 2, 3], [2, 3, 1]])
        seen = show.timeline(cluster, topic=topic)
        both = show.timeline(cluster, topic=topic, group="nobody")
        seen.mark("all run")
        cluster.kill_broker(2)
        until(lambda: every_broker_says(cluster, topic, [1, 3]))
        before = time.monotonic()
        seen.mark("moved")
        assert time.monotonic() - before < A_MARK_TAKES_NO_LONGER + SLACK
        cluster.start_broker(2)
        until(lambda: every_broker_says(cluster, topic, [1, 2, 3]))
        picture = seen.stop()
        assert picture.text == (
            f"Timeline of topic {topic}\n"
            "partition 0: leader 1, in sync 1, 2, 3\n"
            "partition 1: leader 2, in sync 1, 2, 3\n"
            "(no change)\n"
            "* all run\n"
            "partition 0: in sync 1, 3\n"
            "partition 1: leader 3, in sync 1, 3\n"
            "* moved\n"
            "partitions 0–1: in sync 1, 2, 3"  # noqa: RUF001
        )
        silent = show.timeline(cluster, topic=topic)
        for number in (1, 2, 3):
            cluster.kill_broker(number)
        until(lambda: silent.text.endswith("no broker answers"))
        assert "no answer" in silent.svg
    assert_ends()
    assert seen.picture() == picture
    assert "leader 1" in both.text
    both.mark("after the end")
    assert "after the end" not in both.text


def test_what_is_not_there(cluster: KafkaCluster) -> None:
    before = time.monotonic()
    seen = show.timeline(cluster, topic="nope", group="nobody")
    assert seen.stop().text == (
        "Timeline of topic nope and group nobody\nthere is no topic nope\ngroup: no members\n"
        "(no change)"
    )
    both_looks = 2 * timeline.ANSWER_SECONDS
    assert time.monotonic() - before < both_looks + timeline.SHARE_SECONDS + SLACK
    assert_ends()


def test_share_group(cluster: KafkaCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes while it is watched for: the timeline says that it does not watch it."""
    monkeypatch.setattr(timeline, "SHARE_SECONDS", 60.0)  # the tool starts a JVM
    topic = new_topic(cluster, [[1]])
    group = f"share-{topic}"
    early = show.timeline(cluster, topic=topic, group=group)
    line = f"bin/kafka-console-share-consumer.sh --topic {topic} --group {group}"
    tool = cluster.console(line, background=True, quiet=True)
    until(lambda: bool(is_share_group(cluster, group, Deadline(60))))
    late = show.timeline(cluster, group=group)
    words = f"group {group} is a share group: a timeline does not watch it, show.group shows it"
    assert late.text == late.stop().text == f"Timeline of group {group}\n{words}"
    assert early.stop().text.splitlines()[:2] == [
        f"Timeline of topic {topic} and group {group}",
        words,
    ]
    assert "nobody" not in early.text
    tool.stop()
    assert is_share_group(cluster, group, Deadline(60))
    assert is_share_group(cluster, "nobody", Deadline(60)) is False
    assert_ends()


def test_a_hundred_partitions(cluster: KafkaCluster) -> None:
    topic = new_topic(cluster, [[1]] * 100)
    with show.timeline(cluster, topic=topic) as seen:
        write(cluster, topic, 10_000)
    assert seen.text.splitlines()[1] == "partitions 0–99: leader 1, in sync 1"  # noqa: RUF001
    assert len(seen.frame) == 100


def test_it_costs_little(cluster: KafkaCluster) -> None:
    topic = new_topic(cluster, [[1]])
    with show.timeline(cluster, topic=topic, group="nobody") as seen:
        own = psutil.Process()
        (probe,) = [each for each in watchers() if isinstance(each, psutil.Process)]
        before, started = _spent(own, probe), time.monotonic()
        Deadline(10).wait_for(lambda: time.monotonic() - started > 3.0, poll=0.5)
        spent = _spent(own, probe) - before
        took = time.monotonic() - started
    assert spent < 0.3 * took, f"seconds of processor time in {took:.1f} seconds"
    looks = [look for _, look in seen._record._topics.looks]
    assert len({look for look in looks if look is not None}) == 1
    assert all(one != other for one, other in pairwise(looks)), "what is the same is kept once"
    assert_ends()


def test_the_process_that_asks_may_die(cluster: KafkaCluster) -> None:
    """As librdkafka's assertion ends it: another one asks on."""
    topic = new_topic(cluster, [[1]])
    with show.timeline(cluster, topic=topic, group=f"g-{topic}") as seen:
        (probe,) = [each for each in watchers() if isinstance(each, psutil.Process)]
        probe.kill()
        reader = member(cluster, f"g-{topic}", topic, "ada")
        until(lambda: "group: 1 member" in seen.text, [reader])
        reader.close()
    assert_ends()


def _spent(*processes: psutil.Process) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in processes)


@pytest.mark.parametrize("what", [{}, {"topic": ""}, {"group": 3}])
def test_nothing_to_watch(cluster: KafkaCluster, what: dict[str, str]) -> None:
    with pytest.raises(KafkaLabError):
        show.timeline(cluster, **what)
    assert_ends()

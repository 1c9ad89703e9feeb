"""The claims of notebook 08 as steps on a cluster, counted: used by a test and by a benchmark."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from confluent_kafka import (
    ElectionType,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)

from kafkalab import KafkaCluster, read_topic
from kafkalab.common.deadline import Deadline
from kafkalab.learn.exercises.look import Look
from kafkalab.queries import clients

CONFIG = {
    "broker.session.timeout.ms": 2000,
    "broker.heartbeat.interval.ms": 500,
    "controller.quorum.fetch.timeout.ms": 1000,
    "controller.quorum.election.timeout.ms": 500,
    "auto.leader.rebalance.enable": False,
}
"""What notebook 08 gives its brokers."""

SECONDS = 60
REPLICAS = (1, 2, 3)
FIRST, SECOND, THIRD = REPLICAS


@dataclass(frozen=True)
class Tally:
    """Records of one run.

    Attributes
    ----------
    acknowledged : int
        Those that the producer was told are written.
    read_back : int
        Those that were in the topic in the end, each time that they were there.
    lost : int
        Acknowledged, and not in the topic.
    duplicated : int
        In the topic more than once, counted beyond the first.
    unclean : int
        Unclean elections that the controllers have logged.
    """

    acknowledged: int
    read_back: int
    lost: int
    duplicated: int
    unclean: int = 0


def acks_all(
    cluster: KafkaCluster, topic: str, *, records: int = 400, kill_after: int = 100
) -> Tally:
    """Write with acks=all, kill the leader on the way, and count."""
    create(cluster, topic, min_in_sync=2)
    sent = _Sent(cluster, acks="all", **{"enable.idempotence": True})
    deadline = Deadline(SECONDS)
    killed = False
    written = 0
    while (written < records or len(sent.producer)) and not deadline.passed:
        if written < records:
            sent.write(topic, [f"order {written}"])
            written += 1
        sent.producer.poll(0.01)
        if not killed and len(sent.acknowledged) >= kill_after:
            cluster.kill_broker(FIRST)
            killed = True
    assert killed
    sent.finish()
    wait_for(cluster, topic, in_sync=[SECOND, THIRD], led_by=[SECOND, THIRD])
    return _counted(cluster, topic, sent)


def acks_one(cluster: KafkaCluster, topic: str) -> Tally:
    """Freeze the followers, write with acks=1, kill the leader: a clean election, and a loss."""
    asked = f"{topic}-asked"
    for name in (topic, asked):
        create(cluster, name, min_in_sync=2)
    safe = _Sent(cluster, acks="all")
    hasty = _Sent(cluster, acks="1")
    careful = _Sent(cluster, acks="all", **{"retries": 0, "request.timeout.ms": 1000})
    for sent, numbers in ((hasty, (0, 4)), (safe, (4, 10))):
        sent.write(topic, _numbered(*numbers))
        sent.write(asked, ["replicated"])  # those of `safe`, and all before them
        sent.finish()

    def heard() -> bool:  # it waits a second for a broker that may be busy
        careful.write(asked, ["replicated"])
        careful.producer.flush(SECONDS)
        return bool(careful.acknowledged)

    assert Deadline(SECONDS).wait_for(heard)
    careful.refused.clear()
    for name in (topic, asked):
        first_leads(cluster, name)
    before = unclean_elections(cluster)
    for follower in (SECOND, THIRD):
        cluster.pause_broker(follower)
    # a frozen follower has a question open at the leader, whose answer would still reach it; a
    # write that waits for the followers until it times out uses it up
    careful.write(asked, ["too late"])
    assert careful.producer.flush(SECONDS) == 0
    assert careful.refused == ["REQUEST_TIMED_OUT"], careful.refused
    hasty.write(topic, _numbered(10, 20))
    hasty.finish()
    cluster.kill_broker(FIRST)
    for follower in (SECOND, THIRD):
        cluster.resume_broker(follower)
    wait_for(cluster, topic, in_sync=[SECOND, THIRD], led_by=[SECOND, THIRD])
    assert Look(cluster).settings(topic)["unclean.leader.election.enable"] == "false"
    unclean = unclean_elections(cluster) - before
    return _counted(cluster, topic, hasty, safe, careful, unclean=unclean)


def unclean_election(cluster: KafkaCluster, topic: str) -> Tally:
    """Shrink the in-sync replicas to the leader, write with acks=all, kill it, elect another."""
    create(cluster, topic, min_in_sync=1)
    before = unclean_elections(cluster)
    sent = _Sent(cluster, acks="all")
    sent.write(topic, _numbered(0, 10))
    sent.finish()
    for follower in (SECOND, THIRD):
        cluster.stop_broker(follower)
    wait_for(cluster, topic, in_sync=[FIRST], led_by=[FIRST])
    sent.write(topic, _numbered(10, 20))
    sent.finish()
    cluster.kill_broker(FIRST)
    for follower in (SECOND, THIRD):
        cluster.start_broker(follower)
    wait_for(cluster, topic, in_sync=[], led_by=[None])
    line = f"kafka-leader-election.sh --election-type UNCLEAN --topic {topic} --partition 0"
    cluster.console(line)
    wait_for(cluster, topic, in_sync=[SECOND, THIRD], led_by=[SECOND, THIRD])
    return _counted(cluster, topic, sent, unclean=unclean_elections(cluster) - before)


def back_to_health(cluster: KafkaCluster, *topics: str) -> None:
    """Start what is down, and wait until every replica of the topics is in sync again."""
    for broker in cluster.brokers:
        cluster.start_broker(broker.node_id)
    for topic in topics:
        wait_for(cluster, topic, in_sync=REPLICAS)


def recount(cluster: KafkaCluster, topic: str, tally: Tally) -> int:
    """How many records the topic holds now, after the brokers came back."""
    return len(read_topic(cluster, topic)) - tally.read_back


# --- steps ------------------------------------------------------------------------------------


def create(cluster: KafkaCluster, topic: str, *, min_in_sync: int) -> None:
    """A topic of one partition, led by broker 1, copied by 2 and 3."""
    assignment = ":".join(map(str, REPLICAS))
    cluster.console(
        f"kafka-topics.sh --create --topic {topic} --replica-assignment {assignment} "
        f"--config min.insync.replicas={min_in_sync}"
    )
    first_leads(cluster, topic)


def first_leads(cluster: KafkaCluster, topic: str) -> None:
    """Wait until all are in sync and broker 1 leads.

    A broker that counts as dead when a topic is made does not lead it, and nothing moves the leader
    back by itself here.
    """
    if wait_for(cluster, topic, in_sync=REPLICAS) != FIRST:
        admin = clients.admin_client(cluster.client_config)
        place = TopicPartition(topic, 0)
        admin.elect_leaders(ElectionType.PREFERRED, [place]).result(timeout=SECONDS)
    wait_for(cluster, topic, in_sync=REPLICAS, led_by=[FIRST])


def wait_for(
    cluster: KafkaCluster,
    topic: str,
    *,
    in_sync: Iterable[int],
    led_by: Sequence[int | None] = REPLICAS,
) -> int | None:
    """Wait for the partition's leader and in-sync replicas; return the leader, None for none.

    A new client each time: one that is kept can hang when the broker that it holds as controller
    dies.
    """
    seen: tuple[int | None, list[int]] | None = None

    def reached() -> bool:
        nonlocal seen
        # KeyError: a broker hears of a new topic a little later than the one that made it
        with contextlib.suppress(KafkaException, KeyError):
            admin = clients.admin_client(cluster.client_config)
            partition = admin.list_topics(timeout=2).topics[topic].partitions[0]
            seen = (None if partition.leader < 0 else partition.leader, sorted(partition.isrs))
        return seen is not None and seen[0] in led_by and seen[1] == sorted(in_sync)

    assert Deadline(SECONDS).wait_for(reached), f"{topic}: leader and in-sync replicas {seen}"
    assert seen is not None
    return seen[0]


def unclean_elections(cluster: KafkaCluster) -> int:
    """How many of them the brokers' logs tell."""
    logs = (cluster.logs(broker.node_id) for broker in cluster.brokers)
    return sum(line.count("UNCLEAN partition change") for log in logs for line in log.splitlines())


def _numbered(start: int, end: int) -> list[str]:
    return [f"record {number}" for number in range(start, end)]


class _Sent:
    """A producer and what it was told."""

    def __init__(
        self,
        cluster: KafkaCluster,
        *,
        acks: str,
        **more: str | int | bool,
    ) -> None:
        self.acknowledged: list[tuple[str, str]] = []
        self.refused: list[str] = []
        self.producer = Producer(
            {**cluster.client_config, "acks": acks, "logger": clients.logger, **more}
        )

    def write(self, topic: str, values: Iterable[str]) -> None:
        for value in values:
            self.producer.produce(topic, value, on_delivery=self._report)

    def finish(self) -> None:
        assert self.producer.flush(SECONDS) == 0
        assert self.refused == []

    def _report(self, error: KafkaError | None, record: Message) -> None:
        if error is not None:
            self.refused.append(error.name())
        else:
            self.acknowledged.append((record.topic() or "", (record.value() or b"").decode()))


def _counted(cluster: KafkaCluster, topic: str, *senders: _Sent, unclean: int = 0) -> Tally:
    """What `senders` were told of the topic's records, against what is in it."""
    told = [value for sent in senders for name, value in sent.acknowledged if name == topic]
    found = Counter(read_topic(cluster, topic, timeout=SECONDS)["value"])
    return Tally(
        acknowledged=len(told),
        read_back=found.total(),
        lost=sum(value not in found for value in told),
        duplicated=sum(times - 1 for times in found.values()),
        unclean=unclean,
    )

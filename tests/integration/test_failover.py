"""What notebook 08 claims about acknowledged records, on brokers that are really killed.

`python -m benchmarks.failover` does the same ten times in a row, and counts.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

import pytest
from confluent_kafka import KafkaException

from kafkalab import KafkaCluster
from kafkalab.backends.choice import BackendName
from kafkalab.common.deadline import Deadline
from kafkalab.learn.exercises.setting import fresh_topic, remove_topics
from kafkalab.queries import clients
from kafkalab.queries.topics import connect
from tests import failover

pytestmark = pytest.mark.beside_kafka


@pytest.fixture(scope="module")
def three(backend: BackendName) -> Iterator[KafkaCluster]:
    with KafkaCluster(
        brokers=3, backend=backend, name=f"failover-{backend}", config=failover.CONFIG
    ) as cluster:
        yield cluster


def test_acks_all_loses_nothing_when_the_leader_is_killed(three: KafkaCluster) -> None:
    tally = failover.acks_all(three, "all")
    assert tally == failover.Tally(acknowledged=400, read_back=400, lost=0, duplicated=0)
    failover.back_to_health(three, "all")
    assert failover.recount(three, "all", tally) == 0


def test_acks_one_alone_loses_records_in_a_clean_election(three: KafkaCluster) -> None:
    tally = failover.acks_one(three, "one")
    assert tally == failover.Tally(acknowledged=20, read_back=10, lost=10, duplicated=0)
    failover.back_to_health(three, "one")
    assert failover.recount(three, "one", tally) == 0, "the old leader gives nothing back"


def test_an_unclean_election_alone_loses_records(three: KafkaCluster) -> None:
    tally = failover.unclean_election(three, "unclean")
    assert (tally.acknowledged, tally.read_back, tally.lost) == (20, 10, 10)
    assert tally.unclean > 0
    failover.back_to_health(three, "unclean")
    assert failover.recount(three, "unclean", tally) == 0, "the old leader gives nothing back"


def test_a_removed_topic_is_gone_at_every_broker(three: KafkaCluster) -> None:
    """As at one that has slept meanwhile, and tells old news when it wakes."""
    fresh_topic(three, "old-news", replicas=3)
    sleeper = pause_one_that_is_not_the_controller(three, "old-news")
    remove_topics(three, "old-news")
    three.resume_broker(sleeper)
    assert Deadline(failover.SECONDS).wait_for(lambda: answers(three, sleeper))
    remove_topics(three, "old-news")
    admin, _ = connect(three)  # it is connected to every broker
    heard = set[int]()
    within = Deadline(failover.SECONDS)
    while not heard >= {1, 2, 3} and not within.passed:
        with contextlib.suppress(KafkaException):  # a busy broker may be late
            told = admin.list_topics(timeout=5)
            assert "old-news" not in told.topics, f"broker {told.orig_broker_id} still tells of it"
            heard.add(told.orig_broker_id)
    assert heard >= {1, 2, 3}


def answers(three: KafkaCluster, node_id: int) -> bool:
    """Whether this broker itself does: of several, a client asks any."""
    (address,) = (broker.address for broker in three.brokers if broker.node_id == node_id)
    try:
        clients.admin_client({"bootstrap.servers": address}).list_topics(timeout=2)
    except KafkaException:
        return False
    return True


def pause_one_that_is_not_the_controller(three: KafkaCluster, topic: str) -> int:
    """Pause a broker until the others have noticed; its id.

    While the controller sleeps, brokers wait half a minute for its answer to what they have handed
    on to it. Which broker that is may change at any time on a busy machine.
    """
    more = Deadline(2 * failover.SECONDS)
    while True:
        before = elections(three)
        status = three.console("kafka-metadata-quorum.sh describe --status", quiet=True)
        controller = int(re.findall(r"LeaderId:\s+(\d)", str(status.output))[0])
        sleeper, *_ = {1, 2, 3} - {controller}
        three.pause_broker(sleeper)
        failover.wait_for(three, topic, in_sync={1, 2, 3} - {sleeper})
        if elections(three) == before:
            return sleeper
        assert not more.passed, "the controllers elect one leader after the other"
        three.resume_broker(sleeper)
        failover.wait_for(three, topic, in_sync={1, 2, 3})


def elections(three: KafkaCluster) -> int:
    """How often a controller of the cluster has become the active one."""
    return sum(str(three.logs(n)).count("Completed transition to Leader(") for n in (1, 2, 3))

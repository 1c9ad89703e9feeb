"""Wrong answers to the exercises of notebook 08."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from confluent_kafka import Producer

from kafkalab import KafkaCluster
from kafkalab.exercises.nb08_replication_and_failover import BOOKINGS, COUNT, HOMES, TRIPS
from kafkalab.exercises.stage import Event, fresh_topic, remove_topics, write
from tests import failover
from tests.exercises.cases import Wrong

Act = Callable[[KafkaCluster], object]


def _makes(partitions: int, replicas: int, **settings: str) -> Act:
    def act(cluster: KafkaCluster) -> object:
        config = {name.replace("_", "."): value for name, value in settings.items()}
        fresh_topic(cluster, BOOKINGS, partitions=partitions, replicas=replicas, config=config)
        return None

    return act


def _writes(numbers: range, *, times: int = 1, word: str = "trip") -> Act:
    """Write the trips while all brokers are well."""

    def act(cluster: KafkaCluster) -> object:
        write(cluster, TRIPS, [Event(f"{word} {number}") for number in numbers] * times)
        return None

    return act


def _kills_first(cluster: KafkaCluster) -> object:
    cluster.kill_broker(3)
    return _writes(range(COUNT))(cluster)


def _gives_up(cluster: KafkaCluster) -> object:
    """Do not wait for the answers after the kill."""
    producer = Producer({**cluster.client_config, "acks": "all"})
    for number in range(COUNT // 2):
        producer.produce(TRIPS, f"trip {number}")
    assert producer.flush(30) == 0
    cluster.kill_broker(3)
    for number in range(COUNT // 2, COUNT):
        producer.produce(TRIPS, f"trip {number}")
    producer.purge()
    return None


def _writes_while(*acts: Callable[[KafkaCluster], object]) -> Act:
    """Write half of the trips, act, and write the others."""

    def act(cluster: KafkaCluster) -> object:
        _writes(range(COUNT // 2))(cluster)
        for step in acts:
            step(cluster)
        _writes(range(COUNT // 2, COUNT))(cluster)
        return None

    return act


def _freezes(cluster: KafkaCluster) -> None:
    """Broker 3 is silent until another one leads."""
    cluster.pause_broker(3)
    failover.wait_for(cluster, TRIPS, in_sync=[1, 2], led_by=[1])
    cluster.resume_broker(3)
    failover.wait_for(cluster, TRIPS, in_sync=[1, 2, 3], led_by=[1])


def _elects(*names: str, election: str = "PREFERRED") -> Act:
    def act(cluster: KafkaCluster) -> object:
        for name in names:
            line = f"kafka-leader-election.sh --election-type {election}"
            cluster.console(f"{line} --topic {name} --partition 0", quiet=True)
        return None

    return act


def _makes_anew(cluster: KafkaCluster) -> object:
    for name in HOMES:
        fresh_topic(cluster, name, replicas=3)
    return None


def _deletes_one(cluster: KafkaCluster) -> object:
    remove_topics(cluster, "ex08-lamps")
    return None


def _restarts(node_id: int) -> Act:
    def act(cluster: KafkaCluster) -> object:
        cluster.stop_broker(node_id)
        cluster.start_broker(node_id)
        return None

    return act


def _leaves_one_down(cluster: KafkaCluster) -> object:
    cluster.stop_broker(2)
    return None


WRONG: Mapping[str, tuple[Wrong, ...]] = {
    "08.1": (
        Wrong("one copy", _makes(2, 1), r"min\.insync\.replicas=1: an acknowledged"),
        Wrong("three copies alone", _makes(2, 3), r"min\.insync\.replicas=1: an acknowledged"),
        Wrong("two of two", _makes(2, 2, min_insync_replicas="2"), r"2 replica\(s\) and min"),
        Wrong("three of three", _makes(2, 3, min_insync_replicas="3"), r"3 replica.*writers are"),
        Wrong("one partition", _makes(1, 3, min_insync_replicas="2"), r"1 partition\(s\)"),
        Wrong(
            "unclean",
            _makes(2, 3, min_insync_replicas="2", unclean_leader_election_enable="true"),
            r"unclean\.leader\.election\.enable=true",
        ),
    ),
    "08.2": (
        Wrong("nobody dies", _writes(range(COUNT)), r"broker 3 never killed: .* all the time"),
        Wrong("dies before", _kills_first, r"broker 3 killed before the first was written, or"),
        Wrong(
            "a clean stop",
            _writes_while(lambda cluster: cluster.stop_broker(3)),
            r"broker 3 stopped cleanly: by its log it said goodbye",
        ),
        Wrong("a restart", _writes_while(_restarts(3)), r"broker 3 stopped cleanly"),
        Wrong("an election alone", _writes_while(_freezes), r"broker 3 never killed: by its log"),
        Wrong("one missing", _writes(range(COUNT - 1)), r"1 of the 200 trips missing: trip 199"),
        Wrong("twice", _writes(range(COUNT), times=2), r"200 trip\(s\) more than once: trip 0"),
        Wrong("one too many", _writes(range(COUNT + 1)), r"what is no trip: trip 200"),
        Wrong("other words", _writes(range(COUNT), word="tour"), r"200 of the 200 trips missing"),
        Wrong("given up", _gives_up, r"of the 200 trips missing: trip 1"),
    ),
    "08.3": (
        Wrong("one of two", _elects("ex08-rooms"), r"Found: ex08-lamps, led by broker 3"),
        Wrong("made anew", _makes_anew, r"ex08-\w+ with (its replicas on|0 record)"),
        Wrong("deleted", _deletes_one, r"no topic ex08-lamps"),
        Wrong("another restart", _restarts(2), r"ex08-desks, led by broker 3"),
        Wrong("one down", _leaves_one_down, r"with a replica that is not in sync"),
    ),
}

"""Answers to the exercises of notebook 08 that do not follow from what they expect."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from confluent_kafka import ElectionType, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from kafkalab import KafkaCluster
from kafkalab.learn.course import nb08_replication_and_failover as own
from kafkalab.learn.course.nb08_replication_and_failover import BOOKINGS, COUNT, HOMES, TRIPS
from kafkalab.learn.exercises.setting import Event, fresh_topic, remove_topics, write
from tests import failover
from tests.exercises.cases import Right, Wrong

Act = Callable[[KafkaCluster], object]


def _makes(partitions: int, replicas: int, **settings: str) -> Act:
    def act(cluster: KafkaCluster) -> object:
        config = {name.replace("_", "."): value for name, value in settings.items()}
        fresh_topic(cluster, BOOKINGS.name, partitions=partitions, replicas=replicas, config=config)
        return None

    return act


def _writes(numbers: range, *, times: int = 1, word: str = "trip") -> Act:
    """Write the trips while all brokers are well."""

    def act(cluster: KafkaCluster) -> object:
        write(cluster, TRIPS.name, [Event(f"{word} {number}") for number in numbers] * times)
        return None

    return act


def _kills_first(cluster: KafkaCluster) -> object:
    cluster.kill_broker(3)
    return _writes(range(COUNT))(cluster)


def _kills_what_is_queued(cluster: KafkaCluster) -> object:
    """The producer has queued them all and sent none: `linger.ms` keeps them back."""
    safe = {"acks": "all", "enable.idempotence": True, "linger.ms": 60_000}
    producer = Producer({**cluster.client_config, **safe})
    for number in range(COUNT):
        producer.produce(TRIPS.name, f"trip {number}")
        producer.poll(0)
        if number == COUNT // 2:
            cluster.kill_broker(3)
    assert producer.flush(60) == 0
    return None


def _gives_up(cluster: KafkaCluster) -> object:
    """Do not wait for the answers after the kill."""
    # `purge` has to come before they are sent, and `flush` does not wait for `linger.ms`
    producer = Producer({**cluster.client_config, "acks": "all", "linger.ms": 60_000})
    for number in range(COUNT // 2):
        producer.produce(TRIPS.name, f"trip {number}")
    assert producer.flush(30) == 0
    cluster.kill_broker(3)
    for number in range(COUNT // 2, COUNT):
        producer.produce(TRIPS.name, f"trip {number}")
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
    failover.wait_for(cluster, TRIPS.name, in_sync=[1, 2], led_by=[1, 2])
    cluster.resume_broker(3)
    failover.wait_for(cluster, TRIPS.name, in_sync=[1, 2, 3], led_by=[1, 2])


def _elects(*names: str, election: str = "PREFERRED") -> Act:
    def act(cluster: KafkaCluster) -> object:
        for name in names:
            line = f"kafka-leader-election.sh --election-type {election}"
            cluster.console(f"{line} --topic {name} --partition 0", quiet=True)
        return None

    return act


def _elects_one_unclean(cluster: KafkaCluster) -> object:
    """An unclean election does nothing where there is a leader."""
    _elects("ex08-rooms")(cluster)
    return _elects("ex08-lamps", election="UNCLEAN")(cluster)


def _elected_in_python(cluster: KafkaCluster, _: object) -> object:
    homes = [TopicPartition(name, 0) for name in HOMES]
    admin = AdminClient(cluster.client_config)
    admin.elect_leaders(ElectionType.PREFERRED, homes).result(30)
    return None


def _makes_anew(cluster: KafkaCluster) -> object:
    for name in HOMES:
        fresh_topic(cluster, name, replicas=3)
    return None


def _deletes_one(cluster: KafkaCluster) -> object:
    remove_topics(cluster, "ex08-lamps")
    return None


def _created_alike(cluster: KafkaCluster) -> object:
    """With the replicas and the record that they had: so the first replica leads."""
    for name in ("ex08-rooms", "ex08-lamps"):
        own.placed(cluster, name, HOMES[name])
        write(cluster, name, [Event("kept")])
    return None


def _writes_more(cluster: KafkaCluster) -> object:
    write(cluster, "ex08-desks", [Event("one more")])
    return _elects("ex08-rooms", "ex08-lamps")(cluster)


def _restarts(node_id: int) -> Act:
    def act(cluster: KafkaCluster) -> object:
        # one that has not ended by then is killed, and a check of 08.2 tells the difference
        cluster.stop_broker(node_id, timeout=120)
        cluster.start_broker(node_id)
        return None

    return act


def _restarts_until_it_fits(cluster: KafkaCluster) -> object:
    """Broker 2 hands `ex08-rooms` back; an election does the rest."""
    _restarts(2)(cluster)
    for name in HOMES:
        own.wait_for(cluster, name, lambda p: len(p.in_sync) == own.BROKERS)
    return _elected_in_python(cluster, None)


def _leaves_one_down(cluster: KafkaCluster) -> object:
    cluster.stop_broker(2)
    return None


WRONG: Mapping[str, tuple[Wrong, ...]] = {
    "08.1": (
        Wrong(
            "one copy", _makes(2, 1), r"on one broker alone(.|\n)*min\.insync\.replicas=1", "alone"
        ),
        Wrong(
            "two of two",
            _makes(2, 2, min_insync_replicas="2"),
            r"down, 1 can be(.|\n)*2 repl",
            "refused",
        ),
        Wrong(
            "three of three",
            _makes(2, 3, min_insync_replicas="3"),
            r"2 can be in sync, and wri",
            "refused",
        ),
        Wrong(
            "unclean",
            _makes(2, 3, min_insync_replicas="2", unclean_leader_election_enable="true"),
            r"may become leader(.|\n)*unclean\.leader\.election\.enable=true",
            "unclean",
        ),
    ),
    "08.2": (
        Wrong(
            "nobody dies",
            _writes(range(COUNT)),
            r"broker 3 never killed: .* all the time",
            "never killed",
        ),
        Wrong(
            "dies before",
            _kills_first,
            r"broker 3 was killed before the first was",
            "not in the middle",
        ),
        Wrong(
            "only queued",
            _kills_what_is_queued,
            r"`produce` only queues a record",
            "not in the middle",
        ),
        Wrong(
            "a clean stop",
            _writes_while(lambda cluster: cluster.stop_broker(3)),
            r"broker 3 stopped cleanly: by its log it said goodbye",
            "stopped cleanly",
        ),
        Wrong(
            "a restart", _writes_while(_restarts(3)), r"broker 3 stopped cleanly", "stopped cleanly"
        ),
        Wrong(
            "an election alone",
            _writes_while(_freezes),
            r"broker 3 never killed: by its log",
            "never killed",
        ),
        Wrong("one missing", _writes(range(COUNT - 1)), r"missing: `trip 199`", "records missing"),
        Wrong(
            "twice",
            _writes(range(COUNT), times=2),
            r"more often than asked for: `?trip 0",
            "records twice",
        ),
        Wrong(
            "one too many",
            _writes(range(COUNT + 1)),
            r"not asked for: `trip 200`",
            "records strange",
        ),
        Wrong(
            "other words",
            _writes(range(COUNT), word="trips"),
            r"not asked for: `?trips 0",
            "records changed",
        ),
        Wrong("given up", _gives_up, r"missing: `?trip 1", "records missing"),
    ),
    "08.3": (
        Wrong(
            "one of two", _elects("ex08-rooms"), r"Found: `ex08-lamps, led by broker 3", "astray"
        ),
        Wrong("created again", _makes_anew, r"`ex08-\w+` with (its replicas on|no record)"),
        Wrong("deleted", _deletes_one, r"no topic `ex08-lamps`", "topic gone"),
        Wrong(
            "restarts until it fits",
            _restarts_until_it_fits,
            r"You stopped a broker(.|\n)*Found: broker 2, by its log",
            "broker restarted",
        ),
        Wrong(
            "created again alike",
            _created_alike,
            r"You created topics again(.|\n)*`ex08-rooms` and `ex08-lamps`, by the brokers' logs",
            "created again",
        ),
        Wrong(
            "an unclean election",
            _elects_one_unclean,
            r"No preferred leader(.|\n)*`ex08-lamps, led by broker 3",
            "astray",
        ),
        Wrong("one record more", _writes_more, r"`ex08-desks` with 2 records", "not one record"),
        Wrong("one down", _leaves_one_down, r"with a replica that is not in sync", "behind"),
    ),
}
RIGHT: Mapping[str, tuple[Right, ...]] = {
    "08.3": (Right("elected in Python", _elected_in_python),),
}

"""Exercises of notebook 08: on three brokers."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from functools import partial

from kafkalab.cluster.cluster import KafkaCluster
from kafkalab.common.deadline import Deadline
from kafkalab.common.words import count
from kafkalab.errors import KafkaLabError
from kafkalab.learn.exercises.exercise import Exercise
from kafkalab.learn.exercises.expectations import Topic
from kafkalab.learn.exercises.expected_answers import that
from kafkalab.learn.exercises.fault import Fault, at_least, codes, fault
from kafkalab.learn.exercises.look import Look
from kafkalab.learn.exercises.setting import (
    LOOK_SECONDS,
    STAGE_SECONDS,
    Event,
    create_again,
    fresh_topic,
    remove_topics,
    write,
)
from kafkalab.queries.records import Window, read_windows
from kafkalab.queries.topics import Partition, connect, describe_topic

BROKERS = 3
ELECT_SECONDS = 5.0

# --- 08.1 -----------------------------------------------------------------------------------------

BOOKINGS = Topic("ex08-bookings")  # the learner's, but `prepare` removes it: see there
FEWEST, UNCLEAN = "min.insync.replicas", "unclean.leader.election.enable"


def prepare_bookings(cluster: KafkaCluster) -> None:
    # a broker of Kafka 4.3 that is restarted gives a topic the settings of a deleted one of the
    # same name (https://github.com/AutoMQ/automq/issues/3556): the last one had the defaults
    fresh_topic(cluster, BOOKINGS.name, config={FEWEST: "1", UNCLEAN: "false"})
    remove_topics(cluster, BOOKINGS.name)


def copies(look: Look) -> int:
    return min(len(p.replicas) for p in look.topic(BOOKINGS.name).partitions)


def takes_bookings(look: Look) -> Fault | None:
    fewest = int(look.settings(BOOKINGS.name)[FEWEST])
    if copies(look) - 1 >= fewest:
        return None
    left = copies(look) - 1
    return fault("refused", copies=count(copies(look), "replica"), fewest=fewest, left=left)


SURVIVES = Exercise(
    "08.1",
    prepare=prepare_bookings,
    untouched=[BOOKINGS.absent()],
    wants=[
        BOOKINGS.partitions(2),
        BOOKINGS.setting(FEWEST, at_least(2), why="alone"),
        that(takes_bookings),
        BOOKINGS.setting(UNCLEAN, "false", why="unclean"),
    ],
    facts=lambda look: {
        "copies": copies(look),
        "fewest": look.settings(BOOKINGS.name)[FEWEST],
    },
    brokers=BROKERS,
)

# --- 08.2 -----------------------------------------------------------------------------------------

TRIPS = Topic("ex08-trips")
COUNT, LEADER = 200, 3
ALL_TRIPS = TRIPS.holds([(f"trip {number}",) for number in range(COUNT)], "value")

# what a broker writes into its log (Kafka 4.3, `kafka.log.LogManager` and others)
CREATED = "Created log for partition {}-0 in"
BEGINS = "Starting controller"
SAYS_GOODBYE = "Transition from STARTED to SHUTTING_DOWN"
WAS_KILLED = "since no clean shutdown file was found"


def prepare_trips(cluster: KafkaCluster) -> None:
    placed(cluster, TRIPS.name, f"{LEADER}:1:2", {FEWEST: "2"})


def leader_was_killed(look: Look) -> Fault | None:
    """By its own log since the topic was created.

    A broker that is stopped says so and leaves a file that tells its next start that nothing has
    to be recovered. One that is killed does neither.
    """
    since = log_since_created(look, LEADER, TRIPS.name)
    down = any(b.node_id == LEADER and b.state == "stopped" for b in look.cluster.brokers)
    fell_silent = down and SAYS_GOODBYE not in since.rpartition(BEGINS)[2]
    if WAS_KILLED in since or fell_silent:
        return None
    return fault("stopped cleanly" if SAYS_GOODBYE in since else "never killed")


def log_since_created(look: Look, node_id: int, topic: str) -> str:
    """What the broker has written since it created its replica of the topic's partition."""
    log = look.log(node_id)
    return log[max(0, log.rfind(CREATED.format(topic))) :]


def terms(look: Look) -> set[int]:
    """The leader epochs in which records were written."""
    [partition] = look.topic(TRIPS.name).partitions
    if partition.start is None or partition.end is None:
        raise KafkaLabError(
            f"The leader of {TRIPS} does not answer.",
            tried="to read what you have written",
            fix="wait until another broker leads, or start one: cluster.start_broker(…)",
        )
    windows = {0: Window(partition.start, partition.end)}
    reading = read_windows(look.cluster, TRIPS.name, windows, Deadline(LOOK_SECONDS))
    if reading.finished != windows.keys():
        raise KafkaLabError(
            f"{TRIPS} could not be read to its end.",
            tried="to read what you have written",
            fix="look at which brokers run: cluster.brokers; then check again",
        )
    epochs = [message.leader_epoch() for message in reading.messages[0]]
    return {epoch for epoch in epochs if epoch is not None}


def killed_in_the_middle(look: Look) -> Fault | None:
    return fault("not in the middle") if len(terms(look)) < 2 else None


LOSE_NOTHING = Exercise(
    "08.2",
    prepare=prepare_trips,
    untouched=[TRIPS.size(0)],
    # the topic cannot be made again with one thing changed: the leaders' terms are part of it
    wants=[that(ALL_TRIPS.fault), that(leader_was_killed), that(killed_in_the_middle)],
    facts=lambda look: {"terms": len(terms(look))},
    brokers=BROKERS,
)

# --- 08.3 -----------------------------------------------------------------------------------------

HOMES = {"ex08-rooms": "1:2:3", "ex08-desks": "2:3:1", "ex08-lamps": "1:3:2", "ex08-doors": "3:1:2"}
AWAY = 1
STAGINGS = 3


def prepare_homes(cluster: KafkaCluster) -> None:
    """Leaders move away from one broker that restarts, and from no other.

    Any that is silent for two seconds loses its leaders too. It gets them back here; where the
    one got some back that way, all begins again.
    """
    for left in reversed(range(STAGINGS)):
        for name, replicas in HOMES.items():
            placed(cluster, name, replicas)
            write(cluster, name, [Event("kept")])
        cluster.stop_broker(AWAY)
        cluster.start_broker(AWAY)
        if Deadline(STAGE_SECONDS).wait_for(partial(moved_away, cluster), poll=0.1):
            return
        if not left:
            raise not_in_place(", ".join(HOMES), STAGINGS * STAGE_SECONDS)


def moved_away(cluster: KafkaCluster) -> bool:
    """Whether all replicas are in sync and the leaders where they should be, or ask for it."""
    deadline = Deadline(STAGE_SECONDS)
    found = {name: describe_topic(cluster, name, deadline).partitions[0] for name in HOMES}
    if all(is_moved(p) and len(p.in_sync) == BROKERS for p in found.values()):
        return True
    elect(cluster, *(name for name, p in found.items() if p.replicas[0] != AWAY))
    return False


def is_moved(partition: Partition) -> bool:
    """Whether its leader is the preferred one, but for the broker that was away."""
    preferred = partition.replicas[0]
    return partition.leader != AWAY if preferred == AWAY else partition.leader == preferred


def homes(look: Look) -> dict[str, Partition]:
    return {name: look.topic(name).partitions[0] for name in HOMES}


def astray(look: Look) -> list[str]:
    return [name for name, part in homes(look).items() if part.leader != part.replicas[0]]


def nobody_home(look: Look) -> Fault | None:
    if found := all_there(look):
        return found
    return None if all(map(is_moved, homes(look).values())) else fault("away")


def all_there(look: Look) -> Fault | None:
    gone = [name for name in HOMES if name not in look.names]
    return fault("topic gone", topics=codes(gone)) if 0 < len(gone) < len(HOMES) else None


def as_they_were(look: Look) -> Fault | None:
    for name, part in homes(look).items():
        found = ":".join(map(str, part.replicas))
        if found != HOMES[name]:
            return fault("replicas moved", topic=name, found=found, wanted=HOMES[name])
        if part.size != 1:
            return fault("not one record", topic=name, found=part.size or "no")
    return None


def all_in_sync(look: Look) -> Fault | None:
    behind = [name for name, part in homes(look).items() if len(part.in_sync) < BROKERS]
    return fault("behind", topics=codes(behind)) if behind else None


def of_start(look: Look) -> Fault | None:
    """`start` restarts the broker that leads none after it has created the topics, and once."""
    for node_id in range(1, BROKERS + 1):
        logs = {name: log_since_created(look, node_id, name) for name in HOMES}
        starts = {name: log.count(BEGINS) for name, log in logs.items()}
        wanted = 1 if node_id == AWAY else 0
        if again := [name for name, found in starts.items() if found < wanted]:
            return fault("created again", topics=codes(again))
        if max(starts.values()) > wanted:
            return fault("broker restarted", broker=node_id)
    return None


def all_home(look: Look) -> Fault | None:
    parts = homes(look)
    found = [f"{name}, led by broker {parts[name].leader}" for name in astray(look)]
    return fault("astray", found=codes(found)) if found else None


ASTRAY = Exercise(
    "08.3",
    prepare=prepare_homes,
    untouched=[that(nobody_home, untouched="away"), that(as_they_were), that(all_in_sync)],
    wants=[*map(that, (all_there, as_they_were, all_in_sync, of_start, all_home))],
    brokers=BROKERS,
)

# --- what they stand on ---------------------------------------------------------------------------


def placed(
    cluster: KafkaCluster, name: str, replicas: str, config: Mapping[str, str] | None = None
) -> None:
    """Create the topic again: one partition, its replicas on these brokers, the first leading."""
    from confluent_kafka.admin import NewTopic

    numbers = [int(place) for place in replicas.split(":")]
    new = NewTopic(name, 1, replica_assignment=[numbers], config=dict(config or {}))
    create_again(cluster, new)

    def reached(partition: Partition) -> bool:
        if partition.leader == numbers[0] and len(partition.in_sync) == len(numbers):
            return True
        # where it was silent when the topic was created, another leads, and goes on to
        elect(cluster, name)
        return False

    wait_for(cluster, name, reached)


def elect(cluster: KafkaCluster, *names: str) -> None:
    """Ask for the preferred leaders of the topics; one that is not in sync cannot lead yet."""
    from confluent_kafka import ElectionType, KafkaException, TopicPartition

    admin, _ = connect(cluster)
    asked = [TopicPartition(name, 0) for name in names]
    future = admin.elect_leaders(ElectionType.PREFERRED, asked)  # it refuses to take a time limit
    with contextlib.suppress(KafkaException, TimeoutError):
        future.result(timeout=ELECT_SECONDS)


def wait_for(cluster: KafkaCluster, name: str, reached: Callable[[Partition], bool]) -> None:
    """Wait for a state of the topic's partition; each look takes a new client."""
    deadline = Deadline(STAGE_SECONDS)
    if not deadline.wait_for(
        lambda: reached(describe_topic(cluster, name, deadline).partitions[0]), poll=0.1
    ):
        raise not_in_place(name)


def not_in_place(names: str, seconds: float = STAGE_SECONDS) -> KafkaLabError:
    return KafkaLabError(
        f"The replicas of {names} did not come into place within {seconds:g} seconds.",
        tried="to wait for leaders and in-sync replicas",
        fix="look at which brokers run: cluster.brokers; then start() again",
    )


EXERCISES = (SURVIVES, LOSE_NOTHING, ASTRAY)

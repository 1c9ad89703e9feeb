"""Exercises of notebook 08: on three brokers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from kafkalab.cluster import KafkaCluster
from kafkalab.deadline import Deadline
from kafkalab.errors import KafkaLabError
from kafkalab.exercises.answers import some
from kafkalab.exercises.engine import Exercise, Verdict, correct, no_topic, not_attempted, not_yet
from kafkalab.exercises.stage import (
    LOOK_SECONDS,
    STAGE_SECONDS,
    Event,
    change_settings,
    look_at_settings,
    look_at_topic,
    remove_topics,
    topic_names,
    write,
)
from kafkalab.records import Window, read_windows
from kafkalab.topics import Partition, Topic, connect, describe_topic

BROKERS = 3

# --- 08.1 -----------------------------------------------------------------------------------------

BOOKINGS = "ex08-bookings"
PARTITIONS = 2
FEWEST, UNCLEAN = "min.insync.replicas", "unclean.leader.election.enable"


def _prepare_bookings(cluster: KafkaCluster) -> None:
    if BOOKINGS in topic_names(cluster):
        # a broker of Kafka 4.3 that is restarted gives a topic the settings of a deleted one of
        # the same name (https://github.com/AutoMQ/automq/issues/3556), so they are put back first
        change_settings(cluster, BOOKINGS, {FEWEST: "1", UNCLEAN: "false"})
    remove_topics(cluster, BOOKINGS)


def _check_bookings(cluster: KafkaCluster, _: object) -> Verdict:
    found = _look_at_bookings(cluster)
    if found is None:
        return not_attempted(f"There is no topic {BOOKINGS} yet.")
    topic, settings = found
    if len(topic.partitions) != PARTITIONS:
        return not_yet(f"{len(topic.partitions)} partition(s)", f"{PARTITIONS} partitions")
    copies = min(len(p.replicas) for p in topic.partitions)
    fewest = int(settings[FEWEST])
    if fewest < 2:
        return not_yet(
            f"min.insync.replicas={fewest}: an acknowledged booking may be on one broker alone, "
            "and die with it",
            "at least two copies of whatever is acknowledged with acks=all",
        )
    if copies - 1 < fewest:
        return not_yet(
            f"{copies} replica(s) and min.insync.replicas={fewest}: with one broker down, "
            f"{copies - 1} can be in sync, and writers are refused",
            "a topic that takes bookings with any one broker down",
        )
    if settings[UNCLEAN] != "false":
        return not_yet(
            "unclean.leader.election.enable=true: a broker that lacks bookings may become leader",
            "only replicas that are in sync as leaders, which is the default",
        )
    return correct(
        f"{copies} replicas, of which {fewest} have to be in sync: any one broker may die. What is "
        "acknowledged is on another one, and writers with acks=all are not refused."
    )


def _look_at_bookings(cluster: KafkaCluster) -> tuple[Topic, dict[str, str]] | None:
    topic = look_at_topic(cluster, BOOKINGS)
    if topic is None:
        return None
    try:
        settings = look_at_settings(cluster, BOOKINGS)
    except KafkaLabError:  # the broker that was asked has not heard of it yet, or it has gone
        return None
    return topic, {name: settings[name] for name in (FEWEST, UNCLEAN)}


SURVIVES = Exercise(
    number="08.1",
    title="A topic that bears a loss",
    question=f"""\
Make the topic `{BOOKINGS}` with {PARTITIONS} partitions, for producers that use `acks=all`. Any \
one of the three brokers may die, and then
- no acknowledged booking is lost,
- and no booking is refused.
The check looks at the topic; it takes no answer.""",
    prepare=_prepare_bookings,
    check=_check_bookings,
    hints=(
        "Not to lose: how many brokers have to have a booking at the moment at which it is "
        "acknowledged? Which setting of the topic says so?",
        "Not to refuse: with one broker down, as many replicas have to be in sync as "
        "`min.insync.replicas` asks for. How many replicas does that take?",
        "`kafka-topics.sh --create` takes `--replication-factor` and, for a setting, `--config`.",
    ),
    solution=f"""\
cluster.console(
    "bin/kafka-topics.sh --create --topic {BOOKINGS} --partitions {PARTITIONS} "
    "--replication-factor 3 --config min.insync.replicas=2 --bootstrap-server localhost:9092"
)
""",
    brokers=BROKERS,
    ready=f"All three brokers run, and there is no topic `{BOOKINGS}`: you make it.",
)

# --- 08.2 -----------------------------------------------------------------------------------------

TRIPS = "ex08-trips"
COUNT = 200
TRIP = "trip {}"
LEADER = 3

# what a broker writes into its log (Kafka 4.3, `kafka.log.LogManager` and others)
_CREATED = f"Created log for partition {TRIPS}-0 in"
_BEGINS = "Starting controller"
_SAYS_GOODBYE = "Transition from STARTED to SHUTTING_DOWN"
_WAS_KILLED = "since no clean shutdown file was found"


def _prepare_trips(cluster: KafkaCluster) -> None:
    _placed(cluster, TRIPS, f"{LEADER}:1:2", {"min.insync.replicas": "2"})


def _check_trips(cluster: KafkaCluster, _: object) -> Verdict:
    topic = look_at_topic(cluster, TRIPS)
    if topic is None:
        return no_topic(TRIPS)
    values, terms = _trips(cluster, topic)
    if not values:
        return not_attempted(f"{TRIPS} holds no record yet.")
    wanted = {TRIP.format(number) for number in range(COUNT)}
    missing = sorted(wanted - values.keys(), key=_number)
    if missing:
        return not_yet(
            f"{len(missing)} of the {COUNT} trips missing: {some(missing)}",
            f"`{TRIP.format(0)}` to `{TRIP.format(COUNT - 1)}`, every one",
        )
    if strange := sorted(values.keys() - wanted):
        return not_yet(f"what is no trip: {some(strange)}", f"the {COUNT} trips and nothing else")
    if twice := sorted((v for v, times in values.items() if times > 1), key=_number):
        return not_yet(
            f"{len(twice)} trip(s) more than once: {some(twice)}",
            "each trip once, although the producer sends again what was not acknowledged; "
            "`start()` gives you an empty topic",
        )
    amiss = _why_not_killed(cluster)
    if amiss is None and len(terms) < 2:
        amiss = f"broker {LEADER} killed before the first was written, or after the last"
    if amiss is not None:
        return not_yet(
            f"all {COUNT} trips, once each, and {amiss}",
            f"broker {LEADER} killed, as by a power cut, while you write; `start()` gives you an "
            "empty topic",
        )
    return correct(
        f"All {COUNT} trips are there, once each, written under {len(terms)} leaders one after the "
        f"other, and broker {LEADER} was killed: what was acknowledged was on the brokers that "
        "stayed."
    )


def _why_not_killed(cluster: KafkaCluster) -> str | None:
    """What became of the leader instead, by its own log since the topic was made; or None.

    A broker that is stopped says so and leaves a file that tells its next start that nothing has
    to be recovered. One that is killed does neither.
    """
    log = str(cluster.logs(LEADER))
    since = log[max(0, log.rfind(_CREATED)) :]
    down = any(b.node_id == LEADER and b.state == "stopped" for b in cluster.brokers)
    fell_silent = down and _SAYS_GOODBYE not in since.rpartition(_BEGINS)[2]
    if _WAS_KILLED in since or fell_silent:
        return None
    if _SAYS_GOODBYE in since:
        return (
            f"broker {LEADER} stopped cleanly: by its log it said goodbye and handed its partition "
            "over"
        )
    return f"broker {LEADER} never killed: by its log it has run all the time"


def _number(trip: str) -> int:
    return int(trip.split()[1])


def _trips(cluster: KafkaCluster, topic: Topic) -> tuple[Counter[str], set[int]]:
    """How often each value is there, and the terms (leader epochs) in which records came."""
    windows = {
        p.number: Window(p.start, p.end)
        for p in topic.partitions
        if p.start is not None and p.end is not None
    }
    if len(windows) < len(topic.partitions):
        raise KafkaLabError(
            f"The leader of {topic.name} does not answer.",
            tried="to read what you have written",
            fix="wait until another broker leads, or start one: cluster.start_broker(…)",
        )
    reading = read_windows(cluster, topic.name, windows, Deadline(LOOK_SECONDS))
    if reading.finished != windows.keys():
        raise KafkaLabError(
            f"{topic.name} could not be read to its end.",
            tried="to read what you have written",
            fix="look at which brokers run: cluster.brokers; then check again",
        )
    messages = [m for found in reading.messages.values() for m in found]
    values = Counter((m.value() or b"").decode(errors="replace") for m in messages)
    return values, {epoch for m in messages if (epoch := m.leader_epoch()) is not None}


LOSE_NOTHING = Exercise(
    number="08.2",
    title="Lose nothing while a broker dies",
    question=f"""\
`start()` makes the topic `{TRIPS}`: one partition, three replicas, `min.insync.replicas=2`. \
Broker {LEADER} leads it.
Write the {COUNT} records `{TRIP.format(0)}` to `{TRIP.format(COUNT - 1)}` to it with one \
producer, and kill its leader when some of them are written and the others are not. In the end \
every trip has to be there once.
A second attempt needs a fresh topic, by `start()`, and a new producer: the old one takes the new \
topic for the one that it knew.
The check looks at the topic and at broker {LEADER}'s log; it takes no answer.""",
    ready=f"`{TRIPS}` is empty, led by broker {LEADER}, and in sync on all three brokers.",
    prepare=_prepare_trips,
    check=_check_trips,
    hints=(
        "The notebook did it with `orders`: under *The leader dies*.",
        "Some have to be written before the kill: `flush` after the first half, or poll while you "
        "write. The others come after it, or are on their way.",
        '`"acks": "all"` keeps them, `"enable.idempotence": True` keeps them from being there '
        "twice. After the kill, `flush` until nothing is without an answer; it may take 10 s.",
    ),
    solution=f"""\
from time import monotonic

from confluent_kafka import Producer

producer = Producer({{**cluster.client_config, "acks": "all", "enable.idempotence": True}})
for number in range({COUNT}):
    producer.produce("{TRIPS}", f"trip {{number}}")
    if number == {COUNT // 2}:
        producer.flush(30)
        cluster.kill_broker(3)

deadline = monotonic() + 60
while producer.flush(0.5) and monotonic() < deadline:
    pass
""",
    brokers=BROKERS,
)

# --- 08.3 -----------------------------------------------------------------------------------------

HOMES = {"ex08-rooms": "1:2:3", "ex08-desks": "2:3:1", "ex08-lamps": "1:3:2", "ex08-doors": "3:1:2"}
KEPT = "kept"
AWAY = 1


def _prepare_homes(cluster: KafkaCluster) -> None:
    for name, replicas in HOMES.items():
        _placed(cluster, name, replicas)
        write(cluster, name, [Event(KEPT)])
    # its leaders move away from it, and stay away when it is back
    cluster.stop_broker(AWAY)
    cluster.start_broker(AWAY)
    for name in HOMES:
        _wait_for(cluster, name, lambda p: len(p.in_sync) == BROKERS and p.leader != AWAY)


def _check_homes(cluster: KafkaCluster, _: object) -> Verdict:
    found = {name: look_at_topic(cluster, name) for name in HOMES}
    if not any(found.values()):
        return no_topic(*HOMES)
    if gone := [name for name, topic in found.items() if topic is None]:
        return not_yet(f"no topic {some(gone)}", "all four topics; `start()` makes them again")
    parts = {name: topic.partitions[0] for name, topic in found.items() if topic is not None}
    for name, part in parts.items():
        if ":".join(map(str, part.replicas)) != HOMES[name]:
            return not_yet(
                f"{name} with its replicas on {some([str(r) for r in part.replicas])}",
                "the replicas where they were, in their order; `start()` makes them again",
            )
        if part.size != 1:
            return not_yet(
                f"{name} with {part.size if part.size is not None else 'an unknown number of'} "
                "record(s)",
                "the one record that it had: no topic made anew; `start()` begins again",
            )
    behind = [name for name, part in parts.items() if len(part.in_sync) < BROKERS]
    if behind:
        return not_yet(
            f"{some(behind)} with a replica that is not in sync",
            "all brokers running, and every replica in sync",
        )
    astray = [name for name, part in parts.items() if part.leader != part.replicas[0]]
    if not astray:
        return correct(
            "Each of the four is led by its preferred leader again, every replica is in sync, and "
            "no broker had to be stopped for it."
        )
    if all(part.leader != AWAY for part in parts.values()) and len(astray) == _HOMELESS:
        return not_attempted(f"Broker {AWAY} is back, and leads none of the four.")
    return not_yet(
        f"{some([f'{name}, led by broker {parts[name].leader}' for name in astray])}",
        "each partition led by the first of its replicas",
    )


_HOMELESS = sum(replicas.startswith(str(AWAY)) for replicas in HOMES.values())

ASTRAY = Exercise(
    number="08.3",
    title="Leaders astray",
    question=f"""\
`start()` makes four topics of one partition, {", ".join(f"`{name}`" for name in HOMES)}, each \
with one record. Then it restarts broker {AWAY}, as one does for an update. Since then some \
partitions are no longer led by the broker that should lead them.
Find out which, and bring their leaders home, without stopping a broker. The check looks at the \
topics; it takes no answer.""",
    prepare=_prepare_homes,
    check=_check_homes,
    hints=(
        "Which broker should lead? The first in the list of replicas. `show.topic(cluster, …)` "
        "and `kafka-topics.sh --describe` show that list and who leads now.",
        "`kafka-leader-election.sh` does it for one partition of one topic at a time.",
        f"Two topics have broker {AWAY} as their preferred leader.",
    ),
    solution="""\
for topic in ("ex08-rooms", "ex08-lamps"):
    cluster.console(
        f"bin/kafka-leader-election.sh --election-type PREFERRED --topic {topic} --partition 0 "
        "--bootstrap-server localhost:9092"
    )
""",
    brokers=BROKERS,
    ready=(
        f"Four topics hold one record each. Broker {AWAY} was restarted; all three brokers run, "
        "and every replica is in sync."
    ),
)

# --- what they stand on ---------------------------------------------------------------------------


def _placed(
    cluster: KafkaCluster, name: str, replicas: str, config: Mapping[str, str] | None = None
) -> None:
    """Make the topic anew: one partition, its replicas on these brokers, the first one leading."""
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import NewTopic

    remove_topics(cluster, name)
    places = [int(place) for place in replicas.split(":")]
    admin, _ = connect(cluster)
    new = NewTopic(name, 1, replica_assignment=[places], config=dict(config or {}))
    try:
        admin.create_topics([new], request_timeout=10)[name].result(timeout=STAGE_SECONDS)
    except (KafkaException, TimeoutError) as error:
        raise KafkaLabError(
            f"The cluster did not make the topic {name}: {error}",
            tried=f"to put its replicas on the brokers {replicas}",
            fix="look at which brokers run: cluster.brokers; then start() again",
        ) from None
    _wait_for(cluster, name, lambda p: p.leader == places[0] and len(p.in_sync) == len(places))


def _wait_for(cluster: KafkaCluster, name: str, reached: Callable[[Partition], bool]) -> None:
    """Wait for a state of the topic's partition; each look takes a new client."""
    deadline = Deadline(STAGE_SECONDS)
    if not deadline.wait_for(
        lambda: reached(describe_topic(cluster, name, deadline).partitions[0]), poll=0.1
    ):
        raise KafkaLabError(
            f"The replicas of {name} did not come into place within {STAGE_SECONDS:g} seconds.",
            tried="to wait for its leader and its in-sync replicas",
            fix="look at which brokers run: cluster.brokers; then start() again",
        )


EXERCISES = (SURVIVES, LOSE_NOTHING, ASTRAY)

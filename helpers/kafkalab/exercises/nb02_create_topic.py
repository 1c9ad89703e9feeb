"""Exercises of notebook 02."""

from __future__ import annotations

import random
import re

from kafkalab.cards import short
from kafkalab.cluster import KafkaCluster
from kafkalab.exercises.engine import (
    Exercise,
    Verdict,
    correct,
    no_topic,
    not_attempted,
    not_yet,
)
from kafkalab.exercises.stage import (
    Event,
    change_settings,
    fresh_topic,
    look_at_own_settings,
    look_at_records,
    look_at_settings,
    look_at_topic,
    remove_topics,
    topic_names,
    write,
)
from kafkalab.show.labels import count

# --- 02.1 -----------------------------------------------------------------------------------------

AUDIT = "ex02-audit"
PARTITIONS = 4
DAY_MS = 86_400_000
DAYS = 30
LARGEST = 2_000_000
AGE_ALONE = {"cleanup.policy": "delete", "retention.bytes": "-1"}
"""Settings with which `retention.ms` alone says when a record goes."""


def _prepare_audit(cluster: KafkaCluster) -> None:
    remove_topics(cluster, AUDIT)


def _check_audit(cluster: KafkaCluster, _: object) -> Verdict:
    topic = look_at_topic(cluster, AUDIT)
    if topic is None:
        return not_attempted(f"There is no topic {AUDIT} yet.")
    if len(topic.partitions) != PARTITIONS:
        return not_yet(
            f"a topic of {count(len(topic.partitions), 'partition')}",
            f"{PARTITIONS} partitions; delete it and make it again",
        )
    settings = look_at_settings(cluster, AUDIT)
    kept = int(settings["retention.ms"])
    if kept != DAYS * DAY_MS:
        return not_yet(
            f"retention.ms={kept}, which is {_duration(kept)}", f"{DAYS} days, in milliseconds"
        )
    for name, plain in AGE_ALONE.items():
        if settings[name] != plain:
            return not_yet(
                f"{name}={settings[name]}, so records may go before they are {DAYS} days old",
                f"{name}={plain}, as the broker has it: age alone decides",
            )
    largest = int(settings["max.message.bytes"])
    if largest != LARGEST:
        return not_yet(f"max.message.bytes={largest}", f"{LARGEST:,} bytes")
    return correct(
        f"{AUDIT} has {PARTITIONS} partitions, keeps its records for {_duration(kept)}, and takes "
        f"batches of up to {largest:,} bytes."
    )


def _duration(ms: int) -> str:
    """Milliseconds in the unit in which people say them."""
    if ms < 0:
        return "for ever"
    for unit, size in (("day", DAY_MS), ("hour", 3_600_000), ("minute", 60_000), ("second", 1000)):
        if ms >= size:
            return count(ms // size, unit)
    return count(ms, "millisecond")


ORDERED = Exercise(
    number="02.1",
    title="A topic made to measure",
    question=f"""\
Make the topic `{AUDIT}`:
- {PARTITIONS} partitions
- its records are kept for {DAYS} days
- `max.message.bytes` is {LARGEST}
Use the official tool or Python, in one step or in several. The check looks at the topic; it \
takes no answer.""",
    prepare=_prepare_audit,
    check=_check_audit,
    ready=f"There is no topic `{AUDIT}`: it is yours to make.",
    hints=(
        "`NewTopic(name, partitions, replication_factor=…, config={…})` takes all of it. "
        "The tool takes `--config name=value` for each setting.",
        "How long records are kept is the setting `retention.ms`, in milliseconds. A day has "
        f"{DAY_MS:,}.",
        "Call `result(timeout=10)` on the future that `create_topics` returns: an error would "
        "pass unseen.",
    ),
    solution=f"""\
from confluent_kafka.admin import AdminClient, NewTopic

day = 24 * 60 * 60 * 1000
config = {{"retention.ms": str({DAYS} * day), "max.message.bytes": "{LARGEST}"}}

admin = AdminClient(cluster.client_config)
audit = NewTopic("{AUDIT}", {PARTITIONS}, replication_factor=1, config=config)
admin.create_topics([audit])["{AUDIT}"].result(timeout=10)
""",
)

# --- 02.2 -----------------------------------------------------------------------------------------

SHOPS = tuple(f"ex02-shop-{town}" for town in ("bonn", "cork", "lyon", "oslo", "riga"))
ODD = {
    "retention.ms": "2592000000",
    "cleanup.policy": "compact",
    "max.message.bytes": "1000",
    "segment.ms": "600000",
}


def _prepare_shops(cluster: KafkaCluster) -> None:
    for shop in SHOPS:
        fresh_topic(cluster, shop)
        write(cluster, shop, [Event("opened", key=shop)])
    name = random.choice(list(ODD))
    change_settings(cluster, random.choice(SHOPS), {name: ODD[name]})


def _check_shops(cluster: KafkaCluster, _: object) -> Verdict:
    missing = sorted(set(SHOPS) - topic_names(cluster))
    if len(missing) == len(SHOPS):
        return no_topic(*SHOPS)
    if missing:
        return not_yet(
            f"no topic {', '.join(missing)}",
            "all five topics, with their records; begin again with `start()`",
        )
    own = {shop: dict(look_at_own_settings(cluster, shop)) for shop in SHOPS}
    own = {shop: settings for shop, settings in own.items() if settings}
    if len(own) == 1:
        [settings] = own.values()
        if len(settings) == 1 and settings.items() <= ODD.items():
            return not_attempted("One of the five topics still has its odd setting.")
    if own:
        shop, settings = next(iter(own.items()))
        told = ", ".join(f"{name}={value}" for name, value in settings.items())
        return not_yet(
            f"{told}, still set for {shop} itself",
            "no setting of its own at any of the five, so that a new default would reach them all",
        )
    topics = {shop: look_at_topic(cluster, shop) for shop in SHOPS}
    emptied = [s for s, topic in topics.items() if not topic or not topic.partitions[0].size]
    if emptied:
        return not_yet(
            f"no record in {', '.join(emptied)}",
            "the topics with their records: change the setting, and do not make the topic anew",
        )
    return correct(
        "All five topics follow the broker's settings again, and kept their records: a setting "
        "changes while a topic is in use."
    )


ODD_ONE = Exercise(
    number="02.2",
    title="The odd one out",
    question=f"""\
`start()` makes five topics, {", ".join(f"`{shop}`" for shop in SHOPS)}, each with one record. \
Four of them follow the broker's settings. Somebody gave the fifth a setting of its own; which \
topic and which setting is another one each time.
Find it and take the setting away, so that all five follow the broker's. The records have to stay. \
The check looks at the topics; it takes no answer.""",
    prepare=_prepare_shops,
    check=_check_shops,
    ready="The five topics are there, each with one record. One has a setting of its own.",
    hints=(
        "`--describe` without `--topic` describes every topic. Its *Configs* name the settings "
        "that are not the broker's built-in defaults; `min.insync.replicas` stands at all of them.",
        "`kafka-configs.sh --alter` changes a setting. `--delete-config` takes one away; to add "
        "it with the default's value would leave it set.",
        'cluster.console("bin/kafka-configs.sh --alter --entity-type topics --entity-name … '
        '--delete-config … --bootstrap-server localhost:9092")',
    ),
    solution="""\
described = cluster.console(
    "bin/kafka-topics.sh --describe --bootstrap-server localhost:9092", quiet=True
)
for line in described.output:
    if line.startswith("Topic: ex02-shop-"):
        topic = line.split()[1]
        configs = line.split("Configs: ")[1].split(",")
        for config in configs:
            name = config.split("=")[0]
            if name != "min.insync.replicas":
                cluster.console(
                    f"bin/kafka-configs.sh --alter --entity-type topics --entity-name {topic} "
                    f"--delete-config {name} --bootstrap-server localhost:9092"
                )
""",
)

# --- 02.3 -----------------------------------------------------------------------------------------

WRONG_NAME, RIGHT_NAME = "ex02-ordres", "ex02-orders"
ORDERS = range(4, 10)
_ORDER = re.compile(r"order (\d+) of (\d+)")


def _prepare_misspelt(cluster: KafkaCluster) -> None:
    remove_topics(cluster, RIGHT_NAME)
    fresh_topic(cluster, WRONG_NAME)
    count = random.choice(ORDERS)
    write(cluster, WRONG_NAME, [Event(f"order {n} of {count}") for n in range(1, count + 1)])


def _check_misspelt(cluster: KafkaCluster, _: object) -> Verdict:
    names = topic_names(cluster)
    if RIGHT_NAME not in names:
        if WRONG_NAME in names:
            return not_attempted(f"There is no topic {RIGHT_NAME} yet.")
        return not_yet(
            f"neither {WRONG_NAME} nor {RIGHT_NAME}",
            "the orders under the right name; begin again with `start()`",
        )
    topic = look_at_topic(cluster, RIGHT_NAME)
    partitions = len(topic.partitions) if topic else 0
    if partitions != 3:
        return not_yet(
            f"{RIGHT_NAME} with {count(partitions, 'partition')}",
            "3 partitions. The first write makes a topic with the broker's default, so make it "
            "before you write",
        )
    values = sorted(map(str, look_at_records(cluster, RIGHT_NAME)["value"].tolist()))
    if not values:
        return not_yet(f"{RIGHT_NAME} without a record", f"all orders of {WRONG_NAME} in it")
    known = _ORDER.fullmatch(values[0])
    wanted = int(known[2]) if known else 0
    if wanted not in ORDERS or values != [f"order {n} of {wanted}" for n in range(1, wanted + 1)]:
        return not_yet(
            f"{count(len(values), 'record')} in {RIGHT_NAME}: {short(values, 200)}",
            f"every order of {WRONG_NAME} once, its value unchanged",
        )
    if WRONG_NAME in names:
        return not_yet(
            f"all {wanted} orders in {RIGHT_NAME}, and {WRONG_NAME} still there",
            f"no topic {WRONG_NAME}",
        )
    return correct(
        f"All {wanted} orders are in {RIGHT_NAME}, and {WRONG_NAME} is gone. Kafka cannot rename a "
        "topic: to make, to copy and to delete is the way."
    )


MISSPELT = Exercise(
    number="02.3",
    title="The misspelt topic",
    question=f"""\
A program wrote its orders to `{WRONG_NAME}`; it should have been `{RIGHT_NAME}`. `start()` makes \
what it left: `{WRONG_NAME}` with 4 to 9 orders.
Read them with a consumer, as in notebook 00. Make the topic `{RIGHT_NAME}` with 3 partitions, \
write every order to it once, with the value that it has, and delete `{WRONG_NAME}`. The check \
looks at the topics; it takes no answer.""",
    prepare=_prepare_misspelt,
    check=_check_misspelt,
    ready=f"`{WRONG_NAME}` holds the orders. There is no topic `{RIGHT_NAME}`.",
    hints=(
        f'`show.log(cluster, "{WRONG_NAME}")` shows the orders. The loop of notebook 00 reads '
        "one record; here it goes on until all have come.",
        "Make the right topic first. If the first write makes it, it has one partition.",
        "`producer.produce(name, value=record.value())` writes what a consumer has read. Call "
        "`flush(10)`, look at the right topic, and only then delete the wrong one.",
    ),
    solution=f"""\
from time import monotonic

from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic

admin = AdminClient(cluster.client_config)
admin.create_topics([NewTopic("{RIGHT_NAME}", 3, 1)])["{RIGHT_NAME}"].result(timeout=10)

settings = {{"group.id": "ex02-mender", "auto.offset.reset": "earliest"}}
consumer = Consumer({{**cluster.client_config, **settings}})
consumer.subscribe(["{WRONG_NAME}"])

orders, deadline = [], monotonic() + 20
while monotonic() < deadline:
    record = consumer.poll(0.5)
    if record is not None and record.error() is None:
        orders.append(record.value())
        if len(orders) == int(record.value().split()[-1]):  # "order 4 of 4"
            break
consumer.close()

producer = Producer(cluster.client_config)
for order in orders:
    producer.produce("{RIGHT_NAME}", value=order)
if producer.flush(10) == 0:
    admin.delete_topics(["{WRONG_NAME}"])["{WRONG_NAME}"].result(timeout=10)

deadline = monotonic() + 10
while "{WRONG_NAME}" in admin.list_topics(timeout=1).topics and monotonic() < deadline:
    pass
""",
)

# --- 02.4 -----------------------------------------------------------------------------------------

TRIALS = tuple(f"ex02-test-{letter}" for letter in "abcdef")
IN_USE = ("ex02-test", "ex02-tests", "ex02-testers", "ex02-latest-a")


def _prepare_trials(cluster: KafkaCluster) -> None:
    remove_topics(cluster, *TRIALS, *IN_USE)
    for name in (*TRIALS, *IN_USE):
        fresh_topic(cluster, name)


def _check_trials(cluster: KafkaCluster, _: object) -> Verdict:
    names = topic_names(cluster)
    left = [name for name in TRIALS if name in names]
    lost = [name for name in IN_USE if name not in names]
    if lost and not names & {*TRIALS, *IN_USE}:
        return not_attempted("None of the topics is there: `start()` makes them.")
    if lost:
        return not_yet(
            f"no topic {', '.join(lost)}, which was in use",
            "only names that begin with `ex02-test-` gone. There is no undo, so begin again with "
            "`start()`",
        )
    if len(left) == len(TRIALS):
        return not_attempted(f"All {len(TRIALS)} topics of the tests are still there.")
    if left:
        return not_yet(
            f"{', '.join(left)} still there",
            "no topic whose name begins with `ex02-test-`",
        )
    return correct(
        f"The {len(TRIALS)} topics of the tests are gone, and {', '.join(IN_USE)} are still there. "
        "Since nothing brings a topic back, a program prints the names before it deletes them."
    )


TIDY_UP = Exercise(
    number="02.4",
    title="Tidy up after the tests",
    question=f"""\
A test run left its topics behind: all whose names begin with `ex02-test-`. Delete them. \
{", ".join(f"`{name}`" for name in IN_USE[:-1])} and `{IN_USE[-1]}` are in use and have to stay.
`start()` makes all of them. The check looks at the topics; it takes no answer.""",
    prepare=_prepare_trials,
    check=_check_trials,
    ready=f"There are {len(TRIALS)} topics of the tests, and {len(IN_USE)} that are in use.",
    hints=(
        "`admin.list_topics(timeout=5).topics` is a dictionary whose keys are the names.",
        'A name has the right beginning if `name.startswith("ex02-test-")`. Print the list before '
        "you delete anything.",
        "`admin.delete_topics(names)` takes them all, and returns a future for each. Wait for all "
        "of them, then until the list agrees.",
    ),
    solution="""\
from time import monotonic

from confluent_kafka.admin import AdminClient

admin = AdminClient(cluster.client_config)
names = [name for name in admin.list_topics(timeout=5).topics if name.startswith("ex02-test-")]
for deleted in admin.delete_topics(names).values():
    deleted.result(timeout=10)

deadline = monotonic() + 10
while set(names) & set(admin.list_topics(timeout=1).topics) and monotonic() < deadline:
    pass
""",
)

EXERCISES = (ORDERED, ODD_ONE, MISSPELT, TIDY_UP)

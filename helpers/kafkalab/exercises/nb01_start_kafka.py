"""Exercises of notebook 01."""

from __future__ import annotations

import random
import re

from kafkalab.cards import short
from kafkalab.cluster import KafkaCluster
from kafkalab.errors import KafkaLabError
from kafkalab.exercises.answers import text
from kafkalab.exercises.engine import (
    Exercise,
    Verdict,
    correct,
    no_topic,
    not_attempted,
    not_yet,
)
from kafkalab.exercises.stage import (
    fresh_topic,
    look_at_broker_settings,
    look_at_topic,
    refused_topic,
    remove_topics,
)

# --- 01.1 -----------------------------------------------------------------------------------------

FRUIT = ("ex01-apples", "ex01-pears", "ex01-plums")
_MADE = re.compile(r"CreateTopics result\(s\): CreatableTopic\(name='(ex01-[a-z]+)'.*\): SUCCESS")


def _prepare_fruit(cluster: KafkaCluster) -> None:
    for name in random.sample(FRUIT, len(FRUIT)):
        fresh_topic(cluster, name)
    fresh_topic(cluster, random.choice(FRUIT))


def _check_fruit(cluster: KafkaCluster, answer: object) -> Verdict:
    if answer is None:
        return not_attempted('Hand over a topic\'s name: `check("ex01-…")`.')
    named = (text(answer) or "").strip()
    if named not in FRUIT:
        return not_yet(short(answer), f"one of the names {', '.join(FRUIT)}, as text")
    # the controller's own account in its log; the metadata log itself would take a tool's start
    made = [name for name in _MADE.findall(cluster.logs(1)) if name in FRUIT]
    if not made or look_at_topic(cluster, named) is None:
        return no_topic(*FRUIT)
    if named == made[-1]:
        return correct(
            f"The newest TOPIC_RECORD of the three is {named}'s second one. The list of topics "
            "tells only what there is now; the log tells how it came about."
        )
    return not_yet(
        f"{named}, whose newest TOPIC_RECORD comes before that of another topic",
        "the topic whose TOPIC_RECORD comes last, after all three had been made",
    )


MADE_TWICE = Exercise(
    number="01.1",
    title="Which topic was made twice?",
    question=f"""\
`start()` makes the topics {", ".join(f"`{name}`" for name in FRUIT)}. Then one of them is \
deleted and made again. They look alike now, but the metadata log has a TOPIC_RECORD for each \
time that a topic was made.
Which one was made twice? Hand its name to `check`.
Each call of `start()` does it all anew, and the log keeps the earlier rounds: the newest is at \
its end.""",
    prepare=_prepare_fruit,
    check=_check_fruit,
    ready="The three topics are there, one of them for the second time.",
    hints=(
        "The cell that printed the record of `first-steps` can print those of other topics.",
        "Look for `ex01-` instead of `first-steps`. The log has grown since: read it again.",
        "The lines come in the order in which the controller wrote them, so the last line is the "
        "topic that was made last.",
    ),
    solution="""\
import json

log = "/var/lib/kafka/data/__cluster_metadata-0/00000000000000000000.log"
dump = cluster.console(
    f"bin/kafka-dump-log.sh --cluster-metadata-decoder --files {log}", quiet=True
)

made = []
for line in dump.output:
    before, payload, text = line.partition("payload: ")
    if payload and "ex01-" in text:
        record = json.loads(text)
        if record["type"] == "TOPIC_RECORD":
            made.append(record["data"]["name"])
answer = made[-1]
""",
)

# --- 01.2 -----------------------------------------------------------------------------------------

INVOICES = "ex01-invoices"
BAD_SETTINGS = {
    "cleanup.policy": "sometimes",
    "compression.type": "smaller",
    "max.message.bytes": "a lot",
    "retention.ms": "a week",
}
_REFUSED = re.compile(
    rf"CreateTopics result\(s\): CreatableTopic\(name='{INVOICES}'.*"
    r"INVALID_CONFIG \(Invalid value (.+) for configuration ([a-z.]+):"
)


def _prepare_refusal(cluster: KafkaCluster) -> None:
    remove_topics(cluster, INVOICES)
    name = random.choice(list(BAD_SETTINGS))
    refused_topic(cluster, INVOICES, {name: BAD_SETTINGS[name]})


def _check_refusal(cluster: KafkaCluster, answer: object) -> Verdict:
    if answer is None:
        return not_attempted('Hand over the name of a setting: `check("…")`.')
    refused = _REFUSED.findall(cluster.logs(1))
    if not refused:
        return not_attempted(f"Nobody has asked for {INVOICES} yet: `start()` does.")
    value, name = refused[-1]
    told = text(answer)
    if told is None:
        return not_yet(short(answer), "the name of a setting, as text")
    given = told.strip()
    if given == name:
        return correct(
            f"The controller refused the value {value!r} for {name}, and wrote it down. A program "
            "that does not look at the answer leaves this line as the only trace."
        )
    if given == value:
        return not_yet(f"{short(given)}, the value that was refused", "the setting's name")
    return not_yet(short(given), f"the setting that the newest line about {INVOICES} names")


REFUSED = Exercise(
    number="01.2",
    title="Why is there no such topic?",
    question=f"""\
`start()` plays a careless program: it asks the cluster for the topic `{INVOICES}`, with one \
setting of its own, and does not look at the answer. There is no such topic now.
Find in the server's log what the controller answered. Hand the name of the setting that was at \
fault to `check`. It is another one at each `start()`; the newest line counts.""",
    prepare=_prepare_refusal,
    check=_check_refusal,
    ready=f"The careless program has asked for `{INVOICES}`, and there is no such topic.",
    hints=(
        "`cluster.logs(1)` is the log of server 1, which is the controller too.",
        f"Print the lines in which `{INVOICES}` stands, as the notebook printed the milestones.",
        "The line ends with INVALID_CONFIG and the reason: `Invalid value … for configuration "
        "…`. The name comes after *configuration*.",
    ),
    solution=f"""\
lines = [line for line in cluster.logs(1).splitlines() if "{INVOICES}" in line]
print(lines[-1])
answer = lines[-1].split(" for configuration ")[1].split(":")[0]
""",
)

# --- 01.3 -----------------------------------------------------------------------------------------

HOURS = "48"
SECOND, FIRST_TOPIC = "ex01-second", "ex01-first"


def _prepare_nothing(_: KafkaCluster) -> None:
    """The learner starts a cluster of their own."""


def _check_second(cluster: KafkaCluster, answer: object) -> Verdict:
    wanted = f'a cluster of your own that runs: `KafkaCluster(name="{SECOND}", …).start()`'
    if answer is None:
        return not_attempted(f"Start {wanted}, and hand it over.")
    if not isinstance(answer, KafkaCluster):
        return not_yet(short(answer), wanted)
    if answer is cluster:
        return not_yet("the notebook's own cluster", wanted)
    if not answer.is_running:
        return not_yet("a cluster that is stopped", wanted)
    try:
        hours = look_at_broker_settings(answer)["log.retention.hours"]
        topic = look_at_topic(answer, FIRST_TOPIC)
    except KafkaLabError:
        return not_yet("a cluster that does not answer", wanted)
    if hours != HOURS:
        days = "its default, a week" if hours == "168" else "another value"
        return not_yet(
            f"log.retention.hours={hours}, {days}", f'`config={{"log.retention.hours": {HOURS}}}`'
        )
    if topic is None or not any(partition.size for partition in topic.partitions):
        return not_yet(
            f"no record in a topic {FIRST_TOPIC} of your cluster",
            "one that you have written there, with that cluster's `client_config`",
        )
    return correct(
        f"Your cluster keeps records for {hours} hours, and has one in {FIRST_TOPIC}. A server "
        "reads these settings when it starts. Stop it when you are done: `answer.stop()`."
    )


OWN_CLUSTER = Exercise(
    number="01.3",
    title="A cluster with a setting of its own",
    question=f"""\
Start a second cluster beside this one, under the name `{SECOND}`. Its server is to keep records \
for {HOURS} hours (the setting `log.retention.hours`). Write a record to the topic \
`{FIRST_TOPIC}` there, not here.
Hand the cluster that you have started to `check`, and leave it running until then.""",
    prepare=_prepare_nothing,
    check=_check_second,
    ready="This cluster runs. The second one is yours to start.",
    hints=(
        "The cells under *When it goes wrong* start a second cluster with a setting.",
        "`with` would stop it at the end of the cell: call `.start()` and keep what it returns.",
        "A producer writes to the cluster whose address it is given: "
        "`Producer(answer.client_config)`.",
    ),
    solution=f"""\
from confluent_kafka import Producer

from kafkalab import KafkaCluster

answer = KafkaCluster(name="{SECOND}", config={{"log.retention.hours": {HOURS}}}).start()
producer = Producer(answer.client_config)
producer.produce("{FIRST_TOPIC}", value="hello")
producer.flush(10)
""",
)

EXERCISES = (MADE_TWICE, REFUSED, OWN_CLUSTER)

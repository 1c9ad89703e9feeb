"""Exercises of notebook 01: what the metadata log and the server's log tell, and a setting."""

from __future__ import annotations

import random
import re

from kafkalab.cluster.cluster import KafkaCluster
from kafkalab.errors import KafkaLabError
from kafkalab.learn.exercises.exercise import Exercise
from kafkalab.learn.exercises.expected_answers import Answer, that
from kafkalab.learn.exercises.fault import Fault, code, fault
from kafkalab.learn.exercises.look import Look
from kafkalab.learn.exercises.setting import fresh_topic, refused_topic, remove_topics

# --- 01.1 -----------------------------------------------------------------------------------------

FRUIT = ("ex01-apples", "ex01-pears", "ex01-plums")
_CREATED = re.compile(
    r"CreateTopics result\(s\): CreatableTopic\(name='(ex01-[a-z]+)'.*\): SUCCESS"
)


def prepare_fruit(cluster: KafkaCluster) -> None:
    for name in random.sample(FRUIT, len(FRUIT)):
        fresh_topic(cluster, name)
    fresh_topic(cluster, random.choice(FRUIT))


def all_there(look: Look) -> None:
    for name in FRUIT:
        look.topic(name)


def created_last(look: Look) -> str:
    # the controller's own account in its log; the metadata log itself would take a tool's start
    created: list[str] = _CREATED.findall(look.log())
    return next(name for name in reversed(created) if name in FRUIT)


CREATED_TWICE = Exercise(
    "01.1",
    prepare=prepare_fruit,
    wants=[
        that(all_there),
        Answer("text", created_last, known=lambda _: dict.fromkeys(FRUIT, "created earlier")),
    ],
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


def prepare_refusal(cluster: KafkaCluster) -> None:
    remove_topics(cluster, INVOICES)
    name = random.choice(list(BAD_SETTINGS))
    refused_topic(cluster, INVOICES, {name: BAD_SETTINGS[name]})


def refusals(look: Look) -> list[tuple[str, str]]:
    """(value, setting) of each refusal, the newest last."""
    return _REFUSED.findall(look.log())


def somebody_asked(look: Look) -> Fault | None:
    return None if refusals(look) else Fault("nobody asked", not_attempted=True)


REFUSED = Exercise(
    "01.2",
    prepare=prepare_refusal,
    wants=[
        that(somebody_asked),
        Answer(
            "text",
            lambda look: refusals(look)[-1][1],
            known=lambda look: {refusals(look)[-1][0]: "the value"},
        ),
    ],
    facts=lambda look: {"value": code(refusals(look)[-1][0])},
)

# --- 01.3 -----------------------------------------------------------------------------------------

HOURS = "48"
SECOND, FIRST_TOPIC = "ex01-second", "ex01-first"


def own_cluster(look: Look) -> Fault | None:
    answer = look.answer
    if not isinstance(answer, KafkaCluster):
        return fault("answer unfit", found=code(answer))
    if answer is look.cluster:
        return fault("answer unfit", found="the notebook's own cluster")
    if not answer.is_running:
        return fault("answer unfit", found="a cluster that is stopped")
    try:
        return _its_setting(Look(answer)) or _its_record(Look(answer))
    except KafkaLabError:
        return fault("answer unfit", found="a cluster that does not answer")


def _its_setting(look: Look) -> Fault | None:
    hours = look.broker_settings()["log.retention.hours"]
    return None if hours == HOURS else fault("other hours", hours=hours)


def _its_record(look: Look) -> Fault | None:
    there = FIRST_TOPIC in look.names and any(p.size for p in look.topic(FIRST_TOPIC).partitions)
    return None if there else fault("no record")


OWN_CLUSTER = Exercise("01.3", wants=[that(own_cluster, asks_answer=True)])

EXERCISES = (CREATED_TWICE, REFUSED, OWN_CLUSTER)

"""Exercises of notebook 01: what the metadata log and the server's log tell, and a setting."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable

from kafkalab.cluster.cluster import KafkaCluster
from kafkalab.common.deadline import Deadline
from kafkalab.errors import KafkaLabError
from kafkalab.learn.exercises import answers
from kafkalab.learn.exercises.exercise import Exercise
from kafkalab.learn.exercises.expected_answers import Answer, that
from kafkalab.learn.exercises.fault import Fault, code, codes, fault
from kafkalab.learn.exercises.look import Look
from kafkalab.learn.exercises.setting import (
    Event,
    fresh_topic,
    refused_topic,
    remove_topics,
    write,
)

# --- 01.1 -----------------------------------------------------------------------------------------

FRUIT = ("ex01-apples", "ex01-pears", "ex01-plums")
_CREATED = re.compile(
    r"CreateTopics result\(s\): CreatableTopic\(name='(ex01-[a-z]+)'.*\): SUCCESS"
)


def prepare_fruit(cluster: KafkaCluster) -> None:
    for name in random.sample(FRUIT, len(FRUIT)):
        fresh_topic(cluster, name)
    fresh_topic(cluster, random.choice(FRUIT))
    for name in FRUIT:  # a topic that a learner creates again lacks it
        write(cluster, name, [Event("crate")])


def all_there(look: Look) -> Fault | None:
    other = [name for name in FRUIT if not any(p.size for p in look.topic(name).partitions)]
    return fault("created by you", names=codes(other)) if other else None


def created_last(look: Look) -> str:
    # the controller's own account in its log; the metadata log itself would take a tool's start
    created: list[str] = _CREATED.findall(look.log())
    return next(name for name in reversed(created) if name in FRUIT)


def other_fruit(_: Look) -> dict[str, str]:
    ends = [name.removeprefix("ex01-") for name in FRUIT]
    return dict.fromkeys(FRUIT, "created earlier") | dict.fromkeys(ends, "half a name")


def fruit_alone(look: Look) -> Fault | None:
    return alone(look, FRUIT)


def alone(look: Look, names: Iterable[str]) -> Fault | None:
    """A name and nothing around it."""
    given = (answers.text(look.answer) or "").strip()
    more = any(name in given and name != given for name in names)
    return fault("more than a name", found=code(given)) if more else None


CREATED_TWICE = Exercise(
    "01.1",
    prepare=prepare_fruit,
    wants=[
        that(all_there),
        that(fruit_alone, asks_answer=True, untouched="no answer"),
        Answer("text", created_last, known=other_fruit, why="no fruit"),
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


LOG_SECONDS = 10.0
"""How long the controller's line may take from its answer to what Docker tells of its log."""


def prepare_refusal(cluster: KafkaCluster) -> None:
    remove_topics(cluster, INVOICES)
    before = len(refusals(Look(cluster)))
    name = random.choice(list(BAD_SETTINGS))
    refused_topic(cluster, INVOICES, {name: BAD_SETTINGS[name]})
    if not Deadline(LOG_SECONDS).wait_for(lambda: len(refusals(Look(cluster))) > before):
        raise KafkaLabError(
            "The server has not logged its answer to the careless program yet",
            fix="start() begins again",
        )


def refusals(look: Look) -> list[tuple[str, str]]:
    """(value, setting) of each refusal, the newest last."""
    return _REFUSED.findall(look.log())


def somebody_asked(look: Look) -> Fault | None:
    return None if refusals(look) else Fault("nobody asked", not_attempted=True)


def setting_alone(look: Look) -> Fault | None:
    return alone(look, BAD_SETTINGS)


def other_words(look: Look) -> dict[str, str]:
    """What else is in the line, and what was in earlier ones."""
    return {
        **dict.fromkeys(BAD_SETTINGS, "another setting"),
        refusals(look)[-1][0]: "the value",
        "INVALID_CONFIG": "the error",
        INVOICES: "the topic",
    }


REFUSED = Exercise(
    "01.2",
    prepare=prepare_refusal,
    wants=[
        that(somebody_asked),
        that(setting_alone, asks_answer=True, untouched="no answer"),
        Answer("text", lambda look: refusals(look)[-1][1], known=other_words, why="no such word"),
    ],
    facts=lambda look: {"value": code(refusals(look)[-1][0])},
)

# --- 01.3 -----------------------------------------------------------------------------------------

HOURS = "48"
SECOND, FIRST_TOPIC = "ex01-second", "ex01-first"


def prepare_second(cluster: KafkaCluster) -> None:
    remove_topics(cluster, FIRST_TOPIC)


def own_cluster(look: Look) -> Fault | None:
    answer = look.answer
    if not isinstance(answer, KafkaCluster):
        return fault("no cluster", found=code(answer))
    if answer is look.cluster:
        return fault("this cluster")
    if not answer.is_running:
        return fault("stopped")
    if answer.name != SECOND:
        return fault("another name", found=code(answer.name))
    try:
        second = Look(answer)
        return _its_setting(second) or _its_record(look, second)
    except KafkaLabError:
        return fault("no reply")


def _its_setting(look: Look) -> Fault | None:
    hours = look.broker_settings()["log.retention.hours"]
    return None if hours == HOURS else fault("other hours", hours=hours)


def _its_record(here: Look, second: Look) -> Fault | None:
    if not _has_record(second):
        return fault("record here" if _has_record(here) else "no record")
    return fault("record here too") if _has_record(here) else None


def _has_record(look: Look) -> bool:
    return FIRST_TOPIC in look.names and any(p.size for p in look.topic(FIRST_TOPIC).partitions)


OWN_CLUSTER = Exercise("01.3", prepare=prepare_second, wants=[that(own_cluster, asks_answer=True)])

EXERCISES = (CREATED_TWICE, REFUSED, OWN_CLUSTER)

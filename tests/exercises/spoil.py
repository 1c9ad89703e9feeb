"""Wrong answers that follow from what an exercise expects: off by one, one missing, one twice."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import singledispatch
from typing import Any

from kafkalab import KafkaCluster
from kafkalab.learn.exercises.expectations import (
    Absent,
    Committed,
    OwnSettings,
    Partitions,
    Records,
    Setting,
    Size,
    Topic,
    Written,
)
from kafkalab.learn.exercises.expected_answers import Answer
from kafkalab.learn.exercises.fault import Between, Expectation
from kafkalab.learn.exercises.look import Look
from kafkalab.learn.exercises.setting import (
    Event,
    change_settings,
    commit_offsets,
    drop_settings,
    fresh_topic,
    remove_topics,
    write,
)

FAR = 2**40  # larger than any limit of an exercise, in milliseconds and in bytes
REMADE = (Partitions, Records, Size, Written)
"""Expectations whose wrong answers are topics that are made again, with one thing changed."""

TEXTS = {"delete": "compact", "compact": "delete", "true": "false", "false": "true"}


@dataclass(frozen=True)
class Spoilt:
    """A wrong answer that is made of a right one.

    Attributes
    ----------
    name : str
    act : callable
        (cluster, right answer) → a context in which the wrong answer stands; its value is what is
        handed to `check`.
    says : str
        What the verdict names.
    or_says : str
        What it names where the exercise has a cause of its own for this.
    """

    name: str
    act: Callable[[KafkaCluster, Any], AbstractContextManager[Any]]
    says: str
    or_says: str = ""

    def is_named(self, verdict: str) -> bool:
        return self.says in verdict or (self.or_says != "" and self.or_says in verdict)


@singledispatch
def spoilt(expectation: Expectation, look: Look) -> Iterator[Spoilt]:
    """Wrong answers that this expectation has to refuse; `look` is at the right one."""
    yield from ()


# --- what is handed over --------------------------------------------------------------------------


@spoilt.register
def _(expectation: Answer, look: Look) -> Iterator[Spoilt]:
    wanted = expectation.wanted(look)
    yield _handed("an object", lambda _: object(), "object")
    match expectation.kind:
        case "number":
            yield _handed("one more", lambda right: int(right) + 1, str(int(wanted) + 1))
            yield _handed("one less", lambda right: int(right) - 1, str(int(wanted) - 1))
        case "text":
            yield _handed("another text", lambda right: f"{right}-x", f"{wanted}-x")
        case "counts":
            key = next(iter(wanted))
            yield _handed("a key less", lambda right: _without(right, key), key)
            yield _handed("a key more", lambda right: {**right, "x-y": 1}, "x-y")
            more = int(wanted[key]) + 1
            yield _handed("one more", lambda right: {**right, key: more}, str(more))
        case "set" | "list":
            first = str(next(iter(wanted)))
            yield _handed("one less", lambda right: [x for x in right if x != first], first)
            yield _handed("one more", lambda right: [*right, "x-y"], "x-y")
            yield _handed("one twice", lambda right: [*right, first], first)
    if expectation.kind == "list":
        yield _handed("backwards", lambda right: list(right)[::-1], "order")


def _without(counts: Mapping[str, int], key: str) -> dict[str, int]:
    return {name: count for name, count in counts.items() if name != key}


def _handed(name: str, change: Callable[[Any], object], says: str) -> Spoilt:
    @contextmanager
    def act(_: KafkaCluster, right: Any) -> Iterator[Any]:
        yield change(right)

    return Spoilt(f"answer: {name}", act, says)


# --- settings and bookmarks: changed where they are, and put back ---------------------------------


@spoilt.register
def _(expectation: Setting, look: Look) -> Iterator[Spoilt]:
    topic, name = expectation.topic.name, expectation.name
    now = look.settings(topic)[name]
    for value in _other_values(expectation.wanted):
        yield Spoilt(f"{name}={value}", _setting(topic, name, value, now), f"{name}={value}")


def _other_values(wanted: object) -> Iterator[str]:
    if isinstance(wanted, Between):
        if wanted.low is not None:
            yield str(wanted.low - 1)
        if wanted.high is not None:
            yield str(wanted.high + 1)
    elif str(wanted) in TEXTS:
        yield TEXTS[str(wanted)]
    elif str(wanted) == "-1":
        yield str(FAR)
    else:
        yield str(int(str(wanted)) - 1)
        yield str(int(str(wanted)) + 1)


def _setting(
    topic: str, name: str, value: str, now: str
) -> Callable[[KafkaCluster, Any], AbstractContextManager[Any]]:
    @contextmanager
    def act(cluster: KafkaCluster, right: Any) -> Iterator[Any]:
        change_settings(cluster, topic, {name: value})
        try:
            yield right
        finally:
            change_settings(cluster, topic, {name: now})

    return act


@spoilt.register
def _(expectation: OwnSettings, look: Look) -> Iterator[Spoilt]:
    topic = expectation.topic.name
    own = {"flush.ms": str(FAR)}

    @contextmanager
    def act(cluster: KafkaCluster, right: Any) -> Iterator[Any]:
        change_settings(cluster, topic, own)
        try:
            yield right
        finally:
            drop_settings(cluster, topic, own)

    yield Spoilt(f"{topic} with one of its own", act, f"`flush.ms={FAR}`, set for `{topic}`")


@spoilt.register
def _(expectation: Committed, look: Look) -> Iterator[Spoilt]:
    group, topic = expectation.group, expectation.topic.name
    now = look.committed(group, topic)
    number, offset = next(iter(now.items()))
    other = offset - 1 if offset else offset + 1

    @contextmanager
    def act(cluster: KafkaCluster, right: Any) -> Iterator[Any]:
        commit_offsets(cluster, group, topic, {number: other})
        try:
            yield right
        finally:
            commit_offsets(cluster, group, topic, {number: offset})

    yield Spoilt(f"{group} one off", act, str(other))


# --- topics: made again with one thing changed ----------------------------------------------------


@dataclass(frozen=True)
class Contents:
    """A topic as it was when the exercise was solved."""

    name: str
    partitions: int
    replicas: int
    config: Mapping[str, str]
    events: tuple[Event, ...]

    @contextmanager
    def remade(self, cluster: KafkaCluster, right: Any) -> Iterator[Any]:
        """The topic with these contents, and what was handed over."""
        fresh_topic(
            cluster,
            self.name,
            partitions=self.partitions,
            replicas=self.replicas,
            config=self.config,
        )
        write(cluster, self.name, self.events)
        yield right


def contents(topic: Topic, look: Look) -> Contents:
    """What the topic holds now."""
    partitions = look.topic(topic.name).partitions
    fields = ("value", "key", "partition", "timestamp", "headers")
    events = [Event(*row) for row in look.rows(topic.name, *fields)]
    return Contents(
        topic.name,
        len(partitions),
        len(partitions[0].replicas),
        look.own_settings(topic.name),
        tuple(events),
    )


@spoilt.register
def _(expectation: Partitions, look: Look) -> Iterator[Spoilt]:
    now = contents(expectation.topic, look)
    for number in (now.partitions + 1, now.partitions - 1):
        if number:
            events = tuple(replace(e, partition=e.partition % number) for e in now.events)
            other = replace(now, partitions=number, events=events)
            says = "1 partition" if number == 1 else f"{number} partitions"
            yield Spoilt(says, other.remade, says)


@spoilt.register
def _(expectation: Absent, look: Look) -> Iterator[Spoilt]:
    name = expectation.topic.name

    @contextmanager
    def act(cluster: KafkaCluster, right: Any) -> Iterator[Any]:
        fresh_topic(cluster, name)
        try:
            yield right
        finally:
            remove_topics(cluster, name)

    yield Spoilt(f"{name} is there", act, name)


@spoilt.register
def _(expectation: Written, look: Look) -> Iterator[Spoilt]:
    now = contents(expectation.topic, look)
    fewer = now.events[: expectation.at_least - 1]
    yield _with_events(now, "too few records", fewer, f"{len(fewer)} record")


@spoilt.register
def _(expectation: Size, look: Look) -> Iterator[Spoilt]:
    now = contents(expectation.topic, look)
    for name, events in (("one less", now.events[:-1]), ("one more", now.events + now.events[:1])):
        yield _with_events(now, name, events, f"{len(events)} record")


def _beginning(text: object) -> str:
    """What a verdict shows of a text as it is: it quotes several lines, and cuts long ones."""
    first, *_ = str(text).splitlines() or [""]
    return first[:30]


def _with_events(now: Contents, name: str, events: tuple[Event, ...], *says: str) -> Spoilt:
    return Spoilt(f"{now.name}: {name}", replace(now, events=events).remade, *says)


@spoilt.register
def _(expectation: Records, look: Look) -> Iterator[Spoilt]:
    now = contents(expectation.topic, look)
    events = now.events
    at = random.Random(now.name).randrange(len(events))  # the same one in every run
    chosen = events[at]
    told = _beginning(getattr(chosen, expectation.fields[0]))
    yield _with_events(now, "nothing", (), "Nothing of yours", "with 0 records")
    yield _with_events(now, "one missing", events[:at] + events[at + 1 :], told)
    for field in {"key", "value"} & set(expectation.fields):
        other = f"x-{getattr(chosen, field)}"
        new = replace(chosen, key=other) if field == "key" else replace(chosen, value=other)
        changed = (*events[:at], new, *events[at + 1 :])
        yield _with_events(now, f"another {field}", changed, _beginning(other))
    if not expectation.others:
        yield _with_events(now, "one twice", (*events, chosen), told)
        strange = replace(chosen, key="x-y", value="x-y")
        yield _with_events(now, "a strange one", (*events, strange), "x-y")
    if expectation.order == "key" and now.partitions > 1:
        there = (chosen.partition + 1) % now.partitions
        apart = (*events[:at], replace(chosen, partition=there), *events[at + 1 :])
        yield _with_events(now, "apart", apart, "partitions")
    if expectation.order:
        yield _with_events(now, "backwards", events[::-1], "order")

"""Applications and topics as a graph: who reads what, how far, and what is written to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from kafkalab.common.deadline import Deadline
from kafkalab.errors import KafkaLabError
from kafkalab.queries.group_members import Group, ask_groups
from kafkalab.queries.topics import (
    Connectable,
    Connected,
    Topic,
    check_name,
    connect,
    describe_topic,
    list_all,
)

SECONDS = 9.0


@dataclass(frozen=True)
class Stage:
    """A topic of a pipeline.

    Attributes
    ----------
    name : str
    partitions : int
        0 where there is no such topic.
    records : int or None
        How many offsets are kept; None where a leader did not tell.
    """

    name: str
    partitions: int
    records: int | None

    @property
    def is_there(self) -> bool:
        return self.partitions > 0


@dataclass(frozen=True)
class Step:
    """An application of a pipeline: a consumer group, and the topics to which it writes.

    Attributes
    ----------
    name : str
        The group.
    members : int or None
        How many run; None where there is no such group (yet).
    reads : mapping of str to (int or None)
        Topic → lag; None where it is not known.
    writes : tuple of str
        As the caller has named them.
    keeps : tuple of str
        Topics that the application has created for itself: changelog and repartition topics.
    """

    name: str
    members: int | None
    reads: Mapping[str, int | None]
    writes: tuple[str, ...]
    keeps: tuple[str, ...]


@dataclass(frozen=True)
class PipelineFacts:
    """A pipeline as it is now.

    Attributes
    ----------
    steps : tuple of Step
        In the order in which the caller has named them.
    stages : mapping of str to Stage
        All topics that a step reads, writes or keeps, by name.
    """

    steps: tuple[Step, ...]
    stages: Mapping[str, Stage]


def collect_pipeline(
    cluster: Connectable, applications: Mapping[str, Iterable[str]]
) -> PipelineFacts:
    """The pipeline as it is now, within 10 seconds."""
    writes = checked(applications)
    deadline = Deadline(SECONDS)
    groups = ask_groups(cluster.client_config, writes, deadline)
    shared = Connected(cluster.client_config, connect(cluster))
    _, topics = list_all(shared, deadline)
    names = {topic.name for topic in topics}

    @cache
    def told(name: str) -> Topic | None:
        return describe_topic(shared, name, deadline) if name in names else None

    steps = tuple(
        _step(groups[name], writes[name], kept_by(name, names, writes), told) for name in writes
    )
    every = (name for step in steps for name in (*step.reads, *step.writes, *step.keeps))
    return PipelineFacts(steps, {name: _stage(name, told(name)) for name in every})


def checked(applications: object) -> dict[str, tuple[str, ...]]:
    """Group → the topics to which it writes."""
    if not isinstance(applications, Mapping) or not applications:
        raise KafkaLabError(
            "A pipeline is a dict: an application's group → the topics to which it writes.",
            fix='such as show.pipeline(cluster, {"clean": ["orders"], "totals": ["totals"]})',
        )
    found = {}
    for group, topics in applications.items():
        listed = [topics] if isinstance(topics, str) else topics
        if not isinstance(listed, Iterable):
            raise KafkaLabError(
                f"The topics of {group!r} are {topics!r}.", fix="give a list of names, or []"
            )
        found[check_name(group, "group")] = tuple(check_name(each, "topic") for each in listed)
    return found


def _step(
    group: Group,
    writes: tuple[str, ...],
    keeps: tuple[str, ...],
    told: Callable[[str], Topic | None],
) -> Step:
    lags: dict[str, list[int | None]] = {}
    for part in group.partitions:
        # nothing committed: all of it is to be read, unless the application says otherwise
        size = _size(told(part.topic), part.partition) if part.committed is None else None
        known = size if part.committed is None else part.lag
        lags.setdefault(part.topic, []).append(known)
    for member in group.members:
        for topic, _ in member.assigned:
            lags.setdefault(topic, [])
    reads = {
        topic: None if None in lag or not lag else sum(each or 0 for each in lag)
        for topic, lag in sorted(lags.items())
        if topic not in keeps
    }
    return Step(group.name, _members(group), reads, writes, keeps)


def _size(topic: Topic | None, number: int) -> int | None:
    """How many offsets the partition keeps: those before them are gone and cannot be read."""
    parts = topic.partitions if topic else ()
    return next((part.size for part in parts if part.number == number), None)


def _members(group: Group) -> int | None:
    return None if group.state == "DEAD" else len(group.members)


def kept_by(group: str, names: Iterable[str], groups: Iterable[str] = ()) -> tuple[str, ...]:
    """Which topics a stream processing library has created for the application, by their names.

    Of two of the `groups` that fit, the longer name counts: clean-eu and not clean.

    Notes
    -----
    quixstreams: ``changelog__<group>--…`` and ``repartition__<group>--…``. Kafka Streams:
    ``<application.id>-…-changelog`` and ``<application.id>-…-repartition``.
    """
    longer = [each for each in groups if len(each) > len(group)]
    own = (name for name in names if _is_named_after(group, name))
    return tuple(sorted(n for n in own if not any(_is_named_after(each, n) for each in longer)))


def _is_named_after(group: str, name: str) -> bool:
    own = re.escape(group)
    pattern = rf"(changelog|repartition)__{own}--.+|{own}-.+-(changelog|repartition)"
    return bool(re.fullmatch(pattern, name))


def _stage(name: str, topic: Topic | None) -> Stage:
    if topic is None:
        return Stage(name, 0, None)
    sizes = [part.size for part in topic.partitions]
    known = [size for size in sizes if size is not None]
    return Stage(name, len(sizes), sum(known) if len(known) == len(sizes) else None)

"""Who is in a group, what each member reads, and how far the group is.

Asked by a child process, `group_probe`, which says why.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kafkalab.common.deadline import Deadline
from kafkalab.queries.clients import Setting
from kafkalab.queries.groups import is_past_end, lag
from kafkalab.queries.topics import no_answer

PROBE = (sys.executable, "-P", "-m", "kafkalab.queries.group_probe")

Place = tuple[str, int]


@dataclass(frozen=True)
class Member:
    """One member of a group.

    Attributes
    ----------
    client_id : str
    assigned : tuple of (str, int)
        Topic and partition that it reads now.
    target : tuple of (str, int) or None
        What it is to read once the group has settled; None where the protocol does not tell.
    member_id : str
        Random; empty where it is not told.
    """

    client_id: str
    assigned: tuple[Place, ...]
    target: tuple[Place, ...] | None = None
    member_id: str = ""

    @property
    def gives_up(self) -> tuple[Place, ...]:
        wanted = self.assigned if self.target is None else self.target
        return tuple(place for place in self.assigned if place not in wanted)

    @property
    def waits_for(self) -> tuple[Place, ...]:
        return tuple(place for place in self.target or () if place not in self.assigned)


@dataclass(frozen=True)
class Progress:
    """How far a group is in one partition.

    Attributes
    ----------
    topic : str
    partition : int
    committed : int or None
        The next offset that the group reads; of a share group, the first that is not yet done.
    end : int or None
        The next offset to be written; None where no leader tells, and for a share group.
    lag : int or None
        None past the end too.
    """

    topic: str
    partition: int
    committed: int | None
    end: int | None
    lag: int | None

    @property
    def past_end(self) -> bool:
        """Whether the group has committed an offset that is not there."""
        return is_past_end(self.committed, self.end)


@dataclass(frozen=True)
class Group:
    """A group as it is now.

    Attributes
    ----------
    name : str
    kind : str
        classic, consumer or share.
    state : str
        Kafka's word in capitals, such as STABLE; empty where it was not asked.
    members : tuple of Member
        By client id, then by what they read: member ids are random.
    partitions : tuple of Progress
        By topic and number, of all topics that the group reads.
    offsets_told : bool
        False where offsets and lag did not come in time.
    """

    name: str
    kind: str
    state: str
    members: tuple[Member, ...]
    partitions: tuple[Progress, ...]
    offsets_told: bool = True


def ask_group(client_config: Mapping[str, Setting], group: str, deadline: Deadline) -> Group:
    """The group as it is now, classic or consumer; of state DEAD where there is none such.

    Raises
    ------
    KafkaLabError
        Where the coordinator does not answer.
    """
    return ask_groups(client_config, [group], deadline)[group]


def ask_groups(
    client_config: Mapping[str, Setting], groups: Iterable[str], deadline: Deadline
) -> dict[str, Group]:
    """The same of several groups, by name."""
    answers = _probe(client_config, list(dict.fromkeys(groups)), deadline)
    return {group: from_answer(group, answer) for group, answer in answers.items()}


def from_answer(group: str, answer: Mapping[str, Any]) -> Group:
    """The group that `kafkalab.queries.group_probe` has told about."""
    members = [
        Member(
            each["client_id"],
            places(each["assigned"]),
            None if each["target"] is None else places(each["target"]),
            each.get("member_id", ""),
        )
        for each in answer["members"]
    ]
    return Group(
        group,
        answer["type"].lower(),
        answer["state"],
        in_order(members),
        tuple(
            Progress(topic, number, committed, end, lag(committed, end))
            for topic, number, committed, end in answer["partitions"]
        ),
    )


def in_order(members: Iterable[Member]) -> tuple[Member, ...]:
    return tuple(
        sorted(members, key=lambda m: (m.client_id, not m.assigned, m.assigned, m.member_id))
    )


def places(listed: Iterable[tuple[str, int]]) -> tuple[Place, ...]:
    return tuple(sorted((topic, number) for topic, number in listed))


def _probe(
    client_config: Mapping[str, Setting], groups: list[str], deadline: Deadline
) -> dict[str, dict[str, Any]]:
    answers: dict[str, dict[str, Any]] = {}
    while left := [group for group in groups if group not in answers]:
        if deadline.passed:
            raise no_answer([f"the coordinator of group {left[0]!r} did not tell"], deadline)
        try:
            asked = subprocess.run(
                PROBE,
                input="".join(question_line(client_config, group) for group in left),
                capture_output=True,
                text=True,
                timeout=deadline.remaining,
                check=False,
            )
        except subprocess.TimeoutExpired:
            continue
        # it may have ended before the last question
        told = map(told_by, asked.stdout.splitlines())
        found = {group: answer for group, answer in zip(left, told, strict=False) if answer}
        answers |= found
        if len(found) < len(left):
            time.sleep(min(0.1, deadline.remaining))
    return {group: answers[group] for group in groups}


def question_line(client_config: Mapping[str, Setting], group: str) -> str:
    """A line that the probe reads."""
    return json.dumps({"client_config": dict(client_config), "group": group}) + "\n"


def told_by(line: str) -> dict[str, Any] | None:
    """What the probe has told; None where it ended or the cluster did not answer."""
    answer: dict[str, Any] = json.loads(line) if line.strip() else {"error": ""}
    return None if "error" in answer else answer

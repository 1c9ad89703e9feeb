"""Who is in a group, what each member reads, and how far the group is."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kafkalab.deadline import Deadline
from kafkalab.errors import KafkaLabError
from kafkalab.groups import is_past_end, lag
from kafkalab.interrupts import own_group
from kafkalab.topics import check_name, no_answer

if TYPE_CHECKING:
    from kafkalab.backends import Backend
    from kafkalab.cluster import KafkaCluster

SECONDS = 9.0

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


def collect_group(cluster: KafkaCluster, group: str) -> Group:
    """The group as it is now, within 10 seconds."""
    check_name(group, "group")
    deadline = Deadline(SECONDS)
    asked = ask_group(cluster.client_config, group, deadline)
    if asked.state != "DEAD":
        return asked
    found = _share_group(cluster, group, deadline)
    if found is None:
        raise _missing(group)
    return found


def ask_group(client_config: Mapping[str, str], group: str, deadline: Deadline) -> Group:
    """The group as it is now, classic or consumer; of state DEAD where there is none such.

    Raises
    ------
    KafkaLabError
        Where the coordinator does not answer.
    """
    return from_answer(group, _probe(client_config, group, deadline))


def from_answer(group: str, answer: Mapping[str, Any]) -> Group:
    """The group that `kafkalab.show.group_probe` has told about."""
    members = [
        Member(
            each["client_id"],
            _places(each["assigned"]),
            None if each["target"] is None else _places(each["target"]),
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


def _places(listed: Iterable[tuple[str, int]]) -> tuple[Place, ...]:
    return tuple(sorted((topic, number) for topic, number in listed))


def _probe(client_config: Mapping[str, str], group: str, deadline: Deadline) -> dict[str, Any]:
    question = _question(client_config, group)
    while not deadline.passed:
        try:
            asked = subprocess.run(
                _PROBE,
                input=question,
                capture_output=True,
                text=True,
                timeout=deadline.remaining,
                check=False,
            )
        except subprocess.TimeoutExpired:
            break
        answer = _answer(asked.stdout)
        if answer is not None:
            return answer
        time.sleep(min(0.1, deadline.remaining))
    raise no_answer([f"the coordinator of group {group!r} did not tell"], deadline)


_PROBE = (sys.executable, "-P", "-m", "kafkalab.show.group_probe")


def _question(client_config: Mapping[str, str], group: str) -> str:
    return json.dumps({"client_config": dict(client_config), "group": group}) + "\n"


def _answer(line: str) -> dict[str, Any] | None:
    """What the probe has told; None where it ended or the cluster did not answer."""
    answer: dict[str, Any] = json.loads(line) if line.strip() else {"error": ""}
    return None if "error" in answer else answer


class Probe:
    """A process that is asked for a group again and again: to start one for each costs too much.

    `ask` returns within about 11 seconds, and at once when another thread calls `close`.

    Parameters
    ----------
    client_config : mapping
    group : str
    """

    def __init__(self, client_config: Mapping[str, str], group: str) -> None:
        self._group = group
        self._question = _question(client_config, group)
        self._process: subprocess.Popen[str] | None = None
        self._closed = False
        self._lock = threading.Lock()

    def ask(self) -> Group | None:
        """The group as it is now, classic or consumer; None where the cluster does not answer.

        A group that is not there has the state DEAD.
        """
        process = self._running()
        if process is None or process.stdin is None or process.stdout is None:
            return None
        try:
            process.stdin.write(self._question)
            process.stdin.flush()
            answer = _answer(process.stdout.readline())
        except (OSError, ValueError):  # it has ended, or was closed meanwhile
            return None
        return None if answer is None else from_answer(self._group, answer)

    def _running(self) -> subprocess.Popen[str] | None:
        with self._lock:
            if self._closed:
                return None
            if self._process is None or self._process.poll() is not None:
                self._discard()
                self._process = subprocess.Popen(
                    _PROBE,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    text=True,
                    start_new_session=True,  # ■ signals the kernel's process group
                    creationflags=own_group(),
                )
            return self._process

    def close(self) -> None:
        """End the process; harmless when it has ended."""
        with self._lock:
            self._closed = True
            if self._process is not None:
                self._process.kill()

    def _discard(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def reap(self) -> None:
        """After `close`, by the thread that asks: wait for the process, and close its pipes."""
        with self._lock:
            self._discard()


# --- share groups, of which librdkafka knows nothing ------------------------------------------


def _share_group(cluster: KafkaCluster, group: str, deadline: Deadline) -> Group | None:
    backend = cluster._live
    if not backend.owns_brokers:
        return None
    members = _share_tool(backend, group, _MEMBERS, deadline)
    if any("GroupIdNotFoundException" in line for line in members or ()):
        return None
    if members is None or not _tells_share_group(group, members):
        raise KafkaLabError(
            f"There is no classic or consumer group {group!r}, and whether there is a share group "
            f"of that name was not told within {deadline.seconds:g} seconds.",
            fix='see which there are: cluster.console("bin/kafka-groups.sh --list")',
        )
    # one after the other: two tools at once may both come too late where processors are few
    return from_share_tool(group, members, _share_tool(backend, group, ("--offsets",), deadline))


def is_share_group(cluster: KafkaCluster, group: str, deadline: Deadline) -> bool:
    """Whether there is a share group of that name; False where nobody told in time."""
    backend = cluster._live
    if not backend.owns_brokers:
        return False
    return _tells_share_group(group, _share_tool(backend, group, _MEMBERS, deadline) or ())


def _tells_share_group(group: str, members: Iterable[str]) -> bool:
    """Whether the tool found the group: it has members, or the tool says that it has none."""
    found = list(members)
    none = f"Share group '{group}' has no active members"
    return any(none in line for line in found) or bool(_matches(_MEMBER, group, found))


_MEMBERS = ("--members", "--verbose")


def _share_tool(
    backend: Backend, group: str, options: tuple[str, ...], deadline: Deadline
) -> list[str] | None:
    """What the official tool prints, or None where it has not ended in time."""
    from kafkalab.backends import ToolCall

    if deadline.passed:
        return None
    asked = ("--bootstrap-server", backend.tool_servers, "--describe", "--group", group)
    tool = backend.run_tool(ToolCall("kafka-share-groups.sh", (*asked, *options)))
    try:
        lines = list(tool.lines(deadline.remaining))
        return None if deadline.passed else lines
    finally:
        tool.kill()


_MEMBER = re.compile(r"\S+ +/\S+ +(?P<client>.*?) +\d+ +\d+ *(?P<places>\S*)$")
_OFFSET = re.compile(r"(?P<topic>\S+) +(?P<number>\d+) +(?P<start>\d+|-) +(?P<lag>\d+|-) *$")
_PLACES = re.compile(r"([\w.-]+)[:(](\d+(?:,\d+)*)")


def from_share_tool(group: str, members: Iterable[str], offsets: Iterable[str] | None) -> Group:
    """The group that kafka-share-groups.sh describes, `--members --verbose` and `--offsets`."""
    found = [
        Member(
            line["client"],
            _places(
                (topic, int(number))
                for topic, numbers in _PLACES.findall(line["places"])
                for number in numbers.split(",")
            ),
        )
        for line in _matches(_MEMBER, group, members)
    ]
    partitions = [
        Progress(
            line["topic"], int(line["number"]), _number(line["start"]), None, _number(line["lag"])
        )
        for line in _matches(_OFFSET, group, offsets or ())
    ]
    if offsets is None:
        places = sorted({place for member in found for place in member.assigned})
        partitions = [Progress(topic, number, None, None, None) for topic, number in places]
    return Group(
        group,
        "share",
        "" if found else "EMPTY",
        in_order(found),
        tuple(sorted(partitions, key=lambda p: (p.topic, p.partition))),
        offsets is not None,
    )


def _matches(pattern: re.Pattern[str], group: str, lines: Iterable[str]) -> list[re.Match[str]]:
    rows = (line.removeprefix(group).strip() for line in lines if line.startswith(f"{group} "))
    return [match for row in rows if (match := pattern.match(row))]


def _number(text: str) -> int | None:
    return int(text) if text.isdigit() else None


def _missing(group: str) -> KafkaLabError:
    return KafkaLabError(
        f"There is no group {group!r} in this cluster.",
        fix='see which there are: cluster.console("bin/kafka-groups.sh --list")',
    )

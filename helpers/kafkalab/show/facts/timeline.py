"""What was seen of a topic and a group over a stretch of time, as plain data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from kafkalab.common.words import clipped, printable
from kafkalab.queries.group_members import Group, Place
from kafkalab.queries.topics import Topic

NAME = 20
SETTLED = ("STABLE", "EMPTY", "DEAD")


T = TypeVar("T")


@dataclass(frozen=True)
class Look(Generic[T]):
    """What is there from `seconds` on, until the next look.

    Attributes
    ----------
    seconds : float
        Since the timeline began.
    found : Topic, Group or None
        None where no broker answered. A topic without partitions is not there, a group whose
        state is DEAD neither.
    """

    seconds: float
    found: T | None


TopicLook = Look[Topic]
GroupLook = Look[Group]


@dataclass(frozen=True)
class Mark:
    """A moment with a name.

    Attributes
    ----------
    label : str
    seconds : float
    topic_looks, group_looks : int
        How many of the history's looks were taken before.
    """

    label: str
    seconds: float
    topic_looks: int
    group_looks: int


@dataclass(frozen=True)
class History:
    """All that a timeline knows.

    Attributes
    ----------
    topic, group : str or None
        What was watched.
    seconds : float
        How long.
    topics : sequence of TopicLook
        One for each change, the first as it was at the start; empty where no topic is watched.
    groups : sequence of GroupLook
    marks : sequence of Mark
    note : str
        Why it ended, where nobody ended it.
    share : bool
        Whether the group turned out to be a share group, which nobody looks at here.
    unknown : bool
        Whether nobody could be asked if a group that was not found is a share group.
    """

    topic: str | None
    group: str | None
    seconds: float
    topics: Sequence[TopicLook] = ()
    groups: Sequence[GroupLook] = ()
    marks: Sequence[Mark] = ()
    note: str = ""
    share: bool = False
    unknown: bool = False

    @property
    def watches_group(self) -> bool:
        return self.group is not None and not self.share and not self.unknown


@dataclass(frozen=True)
class Part:
    """One partition at one moment, as far as it is known.

    Attributes
    ----------
    led : bool
        Whether leader and in-sync replicas are known.
    leader : int or None
    in_sync : tuple of int
        In order of their ids: the order in which Kafka lists them does not help here.
    replicas : int
    told : bool
        Whether the reader is known.
    reader : str
        Empty where nobody reads it.
    lag : int or None
    """

    led: bool = False
    leader: int | None = None
    in_sync: tuple[int, ...] = ()
    replicas: int = 0
    told: bool = False
    reader: str = ""
    lag: int | None = None


def settled(group: Group) -> bool:
    """Whether each partition is where it is to be; False in the middle of a rebalance."""
    moving = any(member.gives_up or member.waits_for for member in group.members)
    return group.state in SETTLED and not moving


def rebalances(group: Group) -> bool:
    """Whether its members are in the middle of sharing out partitions."""
    return bool(group.members) and not settled(group)


def member_names(history: History) -> dict[str, str]:
    """Member id → client id; numbered in the order of their coming where several have the same."""
    ids: dict[str, list[str]] = {}
    for look in history.groups:
        for member in look.found.members if look.found else ():
            known = ids.setdefault(member.client_id, [])
            if member.member_id not in known:
                known.append(member.member_id)
    names = {}
    for client_id, members in ids.items():
        label = clipped(printable(client_id.encode()), NAME) or "member"
        for number, member_id in enumerate(members, 1):
            names[client_id + member_id] = f"{label} #{number}" if len(members) > 1 else label
    return names


def places(history: History) -> list[Place]:
    """All partitions that were seen, in order."""
    found = {
        (look.found.name, part.number)
        for look in history.topics
        if look.found
        for part in look.found.partitions
    }
    for look in history.groups:
        found |= {
            place
            for place in _group_places(look.found)
            if history.topic is None or place[0] == history.topic
        }
    return sorted(found)


def _group_places(group: Group | None) -> Iterable[Place]:
    if group is None:
        return
    for part in group.partitions:
        yield part.topic, part.partition
    for member in group.members:
        yield from member.assigned


def parts(
    topic: Topic | None, group: Group | None, names: dict[str, str]
) -> Callable[[Place], Part]:
    """What is known of a partition from one look at the topic and one at the group."""
    led = {(topic.name, p.number): p for p in topic.partitions} if topic else {}
    lags = {(p.topic, p.partition): p.lag for p in group.partitions} if group else {}
    readers: dict[Place, list[str]] = {}
    for member in group.members if group else ():
        for place in member.assigned:
            readers.setdefault(place, []).append(names[member.client_id + member.member_id])

    def part(place: Place) -> Part:
        found = led.get(place)
        return Part(
            led=found is not None,
            leader=found.leader if found else None,
            in_sync=tuple(sorted(found.in_sync)) if found else (),
            replicas=len(found.replicas) if found else 0,
            told=group is not None,
            reader=", ".join(readers.get(place, ())),
            lag=lags.get(place),
        )

    return part


def total_lag(history: History, group: Group | None) -> int | None:
    """The group's lag on what is watched; None where it is not known of any partition."""
    if group is None:
        return None
    lags = [
        part.lag
        for part in group.partitions
        if part.lag is not None and history.topic in (None, part.topic)
    ]
    return sum(lags) if lags else None


def past_end(history: History, group: Group) -> int:
    """Of how many of the partitions that are watched the committed offset is past the end."""
    return sum(part.past_end for part in group.partitions if history.topic in (None, part.topic))


def last_topic(looks: Sequence[TopicLook]) -> Topic | None:
    """The last answer."""
    return next((look.found for look in reversed(looks) if look.found is not None), None)


def last_group(looks: Sequence[GroupLook]) -> Group | None:
    """The last answer of a settled group, or the last one where it never was."""
    found = [look.found for look in looks if look.found is not None]
    calm = [group for group in found if settled(group)]
    known = calm or found
    return known[-1] if known else None

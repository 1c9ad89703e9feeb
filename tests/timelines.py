"""Histories as `show.timeline` keeps them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from kafkalab.queries.group_members import Group, Member, Progress
from kafkalab.queries.topics import Partition, Topic
from kafkalab.show.facts.timeline import GroupLook, History, Look, Mark, TopicLook

ALL = (1, 2, 3)


def topic(
    seconds: float,
    leaders: Iterable[int | None],
    in_sync: tuple[int, ...] = ALL,
    replicas: tuple[int, ...] = ALL,
) -> TopicLook:
    """A look at the topic orders."""
    parts = (Partition(i, leader, replicas, in_sync) for i, leader in enumerate(leaders))
    return Look(seconds, Topic("orders", replicas, tuple(parts)))


def reader(
    name: str, reads: Iterable[int], target: Iterable[int] | None = None, member_id: str = ""
) -> Member:
    return Member(
        name,
        tuple(("orders", number) for number in reads),
        None if target is None else tuple(("orders", number) for number in target),
        member_id or f"id-of-{name}",
    )


def group(
    seconds: float,
    *members: Member,
    state: str = "STABLE",
    partitions: int = 3,
    lag: Callable[[int], int | None] = lambda number: None,
) -> GroupLook:
    """A look at the group billing."""
    progress = (Progress("orders", i, None, 10, lag(i)) for i in range(partitions))
    return Look(seconds, Group("billing", "consumer", state, members, tuple(progress)))


def nobody(seconds: float) -> GroupLook:
    return Look(seconds, Group("billing", "unknown", "DEAD", (), ()))


KILLED = History(
    "orders",
    "billing",
    20.0,
    [topic(0.0, [1, 2, 3]), topic(6.0, [1, 3, 3], (1, 3)), topic(15.0, [1, 3, 3])],
    [
        nobody(0.1),
        group(1.0, reader("ada", range(3)), lag=lambda number: 4),
        group(2.0, reader("ada", range(3), [0, 1]), reader("bob", [], [2]), state="UNKNOWN"),
        group(2.6, reader("ada", [0, 1], [0, 1]), reader("bob", [], [2]), state="UNKNOWN"),
        group(3.1, reader("ada", [0, 1], [0, 1]), reader("bob", [2], [2]), lag=lambda number: 0),
        Look(4.2, None),
        group(7.0, reader("ada", [0, 1], [0, 1]), reader("bob", [2], [2]), lag=lambda number: 9),
    ],
    [
        Mark("bob joins", 1.5, 1, 2),
        Mark("both read", 3.2, 1, 5),
        Mark("broker 2 killed", 4.0, 1, 5),
        Mark("broker 2 started", 13.0, 2, 7),
    ],
)

SILENT = History("orders", "billing", 5.0, [Look(0.0, None)], [Look(0.0, None)])

EMPTY = History("orders", None, 0.3, [topic(0.0, [1], (1,), (1,))])

MANY = History(
    "orders",
    "billing",
    60.0,
    [topic(0.0, [i % 3 + 1 for i in range(100)]), topic(9.0, [i % 2 + 1 for i in range(100)])],
    [
        group(0.2, *(reader(f"r-{n}", [n]) for n in range(60)), partitions=100),
        group(50.0, reader("a" * 80, range(100)), partitions=100, lag=lambda number: number * 999),
    ],
    [Mark(f"moment {n}, with words that go on and on and on", 50 + n, 2, 2) for n in range(9)],
    "ended after 10 minutes without a mark",
)

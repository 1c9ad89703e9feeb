"""What a timeline says: how it was at the start, and what is different at each mark and at the end.

Seconds and lag are left out, so that the words are the same in every run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from kafkalab.common.words import clipped, count, number_ranges, printable, wrapped
from kafkalab.queries.group_members import Group, Place
from kafkalab.queries.topics import Topic
from kafkalab.show.drawings.amounts import past_end_on
from kafkalab.show.facts.group import ask_tool
from kafkalab.show.facts.timeline import (
    History,
    Look,
    Mark,
    Part,
    last_group,
    last_topic,
    parts,
    past_end,
    places,
    rebalances,
)

TEXT_LINES = 12

T = TypeVar("T")


def short_name(name: str, most: int = 40) -> str:
    return clipped(printable(name.encode()), most)


def mark_label(mark: Mark) -> str:
    """What an SVG may hold: no control character and no half of a pair."""
    return printable(mark.label.encode("utf-8", "backslashreplace"))


def watched(history: History) -> str:
    words = [] if history.topic is None else [f"topic {short_name(history.topic)}"]
    words += [] if history.group is None else [f"group {short_name(history.group)}"]
    return " and ".join(words)


def not_watched(history: History) -> list[str]:
    name = short_name(history.group or "")
    if history.unknown:
        call = printable(ask_tool(history.group or "").encode())
        told = f"whether it is a share group, only Kafka's own tool can tell: {call}"
        return [f"there is no classic or consumer group {name}", told]
    if not history.share:
        return []
    return [f"group {name} is a share group: a timeline does not watch it, show.group shows it"]


def _place(history: History, place: Place) -> str:
    topic, number = place
    return f"partition {number}" if history.topic else f"{short_name(topic, 20)} {number}"


def placed(history: History, same: Sequence[Place], most: int = 40) -> str:
    """Partitions, runs of them with a dash."""
    if len(same) == 1:
        return _place(history, same[0])
    topics: dict[str, list[int]] = {}
    for topic, number in same:
        topics.setdefault(topic, []).append(number)
    if history.topic:
        return f"partitions {number_ranges(topics[history.topic], most)}"
    return ", ".join(
        f"{short_name(topic, 20)} {number_ranges(numbers, most)}"
        for topic, numbers in topics.items()
    )


def _leader(part: Part) -> str:
    return "no leader" if part.leader is None else f"leader {part.leader}"


def _in_sync(part: Part) -> str:
    return f"in sync {', '.join(map(str, part.in_sync)) or 'none'}"


def _reader(part: Part) -> str:
    return f"read by {part.reader}" if part.reader else "read by nobody"


def _part_words(part: Part, before: Part | None) -> tuple[str, ...]:
    """What is new of a partition."""
    words = []
    if part.led and (before is None or not before.led or before.leader != part.leader):
        words.append(_leader(part))
    if part.led and (before is None or before.in_sync != part.in_sync):
        words.append(_in_sync(part))
    if part.told and (before is None or not before.told or before.reader != part.reader):
        words.append(_reader(part))
    return tuple(words)


def members_words(history: History, group: Group) -> str:
    idle = sum(not member.assigned for member in group.members)
    words = [count(len(group.members), "member") if group.members else "no members"]
    if rebalances(group):
        words.append("rebalancing")
    elif idle:
        words.append(f"{idle} idle")
    if past := past_end(history, group):
        words.append(past_end_on(past))
    return ", ".join(words)


@dataclass(frozen=True)
class _Stand:
    """Topic and group as they are at one of the moments that the words tell about."""

    topic: Topic | None
    group: Group | None
    silent: bool = False


def timeline_text(history: History, names: dict[str, str]) -> str:
    lines = [f"Timeline of {watched(history)}", *not_watched(history)]
    if history.topic is None and not history.watches_group:
        return "\n".join([*lines, history.note] if history.note else lines)
    every = places(history)
    before: _Stand | None = None
    for label, stand in _stands(history):
        said = _changes(history, names, every, stand, before)
        if before is None:
            lines += said or ["nothing is known"]
        else:
            lines += said or ["(no change)"]
        if label:
            lines.append(f"* {label}")
        before = stand
    return "\n".join([*lines, history.note] if history.note else lines)


def _stands(history: History) -> Iterable[tuple[str, _Stand]]:
    """The start, each mark and the end; a label follows what is different at its mark."""
    first = next(iter(history.marks), None)
    yield (
        "",
        _Stand(
            _first(history.topics[: first.topic_looks if first else None]),
            _first(history.groups[: first.group_looks if first else None]),
        ),
    )
    for mark in history.marks:
        yield (
            mark_label(mark),
            _Stand(
                last_topic(history.topics[: mark.topic_looks]),
                last_group(history.groups[: mark.group_looks]),
            ),
        )
    ends = [look.found is None for look in history.topics[-1:]]
    ends += [look.found is None for look in history.groups[-1:]]
    group = history.groups[-1].found if history.groups else None
    yield (
        "",
        _Stand(
            last_topic(history.topics),
            group or last_group(history.groups),
            silent=bool(ends) and all(ends),
        ),
    )


def _first(looks: Sequence[Look[T]]) -> T | None:
    """The first answer: on a busy machine the first look may be silent."""
    return next((look.found for look in looks if look.found is not None), None)


def _changes(
    history: History,
    names: dict[str, str],
    every: Sequence[Place],
    stand: _Stand,
    before: _Stand | None,
) -> list[str]:
    """The lines that tell what is different from `before`, or all where it is None."""
    now = parts(stand.topic, stand.group, names)
    then = parts(before.topic, before.group, names) if before else None
    same: dict[tuple[str, ...], list[Place]] = {}
    for place in every:
        words = _part_words(now(place), then(place) if then else None)
        if words:
            same.setdefault(words, []).append(place)
    lines: list[str] = []
    for words, where in list(same.items())[:TEXT_LINES]:
        lines += wrapped(f"{placed(history, where)}:", list(words), ", ")
    if rest := list(same.values())[TEXT_LINES:]:
        lines.append(f"not listed: {count(sum(map(len, rest)), 'partition')} more")
    lines += _topic_line(history, stand, before) + _group_line(history, stand, before)
    return [*lines, "no broker answers"] if stand.silent else lines


def _topic_line(history: History, stand: _Stand, before: _Stand | None) -> list[str]:
    """A topic that is not there."""
    missing = stand.topic is not None and not stand.topic.partitions
    was = before is not None and before.topic is not None and not before.topic.partitions
    return [f"there is no topic {short_name(history.topic or '')}"] if missing and not was else []


def _group_line(history: History, stand: _Stand, before: _Stand | None) -> list[str]:
    """The group's members; not its lag, which no mark can wait for where commits are automatic."""
    if stand.group is None:
        return []
    known = members_words(history, before.group) if before and before.group else ""
    words = members_words(history, stand.group)
    return [f"group: {words}"] if words != known else []

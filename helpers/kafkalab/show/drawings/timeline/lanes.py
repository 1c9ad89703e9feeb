"""What is drawn of each partition and of the group's members: stretches without any change."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from kafkalab.common.words import count
from kafkalab.queries.group_members import Group, Place
from kafkalab.show.canvas import svg
from kafkalab.show.drawings.timeline.words import members_words
from kafkalab.show.facts.timeline import (
    History,
    Look,
    Part,
    parts,
    places,
    rebalances,
    settled,
    total_lag,
)

DRAWN_LANES = 12
"""Partitions with the same history share lanes where there are more partitions than these."""

MOVING = "\N{RIGHTWARDS ARROW OVER LEFTWARDS ARROW}"
"""Of a group that rebalances."""

T = TypeVar("T")


@dataclass(frozen=True)
class Stretch:
    """A time in which nothing changed in one lane; `shorter` words are for a narrow box."""

    start: float
    end: float
    words: str
    hue: str | None = None
    dashed: bool = False
    note: str = ""
    shorter: tuple[str, ...] = ()


Lane = tuple[Stretch, ...]


@dataclass(frozen=True)
class Lanes:
    """What is drawn of one partition, or of several that had the same history."""

    places: tuple[Place, ...]
    rows: tuple[tuple[str, Lane], ...]


SILENT = Stretch(0, 0, "no answer", dashed=True)


def _lane(
    looks: Sequence[Look[T]],
    end: float,
    stretch: Callable[[int], Stretch],
) -> Lane:
    """`stretch` of each look, those of equal ones joined."""
    joined: list[Stretch] = []
    for i, look in enumerate(looks):
        start = look.seconds if i else 0.0
        until = looks[i + 1].seconds if i + 1 < len(looks) else end
        found = replace(SILENT if look.found is None else stretch(i), start=start, end=until)
        if joined and replace(joined[-1], end=found.end, start=found.start) == found:
            joined[-1] = replace(joined[-1], end=until)
        else:
            joined.append(found)
    return tuple(joined)


def _broker_hue(broker: int) -> str:
    return svg.HUES[(broker - 1) % len(svg.HUES)]


def _leader_stretch(part: Part) -> Stretch:
    if not part.led:
        return Stretch(0, 0, "not there", dashed=True)
    if part.leader is None:
        return Stretch(0, 0, "none", dashed=True, note="no leader")
    note = f"led by broker {part.leader}"
    hue, shorter = _broker_hue(part.leader), (str(part.leader),)
    return Stretch(0, 0, f"broker {part.leader}", hue, note=note, shorter=shorter)


def _in_sync_stretch(part: Part) -> Stretch:
    if not part.led:
        return Stretch(0, 0, "", dashed=True)
    less = len(part.in_sync) < part.replicas
    words = ", ".join(map(str, part.in_sync)) or "none"
    missing = f", {count(part.replicas - len(part.in_sync), 'replica')} behind" if less else ""
    shorter = (words.replace(" ", ""),)
    return Stretch(0, 0, words, dashed=less, note=f"in sync: {words}{missing}", shorter=shorter)


def _reader_stretch(part: Part, group: Group, hues: Mapping[str, str]) -> Stretch:
    if not part.reader:
        words = "nobody" if settled(group) else "moving"
        return Stretch(0, 0, words, dashed=True, note=f"read by nobody ({group.state.lower()})")
    hue = hues.get(part.reader)
    return Stretch(0, 0, part.reader, hue, note=f"read by {part.reader}")


def partition_lanes(history: History, names: dict[str, str]) -> list[Lanes]:
    """The lanes of every partition; equal ones as one where there are many partitions."""
    every = places(history)
    hues = {
        name: svg.HUES[i % len(svg.HUES)] for i, name in enumerate(dict.fromkeys(names.values()))
    }
    topics = [parts(look.found, None, names) for look in history.topics]
    groups = [parts(None, look.found, names) for look in history.groups]
    found = []
    for place in every:
        rows: list[tuple[str, Lane]] = []
        if history.topics:
            rows += _topic_lanes(history, [part_of(place) for part_of in topics])
        if history.groups:
            readers = [part_of(place) for part_of in groups]
            rows.append(("read by", _reader_lane(history, readers, hues)))
        found.append(Lanes((place,), tuple(rows)))
    if len(found) <= DRAWN_LANES:
        return found
    same: dict[tuple[tuple[str, Lane], ...], list[Place]] = {}
    for lanes in found:
        same.setdefault(lanes.rows, []).extend(lanes.places)
    return [Lanes(tuple(where), rows) for rows, where in same.items()]


def _topic_lanes(history: History, led: Sequence[Part]) -> list[tuple[str, Lane]]:
    leader = _lane(history.topics, history.seconds, lambda i: _leader_stretch(led[i]))
    if max(part.replicas for part in led) <= 1:
        return [("leader", leader)]
    in_sync = _lane(history.topics, history.seconds, lambda i: _in_sync_stretch(led[i]))
    return [("leader", leader), ("in sync", in_sync)]


def _reader_lane(history: History, readers: Sequence[Part], hues: Mapping[str, str]) -> Lane:
    def stretch(i: int) -> Stretch:
        group = history.groups[i].found
        assert group is not None
        return _reader_stretch(readers[i], group, hues)

    return _lane(history.groups, history.seconds, stretch)


def members_lane(history: History) -> Lane:
    """How many members the group has, and when it rebalances."""

    def stretch(i: int) -> Stretch:
        group = history.groups[i].found
        assert group is not None
        words, number = members_words(history, group), str(len(group.members))
        moving = rebalances(group)
        # where there is no room for the word, the sign is left: what the chart is to show
        shorter = (f"{number} {MOVING}", MOVING) if moving else (number,)
        dashed = moving or not group.members
        return Stretch(0, 0, words, dashed=dashed, note=f"group: {words}", shorter=shorter)

    return _lane(history.groups, history.seconds, stretch)


def chosen(lanes: Sequence[Lanes]) -> Sequence[Lanes]:
    """The first lanes, but rather those in which something happened."""
    if len(lanes) <= DRAWN_LANES:
        return lanes
    moved = [part for part in lanes if any(len(row) > 1 for _, row in part.rows)]
    wanted = (moved + [part for part in lanes if part not in moved])[:DRAWN_LANES]
    return [part for part in lanes if part in wanted]


def lag_steps(history: History) -> list[tuple[float, int]]:
    lags: list[tuple[float, int]] = []
    for look in history.groups:
        lag = total_lag(history, look.found)
        if lag is not None and (not lags or lags[-1][1] != lag):
            lags.append((look.seconds, lag))
    return lags

"""The picture of a timeline: who led, who was in sync and who read, and the lag, over seconds."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from kafkalab.common.words import clipped, count
from kafkalab.queries.group_members import Group, Place
from kafkalab.queries.topics import Topic
from kafkalab.show.canvas import svg
from kafkalab.show.canvas.picture import Picture
from kafkalab.show.drawings.timeline.chart import (
    MARGIN,
    draw_axis,
    draw_group_lanes,
    draw_lanes,
    draw_marks,
    marks_height,
)
from kafkalab.show.drawings.timeline.lanes import MOVING, Lanes, chosen, lag_steps, partition_lanes
from kafkalab.show.drawings.timeline.scale import WIDTH, events, scale
from kafkalab.show.drawings.timeline.words import members_words, not_watched, timeline_text, watched
from kafkalab.show.facts.timeline import (
    History,
    Part,
    last_group,
    last_topic,
    member_names,
    parts,
    places,
    rebalances,
)

ARROW = "\N{RIGHTWARDS ARROW}"
LAST_LAGS = 20

_COLUMNS = {
    "seconds": "float64",
    "topic": "object",
    "partition": "int64",
    "leader": "Int64",
    "in_sync": "object",
    "member": "object",
    "lag": "Int64",
}


def draw_timeline(history: History) -> Picture:
    """Draw plain facts; the same facts give the same picture, to the letter."""
    names = member_names(history)
    return Picture(
        text=timeline_text(history, names),
        svg=svg.moving(_svg(history, names)),
        columns=_COLUMNS,
        rows=_rows(history, names),
    )


def _rows(history: History, names: dict[str, str]) -> list[tuple[object, ...]]:
    """One row for each partition that differs from what it was."""
    rows: list[tuple[object, ...]] = []
    known: dict[Place, Part] = {}
    every = places(history)
    for seconds, topic, group in _moments(history):
        part_of = parts(topic, group, names)
        for place in every:
            part = part_of(place)
            if part in (Part(), known.get(place)):
                continue
            known[place] = part
            in_sync = list(part.in_sync) if part.led else None
            row = (part.leader, in_sync, part.reader or None, part.lag)
            rows.append((round(seconds, 3), *place, *row))
    return rows


def _moments(history: History) -> list[tuple[float, Topic | None, Group | None]]:
    """Topic and group as last known, at each moment when one of them changed."""
    told: list[tuple[float, Topic | None, Group | None]] = [
        *((look.seconds, look.found, None) for look in history.topics),
        *((look.seconds, None, look.found) for look in history.groups),
    ]
    topic: Topic | None = None
    group: Group | None = None
    moments = []
    for seconds, new_topic, new_group in sorted(told, key=lambda each: each[0]):
        topic, group = new_topic or topic, new_group or group
        moments.append((seconds, topic, group))
    return moments


def _svg(history: History, names: dict[str, str]) -> str:
    title = f"Timeline of {watched(history)}"
    chart = scale(events(history), history.seconds)
    root = svg.canvas(WIDTH, title, _description(history, names))
    svg.words(root, MARGIN, 24, clipped(title, 90), size=15, bold=True)
    y = svg.paragraph(root, MARGIN, 42, _summary(history), WIDTH - 2 * MARGIN) + 4
    marks = ET.SubElement(root, "g")
    top, y = y, y + marks_height(history, chart)
    lanes = partition_lanes(history, names)
    for part in chosen(lanes):
        y = draw_lanes(root, history, part, chart, y)
    if history.groups:
        y = draw_group_lanes(root, history, chart, y)
    y = draw_axis(root, chart, history.seconds, y)
    draw_marks(marks, history, chart, top, y - 18)
    for note in _notes(history, lanes):
        y = svg.paragraph(root, MARGIN, y + 6, [note], WIDTH - 2 * MARGIN, size=11)
    svg.set_height(root, y + 4)
    return svg.render(root)


def _summary(history: History) -> list[str]:
    words = [f"{history.seconds:.1f} seconds", *not_watched(history)]
    topic, group = last_topic(history.topics), last_group(history.groups)
    if history.topic and (topic is None or not topic.partitions):
        words.append("no such topic" if topic else "topic not known: no answer")
    elif topic is not None:
        words.append(count(len(topic.partitions), "partition"))
    if group is None and history.watches_group:
        words.append("group not known: no answer")
    if group is not None:
        words.append(members_words(history, group))
    return [*words, history.note] if history.note else words


def _notes(history: History, lanes: Sequence[Lanes]) -> list[str]:
    notes = []
    if hidden := len(lanes) - len(chosen(lanes)):
        number = sum(len(part.places) for part in lanes) - sum(
            len(part.places) for part in chosen(lanes)
        )
        notes.append(f"not drawn: {count(number, 'partition')}" if hidden else "")
    everything = [stretch for part in lanes for _, row in part.rows for stretch in row]
    if any(stretch.words == "moving" for stretch in everything):
        notes.append("moving: in the middle of a rebalance nobody reads the partition")
    if any(look.found and rebalances(look.found) for look in history.groups):
        notes.append(f"{MOVING}, members in a dashed box: the group rebalances")
    if any(stretch.words == "no answer" for stretch in everything):
        notes.append("no answer: no broker answered, or no coordinator of the group")
    return notes


def _description(history: History, names: dict[str, str]) -> str:
    """The words of the text form, as sentences."""
    _, *lines = timeline_text(history, names).splitlines()
    said = [line.strip().removeprefix("* ") for line in lines]
    if lags := [f"{lag:,}" for _, lag in lag_steps(history)]:
        said.append(f"the lag was {f' {ARROW} '.join(lags[-LAST_LAGS:])}")
    return f"Timeline of {watched(history)} over {history.seconds:.1f} seconds: {'; '.join(said)}."

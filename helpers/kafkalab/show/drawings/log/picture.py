"""The picture of a topic's log: its records in their order, and where a group stands."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from xml.etree import ElementTree as ET

from kafkalab.common.words import clipped, columns, printable, span
from kafkalab.show.canvas import svg
from kafkalab.show.canvas.picture import Picture
from kafkalab.show.drawings.log.row import Box, Item, Kind, Row, boxes, fold, row
from kafkalab.show.drawings.log.words import (
    DRAWN_PARTITIONS,
    description,
    ending,
    group_name,
    leader_words,
    log_text,
    not_drawn,
    record_label,
    run_words,
    signs,
    title,
    topic_summary,
    unknown,
)
from kafkalab.show.facts.log import PartitionLog, Record, TopicLog

WIDTH = 860
LEFT, RIGHT = 128, 128
"""Room for a partition's name, and for what is said at its end, in pixels."""

ROOM = WIDTH - LEFT - RIGHT
GAP = 4
BOX_HEIGHT = 30
NARROWEST, WIDEST_LABEL = 44, 11

_COLUMNS = {
    "partition": "int64",
    "leader": "Int64",
    "start": "Int64",
    "end": "Int64",
    "records": "Int64",
    "committed": "Int64",
    "lag": "Int64",
}


def draw_log(log: TopicLog, note: str = "") -> Picture:
    """Draw plain facts; the same facts give the same picture, to the letter.

    Parameters
    ----------
    log : TopicLog
    note : str
        Stands beside what holds for the whole topic, in the drawing only.
    """
    drawn = log.logs[:DRAWN_PARTITIONS]
    return Picture(
        text=log_text(log, drawn),
        svg=_svg(log, drawn, note),
        columns=_COLUMNS,
        rows=[
            (
                part.partition.number,
                part.partition.leader,
                part.partition.start,
                part.partition.end,
                part.record_count,
                part.committed,
                part.lag,
            )
            for part in log.logs
        ],
    )


def _svg(log: TopicLog, drawn: Sequence[PartitionLog], note: str) -> str:
    shown = [fold(row(part), part.committed, partial(_fits, part)) for part in drawn]
    records = list(boxes(shown))
    hues = svg.hues(record.key for record in records if record.key is not None)
    notes = [note for note in (not_drawn(log), *signs(log, drawn, records, text=False)) if note]
    marked = any(part.committed is not None for part in drawn)
    step, above = (84, 20) if marked else (66, 0)
    root = svg.canvas(WIDTH, title(log), description(log))
    svg.words(root, 12, 24, clipped(printable(log.topic.name.encode()), 90), size=15, bold=True)
    summary = [*topic_summary(log), *([note] if note else [])]
    y = svg.paragraph(root, 12, 42, summary, WIDTH - 24) + above
    for part, items in zip(drawn, shown, strict=True):
        _draw_partition(root, log, part, items, y, hues)
        y += step
    y += 2 - above
    for note in notes:
        y = svg.paragraph(root, 12, y, [note], WIDTH - 24, size=11)
    svg.set_height(root, y)
    return svg.render(root)


def _width(part: PartitionLog, item: Item) -> float:
    if isinstance(item, Box):
        return _box_width(item.record)
    words = run_words(part, item), span(item.start, item.end)
    return max(map(svg.text_width, words)) + 10


def _box_width(record: Record) -> int:
    """Wide enough for the label and the offset below it, in steps, so that boxes look alike."""
    label = columns(clipped(record_label(record), WIDEST_LABEL)) * 7 + 12
    offset = len(str(record.offset)) * 6.5 + 4
    return max(NARROWEST, 8 * math.ceil(max(label, offset) / 8))


def _expired_width(part: PartitionLog) -> float:
    start = part.partition.start
    return max(svg.text_width("expired"), svg.text_width(span(0, start))) + 10 if start else 0


def _fits(part: PartitionLog, items: Row) -> bool:
    used = _expired_width(part) + (GAP if part.partition.start else 0)
    for item in items:
        used += GAP + _width(part, item)
    return used <= ROOM


def _draw_partition(
    root: ET.Element,
    log: TopicLog,
    part: PartitionLog,
    items: Row,
    y: float,
    hues: dict[bytes, str],
) -> None:
    svg.words(root, 12, y + 14, f"partition {part.partition.number}", size=13, bold=True)
    if leader := leader_words(part, log):
        svg.words(root, 12, y + 28, leader, ink="s")
    if part.partition.size is None:
        svg.words(root, LEFT, y + 20, unknown(part), size=12)
        return
    x: float = LEFT
    marks = {}
    if part.partition.start:
        width = _expired_width(part)
        _draw_words(root, x, y, width, "expired", span(0, part.partition.start))
        marks[-1] = x + width / 2
        x += width + GAP
    for item in items:
        marks[item.start] = x - GAP / 2
        width = _width(part, item)
        if isinstance(item, Box):
            _draw_box(root, item.record, x, y, width, hues)
        else:
            _draw_run(root, part, item, x, y, width)
        x += width + GAP
    _draw_end(root, log, part, x, y)
    if part.committed is not None:
        _draw_committed(root, log, part, marks, x + 2, y)


def _draw_box(
    root: ET.Element, record: Record, x: float, y: float, width: float, hues: dict[bytes, str]
) -> None:
    what = "value" if record.key is None else "key"
    box = svg.group(root, f"offset {record.offset}, {what} {clipped(record_label(record), 200)}")
    hue = None if record.key is None else hues[record.key]
    tombstone = record.key is not None and record.value is None
    svg.block(box, x, y, width, BOX_HEIGHT, hue=hue, dashed=tombstone)
    middle = x + width / 2
    label = clipped(record_label(record), WIDEST_LABEL)
    svg.words(box, middle, y + 19, label, size=12, anchor="middle", italic=record.key is None)
    svg.words(box, middle, y + 43, str(record.offset), ink="s", anchor="middle")


def _draw_run(
    root: ET.Element, part: PartitionLog, item: Item, x: float, y: float, width: float
) -> None:
    assert not isinstance(item, Box)
    run = svg.group(root, f"offsets {span(item.start, item.end)}: {item.kind.value}")
    if item.kind is not Kind.HOLE:
        svg.block(run, x, y, width, BOX_HEIGHT, dashed=True)
    _draw_words(run, x, y, width, run_words(part, item), span(item.start, item.end))


def _draw_words(
    parent: ET.Element, x: float, y: float, width: float, inside: str, below: str
) -> None:
    svg.words(parent, x + width / 2, y + 19, inside, ink="s", anchor="middle")
    svg.words(parent, x + width / 2, y + 43, below, ink="s", anchor="middle")


def _draw_end(root: ET.Element, log: TopicLog, part: PartitionLog, x: float, y: float) -> None:
    svg.bar(root, x + 2, y - 2, BOX_HEIGHT + 4)
    if part.partition.start == part.partition.end:
        nothing = "all expired" if part.partition.start else "empty"
    else:
        nothing = ""
    end, *group = ending(part, log)
    svg.words(root, x + 9, y + 12, f"{end}, {nothing}" if nothing else end, ink="s")
    due = bool(part.lag) or part.past_end
    for line, words in enumerate(group):
        svg.words(root, x + 9, y + 26 + 14 * line, words, bold=due, ink="i" if due else "s")


def _draw_committed(
    root: ET.Element,
    log: TopicLog,
    part: PartitionLog,
    marks: dict[int, float],
    end: float,
    y: float,
) -> None:
    """The group's triangle, before the record that it reads next."""
    committed, start = part.committed or 0, part.partition.start or 0
    x = marks.get(-1, LEFT) if committed < start else marks.get(committed, end)
    name = group_name(log)
    half = svg.text_width(name) / 2
    mark = svg.group(root, f"group {name}: committed offset {committed}")
    svg.pointer(mark, x, y - 4)
    if start <= committed < (part.partition.end or 0):
        svg.bar(mark, x, y - 4, BOX_HEIGHT + 6, mark=True)
    svg.words(mark, max(x, 8 + half), y - 15, name, ink="m", bold=True, anchor="middle")

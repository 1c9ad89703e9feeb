"""The picture of a topic's log: its records in their order, and where a group stands."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from xml.etree import ElementTree as ET

from kafkalab.show import svg
from kafkalab.show.facts import PartitionLog, Record, TopicLog
from kafkalab.show.labels import (
    ELLIPSIS,
    NOTHING,
    PAST_END,
    amount,
    clipped,
    columns,
    count,
    in_lines,
    listing,
    past_end_on,
    printable,
    span,
    wrapped,
)
from kafkalab.show.leaders import leaderless, silent
from kafkalab.show.picture import Picture
from kafkalab.show.row import Box, Item, Kind, Row, boxes, fold, row

DRAWN_PARTITIONS = 12

WIDTH = 860
LEFT, RIGHT = 128, 128
"""Room for a partition's name, and for what is said at its end, in pixels."""

ROOM = WIDTH - LEFT - RIGHT
GAP = 4
BOX_HEIGHT = 30
NARROWEST, WIDEST_LABEL = 44, 11
LINE_ITEMS = 11
LINE_LABEL = 16
GROUP_LABEL = 24

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
        text=_text(log, drawn),
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


# --- words ------------------------------------------------------------------------------------


def _title(log: TopicLog) -> str:
    topic = f"Log of topic {printable(log.topic.name.encode())}"
    group = "" if log.group is None else f", with the committed offsets of group {_name(log)}"
    return f"{topic}{group}"


def _name(log: TopicLog) -> str:
    return clipped(printable((log.group or "").encode()), GROUP_LABEL)


def _summary(log: TopicLog) -> list[str]:
    """What holds for the whole topic."""
    partitions = log.topic.partitions
    words = [count(len(log.logs), "partition"), _amount(log.logs)]
    words += leaderless(partitions) + silent(partitions)
    return words if log.group is None else [*words, _group_summary(log)]


def _amount(logs: Sequence[PartitionLog]) -> str:
    return amount([part.record_count for part in logs], exact=all(part.exact for part in logs))


def _group_summary(log: TopicLog) -> str:
    name = f"group {_name(log)}"
    if not log.group_answered:
        return f"{name}: its coordinator does not answer"
    without = sum(part.committed is None for part in log.logs)
    if without == len(log.logs):
        return f"{name} has committed nothing here yet"
    lags = [part.lag for part in log.logs if part.lag is not None]
    past = sum(part.past_end for part in log.logs)
    unknown = len(log.logs) - len(lags) - past - without
    words = [f"{sum(lags):,} behind"] if sum(lags) else []
    if past:
        words.append(past_end_on(past) if len(log.logs) > 1 else PAST_END)
    if lags and not words:
        words.append("caught up")
    words += [f"nothing committed on {count(without, 'partition')}"] if without else []
    words += [f"lag of {count(unknown, 'partition')} unknown"] if unknown else []
    return f"{name}{' is' if lags or past else ':'} {', '.join(words)}"


def _ending(part: PartitionLog, log: TopicLog) -> list[str]:
    """What is said behind the last record: the end, and where the group is."""
    words = [f"end {part.partition.end}"]
    if log.group is None or not log.group_answered:
        return words
    if part.committed is None:
        return [*words, "nothing committed"]
    if part.past_end:
        return [*words, PAST_END, f"committed {part.committed}"]
    words.append(f"lag {part.lag:,}" if part.lag else "caught up")
    if part.committed < (part.partition.start or 0):
        words.append(f"committed {part.committed}")
    return words


def _unknown(part: PartitionLog) -> str:
    if part.partition.leader is None:
        return "no leader: nothing can be written or read until a replica that was in sync is back"
    return f"its leader, broker {part.partition.leader}, does not answer"


def _rest(log: TopicLog) -> str:
    """What is said of the partitions that are not drawn; empty where all are."""
    rest = log.logs[DRAWN_PARTITIONS:]
    if not rest:
        return ""
    first, last = rest[0].partition.number, rest[-1].partition.number
    words = f"not drawn: partitions {first}{NOTHING}{last} with {_amount(rest)}"
    lags = [part.lag for part in rest if part.lag is not None]
    words += f", lag {sum(lags):,}" if lags else ""
    past = sum(part.past_end for part in rest)
    return f"{words}, {past_end_on(past)}" if past else words


def _leader(part: PartitionLog, log: TopicLog) -> str:
    """The leader, where there is more than one broker to tell apart."""
    if part.partition.leader is None:
        return "no leader"
    single = len(log.topic.brokers) == 1 and len(part.partition.replicas) <= 1
    return "" if single else f"leader: broker {part.partition.leader}"


def _label(record: Record) -> str:
    return printable(record.value if record.key is None else record.key)


def _run_words(part: PartitionLog, item: Item) -> str:
    assert not isinstance(item, Box)
    if item.kind is Kind.HOLE:
        return "no record" if item.end - item.start == 1 else "no records"
    if item.kind is Kind.PENDING:
        return "open"
    return count(item.end - item.start, "offset" if part.holes else "record")


# --- text form --------------------------------------------------------------------------------


def _text(log: TopicLog, drawn: Sequence[PartitionLog]) -> str:
    head = f"Log of topic {printable(log.topic.name.encode())}:"
    lines = wrapped(head, ", ".join(_summary(log)).split(", "), ", ")
    shown = [
        fold(row(part), part.committed, lambda items: len(items) <= LINE_ITEMS) for part in drawn
    ]
    for part, items in zip(drawn, shown, strict=True):
        lines += _lines(log, part, items)
    if rest := _rest(log):
        lines += in_lines(rest)
    lines += _notes(log, drawn, list(boxes(shown)), text=True)
    return "\n".join(lines)


def _lines(log: TopicLog, part: PartitionLog, items: Row) -> list[str]:
    head = f"partition {part.partition.number}"
    if part.partition.size is None:
        return [f"{head}: {_unknown(part)}"]
    if leader := _leader(part, log):
        head = f"{head} ({leader})"
    words = [f"{span(0, part.partition.start)} expired"] if part.partition.start else []
    words += [_marked(log, part, item.start, _word(part, item)) for item in items]
    words.append(_marked(log, part, part.partition.end, ", ".join(_ending(part, log))))
    return wrapped(f"{head}:", words, " | ")


def _marked(log: TopicLog, part: PartitionLog, offset: int | None, word: str) -> str:
    here = part.committed is not None and part.committed == offset
    return f"[{_name(log)}] {word}" if here else word


def _word(part: PartitionLog, item: Item) -> str:
    if not isinstance(item, Box):
        return f"{span(item.start, item.end)} {ELLIPSIS} {_run_words(part, item)}"
    record = item.record
    label = clipped(_label(record), LINE_LABEL)
    if record.key is None and record.value is not None:
        label = f"({label})"
    if record.key is not None and record.value is None:
        label = f"{label} (no value)"
    return f"{record.offset} {label}"


def _notes(
    log: TopicLog, drawn: Sequence[PartitionLog], records: Sequence[Record], *, text: bool
) -> list[str]:
    """What the signs mean, for those that occur."""
    notes = []
    if records:
        named = any(record.key is not None for record in records)
        if text:
            notes.append("number: offset; word: key" if named else "number: offset")
        else:
            name = ", named by its key" if named else ""
            notes.append(f"box: one record{name}; number below: its offset")
    if any(record.key is None and record.value is not None for record in records):
        sign = "in brackets" if text else "in italics"
        notes.append(f"{sign}: the value of a record that has no key")
    if any(record.key is not None and record.value is None for record in records):
        notes.append(
            f"{'no value' if text else 'dashed box'}: a record without a value, a tombstone"
        )
    if any(part.holes for part in drawn):
        notes.append("no record: removed by compaction, aborted, or a transaction's marker")
    if any(part.pending is not None for part in drawn):
        notes.append("open: written in a transaction that is not committed yet")
    if any(_stands_in_log(part, text=text) for part in drawn):
        sign = f"[{_name(log)}]" if text else "triangle"
        notes.append(f"{sign}: before the next record that group {_name(log)} reads")
    return notes


def _stands_in_log(part: PartitionLog, *, text: bool) -> bool:
    """Whether the group's sign stands before a record, or before the end where all are read.

    The words have no sign for a committed offset before the first record that is kept.
    """
    if part.lag is None or part.committed is None:
        return False
    return not text or part.committed >= (part.partition.start or 0)


# --- drawing ----------------------------------------------------------------------------------


def _svg(log: TopicLog, drawn: Sequence[PartitionLog], note: str) -> str:
    shown = [fold(row(part), part.committed, partial(_fits, part)) for part in drawn]
    records = list(boxes(shown))
    hues = svg.hues(record.key for record in records if record.key is not None)
    notes = [note for note in (_rest(log), *_notes(log, drawn, records, text=False)) if note]
    marked = any(part.committed is not None for part in drawn)
    step, above = (84, 20) if marked else (66, 0)
    root = svg.canvas(WIDTH, _title(log), _description(log))
    svg.words(root, 12, 24, clipped(printable(log.topic.name.encode()), 90), size=15, bold=True)
    summary = [*_summary(log), *([note] if note else [])]
    y = svg.paragraph(root, 12, 42, summary, WIDTH - 24) + above
    for part, items in zip(drawn, shown, strict=True):
        _draw_partition(root, log, part, items, y, hues)
        y += step
    y += 2 - above
    for note in notes:
        y = svg.paragraph(root, 12, y, [note], WIDTH - 24, size=11)
    svg.set_height(root, y)
    return svg.render(root)


def _description(log: TopicLog) -> str:
    sentence = f"Topic {printable(log.topic.name.encode())}: {', '.join(_summary(log))}."
    if log.group is None:
        return sentence
    drawn = log.logs[:DRAWN_PARTITIONS]
    lags = [
        f"{part.lag:,} on partition {part.partition.number}"
        for part in drawn
        if part.lag is not None
    ]
    past = [f"partition {part.partition.number}" for part in drawn if part.past_end]
    behind = f" Behind: {listing(lags)}." if lags else ""
    return f"{sentence}{behind}" + (f" {PAST_END.capitalize()}: {listing(past)}." if past else "")


def _width(part: PartitionLog, item: Item) -> float:
    if isinstance(item, Box):
        return _box_width(item.record)
    words = _run_words(part, item), span(item.start, item.end)
    return max(map(svg.text_width, words)) + 10


def _box_width(record: Record) -> int:
    """Wide enough for the label and the offset below it, in steps, so that boxes look alike."""
    label = columns(clipped(_label(record), WIDEST_LABEL)) * 7 + 12
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
    if leader := _leader(part, log):
        svg.words(root, 12, y + 28, leader, ink="s")
    if part.partition.size is None:
        svg.words(root, LEFT, y + 20, _unknown(part), size=12)
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
    box = svg.group(root, f"offset {record.offset}, {what} {clipped(_label(record), 200)}")
    hue = None if record.key is None else hues[record.key]
    tombstone = record.key is not None and record.value is None
    svg.block(box, x, y, width, BOX_HEIGHT, hue=hue, dashed=tombstone)
    middle = x + width / 2
    label = clipped(_label(record), WIDEST_LABEL)
    svg.words(box, middle, y + 19, label, size=12, anchor="middle", italic=record.key is None)
    svg.words(box, middle, y + 43, str(record.offset), ink="s", anchor="middle")


def _draw_run(
    root: ET.Element, part: PartitionLog, item: Item, x: float, y: float, width: float
) -> None:
    assert not isinstance(item, Box)
    run = svg.group(root, f"offsets {span(item.start, item.end)}: {item.kind.value}")
    if item.kind is not Kind.HOLE:
        svg.block(run, x, y, width, BOX_HEIGHT, dashed=True)
    _draw_words(run, x, y, width, _run_words(part, item), span(item.start, item.end))


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
    end, *group = _ending(part, log)
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
    name = _name(log)
    half = svg.text_width(name) / 2
    mark = svg.group(root, f"group {name}: committed offset {committed}")
    svg.pointer(mark, x, y - 4)
    if start <= committed < (part.partition.end or 0):
        svg.bar(mark, x, y - 4, BOX_HEIGHT + 6, mark=True)
    svg.words(mark, max(x, 8 + half), y - 15, name, ink="m", bold=True, anchor="middle")

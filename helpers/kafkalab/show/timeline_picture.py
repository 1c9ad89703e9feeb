"""The picture of a timeline: who led, who was in sync, who read, and how far behind, over seconds.

The words leave seconds and lag out: they tell what there was at the start, and what is different
at each mark and at the end, so that they are the same in every run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeVar
from xml.etree import ElementTree as ET

from kafkalab.show import svg
from kafkalab.show.group_facts import Group, Place
from kafkalab.show.labels import clipped, count, number_ranges, past_end_on, printable, wrapped
from kafkalab.show.picture import Picture
from kafkalab.show.timeline_facts import (
    History,
    Look,
    Part,
    last_group,
    last_topic,
    member_names,
    parts,
    past_end,
    places,
    settled,
    total_lag,
)
from kafkalab.topics import Topic

DRAWN_LANES = 12
"""Partitions with the same history share lanes where there are more partitions than these."""

TEXT_LINES = 12

WIDTH, MARGIN = 860, 12
ROWS_LEFT, LEFT, RIGHT = 96, 160, 16
LANE, BOX_HEIGHT = 24, 20
LAG_HEIGHT = 44
GAP = 8
LONGEST = 12.0
"""Seconds without any change that are drawn in full; longer ones are cut."""

CUT = 4.0
"""Seconds' worth of room that is left of a stretch that is cut."""

TAIL = 0.09
"""The least share of the chart that the last stretch takes."""

SHORTEST_CHART = 1.0
ARROW = "\N{RIGHTWARDS ARROW}"
LAST_LAGS = 20
TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60)
MOST_TICKS = 10

T = TypeVar("T")

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
        text=_text(history, names),
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


# --- words ------------------------------------------------------------------------------------


def _name(name: str, most: int = 40) -> str:
    return clipped(printable(name.encode()), most)


def _watched(history: History) -> str:
    words = [] if history.topic is None else [f"topic {_name(history.topic)}"]
    words += [] if history.group is None else [f"group {_name(history.group)}"]
    return " and ".join(words)


def _not_watched(history: History) -> list[str]:
    if not history.share:
        return []
    name = _name(history.group or "")
    return [f"group {name} is a share group: a timeline does not watch it, show.group shows it"]


def _place(history: History, place: Place) -> str:
    topic, number = place
    return f"partition {number}" if history.topic else f"{_name(topic, 20)} {number}"


def _placed(history: History, same: Sequence[Place], most: int = 40) -> str:
    """Partitions, runs of them with a dash."""
    if len(same) == 1:
        return _place(history, same[0])
    topics: dict[str, list[int]] = {}
    for topic, number in same:
        topics.setdefault(topic, []).append(number)
    if history.topic:
        return f"partitions {number_ranges(topics[history.topic], most)}"
    return ", ".join(
        f"{_name(topic, 20)} {number_ranges(numbers, most)}" for topic, numbers in topics.items()
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


def _members(history: History, group: Group) -> str:
    idle = sum(not member.assigned for member in group.members)
    words = [count(len(group.members), "member") if group.members else "no members"]
    if group.members and not settled(group):
        words.append("rebalancing")
    elif idle:
        words.append(f"{idle} idle")
    if past := past_end(history, group):
        words.append(past_end_on(past))
    return ", ".join(words)


# --- text form --------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Stand:
    """Topic and group as they are at one of the moments that the words tell about."""

    topic: Topic | None
    group: Group | None
    silent: bool = False


def _text(history: History, names: dict[str, str]) -> str:
    lines = [f"Timeline of {_watched(history)}", *_not_watched(history)]
    if history.share and history.topic is None:
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
    yield "", _Stand(last_topic(history.topics[:1]), last_group(history.groups[:1]))
    for mark in history.marks:
        yield (
            mark.label,
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
        lines += wrapped(f"{_placed(history, where)}:", list(words), ", ")
    if rest := list(same.values())[TEXT_LINES:]:
        lines.append(f"not told: {count(sum(map(len, rest)), 'partition')} more")
    lines += _topic_line(history, stand, before) + _group_line(history, stand, before)
    return [*lines, "no broker answers"] if stand.silent else lines


def _topic_line(history: History, stand: _Stand, before: _Stand | None) -> list[str]:
    """A topic that is not there."""
    missing = stand.topic is not None and not stand.topic.partitions
    was = before is not None and before.topic is not None and not before.topic.partitions
    return [f"there is no topic {_name(history.topic or '')}"] if missing and not was else []


def _group_line(history: History, stand: _Stand, before: _Stand | None) -> list[str]:
    """The group's members; not its lag, which no mark can wait for where commits are automatic."""
    if stand.group is None:
        return []
    known = _members(history, before.group) if before and before.group else ""
    words = _members(history, stand.group)
    return [f"group: {words}"] if words != known else []


# --- lanes ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stretch:
    """A time in which nothing changed in one lane."""

    start: float
    end: float
    words: str
    hue: str | None = None
    dashed: bool = False
    note: str = ""
    short: str = ""


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
    hue, short = _broker_hue(part.leader), str(part.leader)
    return Stretch(0, 0, f"broker {part.leader}", hue, note=note, short=short)


def _in_sync_stretch(part: Part) -> Stretch:
    if not part.led:
        return Stretch(0, 0, "", dashed=True)
    less = len(part.in_sync) < part.replicas
    words = ", ".join(map(str, part.in_sync)) or "none"
    missing = f", {count(part.replicas - len(part.in_sync), 'replica')} behind" if less else ""
    short = words.replace(" ", "")
    return Stretch(0, 0, words, dashed=less, note=f"in sync: {words}{missing}", short=short)


def _reader_stretch(part: Part, group: Group, hues: Mapping[str, str]) -> Stretch:
    if not part.reader:
        words = "nobody" if settled(group) else "moving"
        return Stretch(0, 0, words, dashed=True, note=f"read by nobody ({group.state.lower()})")
    hue = hues.get(part.reader)
    return Stretch(0, 0, part.reader, hue, note=f"read by {part.reader}")


def _lanes(history: History, names: dict[str, str]) -> list[Lanes]:
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


def _members_lane(history: History) -> Lane:
    def stretch(i: int) -> Stretch:
        group = history.groups[i].found
        assert group is not None
        words = _members(history, group)
        short = str(len(group.members))
        return Stretch(0, 0, words, dashed=not group.members, note=f"group: {words}", short=short)

    return _lane(history.groups, history.seconds, stretch)


# --- the scale --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scale:
    """Seconds as places on the chart; long stretches in which nothing changed are cut."""

    knots: tuple[tuple[float, float], ...]
    cuts: tuple[tuple[float, float], ...]

    def x(self, seconds: float) -> float:
        for (s0, x0), (s1, x1) in pairwise(self.knots):
            if seconds <= s1:
                return x0 + (x1 - x0) * max(0.0, seconds - s0) / (s1 - s0)
        return self.knots[-1][1]


def scale(events: Iterable[float], seconds: float) -> Scale:
    """A scale for a chart of `seconds` in which things happened at `events`."""
    seconds = max(seconds, SHORTEST_CHART)
    edges = sorted({0.0, seconds, *(event for event in events if 0 < event < seconds)})
    cuts = []
    pieces: list[tuple[float, float]] = []  # until when, and seconds' worth of room
    for start, end in pairwise(edges):
        if end - start > LONGEST:
            keep = (LONGEST - CUT) / 2
            cuts.append((start + keep, end - keep))
            pieces += [(start + keep, keep), (end - keep, CUT), (end, keep)]
        else:
            pieces.append((end, end - start))
    # what was there at the end is to be seen, also where the end came at once
    until, worth = pieces[-1]
    pieces[-1] = (until, max(worth, TAIL * sum(each for _, each in pieces)))
    room = (WIDTH - LEFT - RIGHT) / sum(worth for _, worth in pieces)
    knots = [(0.0, float(LEFT))]
    for until, worth in pieces:
        knots.append((until, knots[-1][1] + worth * room))
    return Scale(tuple(knots), tuple(cuts))


def _ticks(chart: Scale, seconds: float) -> list[float]:
    drawn = seconds - sum(end - start for start, end in chart.cuts)
    step = next((step for step in TICKS if drawn / step <= MOST_TICKS), TICKS[-1])
    ticks = (i * step for i in range(int(seconds / step) + 1))
    return [t for t in ticks if not any(start < t < end for start, end in chart.cuts)]


def _events(history: History) -> list[float]:
    return [
        *(look.seconds for look in history.topics),
        *(look.seconds for look in history.groups),
        *(mark.seconds for mark in history.marks),
    ]


# --- drawing ----------------------------------------------------------------------------------


def _svg(history: History, names: dict[str, str]) -> str:
    title = f"Timeline of {_watched(history)}"
    chart = scale(_events(history), history.seconds)
    root = svg.canvas(WIDTH, title, _description(history, names))
    svg.words(root, MARGIN, 24, clipped(title, 90), size=15, bold=True)
    y = svg.paragraph(root, MARGIN, 42, _summary(history), WIDTH - 2 * MARGIN) + 4
    marks = ET.SubElement(root, "g")
    top, y = y, y + _marks_height(history, chart)
    lanes = _lanes(history, names)
    for part in _chosen(lanes):
        y = _draw_lanes(root, history, part, chart, y)
    if history.groups:
        y = _draw_group(root, history, chart, y)
    y = _draw_axis(root, chart, history.seconds, y)
    _draw_marks(marks, history, chart, top, y - 18)
    for note in _notes(history, lanes):
        y = svg.paragraph(root, MARGIN, y + 6, [note], WIDTH - 2 * MARGIN, size=11)
    svg.set_height(root, y + 4)
    return svg.render(root)


def _summary(history: History) -> list[str]:
    words = [f"{history.seconds:.1f} seconds", *_not_watched(history)]
    topic, group = last_topic(history.topics), last_group(history.groups)
    if history.topic and (topic is None or not topic.partitions):
        words.append("no such topic" if topic else "topic not known: no answer")
    elif topic is not None:
        words.append(count(len(topic.partitions), "partition"))
    if history.group and group is None and not history.share:
        words.append("group not known: no answer")
    if group is not None:
        words.append(_members(history, group))
    return [*words, history.note] if history.note else words


def _notes(history: History, lanes: Sequence[Lanes]) -> list[str]:
    notes = []
    if hidden := len(lanes) - len(_chosen(lanes)):
        number = sum(len(part.places) for part in lanes) - sum(
            len(part.places) for part in _chosen(lanes)
        )
        notes.append(f"not drawn: {count(number, 'partition')}" if hidden else "")
    everything = [stretch for part in lanes for _, row in part.rows for stretch in row]
    if any(stretch.words == "moving" for stretch in everything):
        notes.append("moving: in the middle of a rebalance nobody reads the partition")
    if any(stretch.words == "no answer" for stretch in everything):
        notes.append("no answer: no broker answered, or no coordinator of the group")
    return notes


def _chosen(lanes: Sequence[Lanes]) -> Sequence[Lanes]:
    """The first lanes, but rather those in which something happened."""
    if len(lanes) <= DRAWN_LANES:
        return lanes
    moved = [part for part in lanes if any(len(row) > 1 for _, row in part.rows)]
    wanted = (moved + [part for part in lanes if part not in moved])[:DRAWN_LANES]
    return [part for part in lanes if part in wanted]


def _draw_lanes(root: ET.Element, history: History, part: Lanes, chart: Scale, y: float) -> float:
    name = _placed(history, part.places, 60)
    if svg.text_width(name, 12) > ROWS_LEFT - MARGIN - 4 and part.rows:
        svg.patch(root, MARGIN, y + 3, svg.text_width(name, 12) + 16, 15)
        svg.words(root, MARGIN, y + 14, name, size=12, bold=True)
        y += 20
    else:
        svg.words(root, MARGIN, y + 14, name, size=12, bold=True)
    for head, row in part.rows:
        svg.words(root, LEFT - 8, y + 14, head, ink="s", anchor="end")
        _draw_row(root, history, name, row, chart, y)
        y += LANE
    return y + GAP


def _draw_row(
    root: ET.Element, history: History, name: str, row: Lane, chart: Scale, y: float
) -> None:
    lines = [chart.x(mark.seconds) for mark in history.marks]
    for stretch in row:
        left, right = chart.x(stretch.start), chart.x(stretch.end)
        width = max(2.0, right - left - 1)
        what = stretch.note or stretch.words
        times = f"{stretch.start:.1f} s to {stretch.end:.1f} s"
        box = svg.group(root, f"{name}, {times}: {what}" if name else f"{times}: {what}")
        svg.block(box, left, y, width, BOX_HEIGHT, hue=stretch.hue, dashed=stretch.dashed)
        start, end = _widest(left, left + width, lines)
        words = _fitting(stretch, end - start - 8)
        if words:
            svg.words(box, (start + end) / 2, y + 14, words, anchor="middle")


def _widest(left: float, right: float, lines: Iterable[float]) -> tuple[float, float]:
    """The widest room between two marks' lines."""
    edges = [left, *sorted(line for line in lines if left < line < right), right]
    return max(pairwise(edges), key=lambda room: room[1] - room[0])


def _fitting(stretch: Stretch, width: float) -> str:
    """The words, or fewer of them, whatever there is room for."""
    for words in (stretch.words, stretch.short):
        if svg.text_width(words) <= width:
            return words
    columns = int(width / svg.text_width("n"))
    return clipped(stretch.words, columns) if columns >= 4 and not stretch.short else ""


def _draw_group(root: ET.Element, history: History, chart: Scale, y: float) -> float:
    svg.words(root, MARGIN, y + 14, "group", size=12, bold=True)
    svg.words(root, LEFT - 8, y + 14, "members", ink="s", anchor="end")
    _draw_row(root, history, "", _members_lane(history), chart, y)
    y += LANE
    lags = _lags(history)
    if not lags:
        return y + GAP
    most = max(lag for _, lag in lags)
    svg.words(root, LEFT - 8, y + 16, "lag", ink="s", anchor="end")
    if most:
        svg.words(root, LEFT - 8, y + 30, f"most {most:,}", ink="s", anchor="end")
    floor = y + LAG_HEIGHT - 4
    points = [
        (chart.x(seconds), floor - (LAG_HEIGHT - 12) * lag / max(1, most)) for seconds, lag in lags
    ]
    points.append((chart.x(history.seconds), points[-1][1]))
    line = svg.group(root, f"lag: {lags[0][1]:,} at first, at most {most:,}, {lags[-1][1]:,} last")
    svg.steps(line, points)
    lines = [chart.x(mark.seconds) for mark in history.marks]
    for (_, lag), (x, level), (until, _) in zip(lags, points, points[1:], strict=False):
        start, end = _widest(x, until, lines)
        if svg.text_width(f"{lag:,}") + 6 <= end - start:
            low = level > floor - LAG_HEIGHT / 2
            label = level - 5 if low else level + 13
            svg.words(line, (start + end) / 2, label, f"{lag:,}", anchor="middle")
    return y + LAG_HEIGHT + GAP


def _lags(history: History) -> list[tuple[float, int]]:
    lags: list[tuple[float, int]] = []
    for look in history.groups:
        lag = total_lag(history, look.found)
        if lag is not None and (not lags or lags[-1][1] != lag):
            lags.append((look.seconds, lag))
    return lags


def _draw_axis(root: ET.Element, chart: Scale, seconds: float, y: float) -> float:
    svg.words(root, LEFT - 20, y + 14, "seconds", ink="s", anchor="end")
    ticks = _ticks(chart, max(seconds, SHORTEST_CHART))
    whole = all(tick == int(tick) for tick in ticks)
    for tick in ticks:
        words = f"{tick:.0f}" if whole else f"{tick:.1f}"
        svg.rule(root, chart.x(tick), y - 4, 6)
        svg.words(root, chart.x(tick), y + 14, words, ink="s", anchor="middle")
    for start, end in chart.cuts:
        middle = (chart.x(start) + chart.x(end)) / 2
        cut = svg.group(root, f"{end - start:.0f} seconds in which nothing changed are left out")
        svg.words(cut, middle, y + 14, f"// {end - start:.0f} s", ink="s", anchor="middle")
    return y + 26


MARK_LINE = 16


def _mark_rows(history: History, chart: Scale) -> list[tuple[int, float, str, bool]]:
    """Row, x, label and whether it stands left of its line, for each mark."""
    free: list[float] = []  # up to where each row is taken
    placed = []
    for mark in history.marks:
        x = chart.x(mark.seconds)
        label = clipped(printable(mark.label.encode()), 60)
        width = svg.text_width(label) + 10
        left = x + width > WIDTH - 4
        start, end = (x - width, x) if left else (x, x + width)
        row = next((i for i, taken in enumerate(free) if taken <= start), len(free))
        if row == len(free):
            free.append(0.0)
        free[row] = end + 4
        placed.append((row, x, label, left))
    return placed


def _marks_height(history: History, chart: Scale) -> float:
    rows = [row for row, *_ in _mark_rows(history, chart)]
    return (max(rows) + 1) * MARK_LINE + 6 if rows else 0


def _draw_marks(
    parent: ET.Element, history: History, chart: Scale, top: float, bottom: float
) -> None:
    rows = _mark_rows(history, chart)
    groups = [svg.group(parent, f"{mark.seconds:.1f} s: {mark.label}") for mark in history.marks]
    for line, (row, x, _, _) in zip(groups, rows, strict=True):
        y = top + row * MARK_LINE
        svg.rule(line, x, y, bottom - y, mark=True)
    for row, x, label, left in rows:  # no other mark's line goes through a label
        y, width = top + row * MARK_LINE, svg.text_width(label)
        svg.patch(parent, x - 5 - width if left else x + 4, y, width + 1, MARK_LINE - 1)
        at, anchor = (x - 5, "end") if left else (x + 5, None)
        svg.words(parent, at, y + 11, label, ink="m", bold=True, anchor=anchor)


def _description(history: History, names: dict[str, str]) -> str:
    """The words of the text form, as sentences."""
    _, *lines = _text(history, names).splitlines()
    said = [line.strip().removeprefix("* ") for line in lines]
    if lags := [f"{lag:,}" for _, lag in _lags(history)]:
        said.append(f"the lag was {f' {ARROW} '.join(lags[-LAST_LAGS:])}")
    return f"Timeline of {_watched(history)} over {history.seconds:.1f} seconds: {'; '.join(said)}."

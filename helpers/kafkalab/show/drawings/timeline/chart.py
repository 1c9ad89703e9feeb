"""The drawing: a row of boxes for each lane, the lag, the axis and the marks."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from xml.etree import ElementTree as ET

from kafkalab.common.words import clipped
from kafkalab.show.canvas import svg
from kafkalab.show.drawings.timeline.lanes import Lane, Lanes, Stretch, lag_steps, members_lane
from kafkalab.show.drawings.timeline.scale import LEFT, SHORTEST_CHART, WIDTH, Scale, ticks
from kafkalab.show.drawings.timeline.words import mark_label, placed
from kafkalab.show.facts.timeline import History

MARGIN, ROWS_LEFT = 12, 96
LANE, BOX_HEIGHT = 24, 20
LAG_HEIGHT = 44
GAP = 8
MARK_LINE = 16


def draw_lanes(root: ET.Element, history: History, part: Lanes, chart: Scale, y: float) -> float:
    name = placed(history, part.places, 60)
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
    for words in (stretch.words, *stretch.shorter):
        if svg.text_width(words) <= width:
            return words
    columns = int(width / svg.text_width("n"))
    return clipped(stretch.words, columns) if columns >= 4 and not stretch.shorter else ""


def draw_group_lanes(root: ET.Element, history: History, chart: Scale, y: float) -> float:
    svg.words(root, MARGIN, y + 14, "group", size=12, bold=True)
    svg.words(root, LEFT - 8, y + 14, "members", ink="s", anchor="end")
    _draw_row(root, history, "", members_lane(history), chart, y)
    y += LANE
    lags = lag_steps(history)
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


def draw_axis(root: ET.Element, chart: Scale, seconds: float, y: float) -> float:
    svg.words(root, LEFT - 20, y + 14, "seconds", ink="s", anchor="end")
    at = ticks(chart, max(seconds, SHORTEST_CHART))
    whole = all(tick == int(tick) for tick in at)
    for tick in at:
        words = f"{tick:.0f}" if whole else f"{tick:.1f}"
        svg.rule(root, chart.x(tick), y - 4, 6)
        svg.words(root, chart.x(tick), y + 14, words, ink="s", anchor="middle")
    for start, end in chart.cuts:
        middle = (chart.x(start) + chart.x(end)) / 2
        cut = svg.group(root, f"{end - start:.0f} seconds in which nothing changed are left out")
        svg.words(cut, middle, y + 14, f"// {end - start:.0f} s", ink="s", anchor="middle")
    return y + 26


def _mark_rows(history: History, chart: Scale) -> list[tuple[int, float, str, bool]]:
    """Row, x, label and whether it stands left of its line, for each mark."""
    free: list[float] = []  # up to where each row is taken
    rows = []
    for mark in history.marks:
        x = chart.x(mark.seconds)
        label = clipped(mark_label(mark), 60)
        width = svg.text_width(label) + 10
        left = x + width > WIDTH - 4
        start, end = (x - width, x) if left else (x, x + width)
        row = next((i for i, taken in enumerate(free) if taken <= start), len(free))
        if row == len(free):
            free.append(0.0)
        free[row] = end + 4
        rows.append((row, x, label, left))
    return rows


def marks_height(history: History, chart: Scale) -> float:
    rows = [row for row, *_ in _mark_rows(history, chart)]
    return (max(rows) + 1) * MARK_LINE + 6 if rows else 0


def draw_marks(
    parent: ET.Element, history: History, chart: Scale, top: float, bottom: float
) -> None:
    rows = _mark_rows(history, chart)
    groups = [
        svg.group(parent, f"{mark.seconds:.1f} s: {mark_label(mark)}") for mark in history.marks
    ]
    for line, (row, x, _, _) in zip(groups, rows, strict=True):
        y = top + row * MARK_LINE
        svg.rule(line, x, y, bottom - y, mark=True)
    for row, x, label, left in rows:  # no other mark's line goes through a label
        y, width = top + row * MARK_LINE, svg.text_width(label)
        svg.patch(parent, x - 5 - width if left else x + 4, y, width + 1, MARK_LINE - 1)
        at, anchor = (x - 5, "end") if left else (x + 5, None)
        svg.words(parent, at, y + 11, label, ink="m", bold=True, anchor=anchor)

"""The picture of a pipeline: topics and applications as boxes, from top to bottom."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree import ElementTree as ET

from kafkalab.common.words import clipped
from kafkalab.show.canvas import svg
from kafkalab.show.canvas.picture import Picture
from kafkalab.show.drawings.pipeline import words
from kafkalab.show.drawings.pipeline.layout import Layout, lay_out
from kafkalab.show.facts.pipeline import PipelineFacts, Stage, Step

BOX, ROW = 38, 70
EDGE, HEAD = 16, 64
NAME = 34
"""Longer names are cut; their tooltips and the text form have them whole."""
STATE_GAP = 22
LEAST = 560
HUE_TOPIC, HUE_OWN = svg.HUES[0], svg.HUES[1]


@dataclass(frozen=True)
class _Box:
    """What is in a box.

    Attributes
    ----------
    name, note, tooltip : str
    width : float
        Of the box alone.
    beside : tuple of Stage
        The topics of an application's own, drawn to its right.
    """

    name: str
    note: str
    tooltip: str
    width: float
    beside: tuple[Stage, ...] = ()

    @property
    def space(self) -> float:
        """Its width with what stands beside it; as much on the left, so that lines end amid it."""
        own = sum(STATE_GAP + _own_width(stage) for stage in self.beside)
        return self.width + 2 * own


def draw_pipeline(facts: PipelineFacts) -> Picture:
    """Draw plain facts; the same facts give the same picture, to the letter."""
    return Picture(words.text(facts), _svg(facts), words.COLUMNS, words.table(facts))


def _svg(facts: PipelineFacts) -> str:
    boxes = _boxes(facts)
    edges = [
        edge
        for step in facts.steps
        for edge in (
            *((f"topic {name}", f"step {step.name}") for name in step.reads),
            *((f"step {step.name}", f"topic {name}") for name in step.writes),
        )
    ]
    layout = lay_out({key: box.space for key, box in boxes.items()}, edges)
    width = int(max(LEAST, layout.width + 2 * EDGE))
    left = (width - layout.width) / 2
    root = svg.canvas(width, "Pipeline of topics and applications", words.description(facts))
    svg.words(root, 12, 24, "Pipeline", size=15, bold=True)
    svg.paragraph(root, 12, 42, words.summary(facts), width - 24)
    _draw_lines(root, layout, left)
    for key, box in boxes.items():
        row, x = layout.boxes[key]
        if key.startswith("topic"):
            _draw_topic(root, box, left + x, _top(row), there=facts.stages[key[6:]].is_there)
        else:
            _draw_step(root, box, left + x, _top(row))
    svg.set_height(root, _top(layout.rows - 1) + BOX + EDGE)
    return svg.render(root)


def _boxes(facts: PipelineFacts) -> dict[str, _Box]:
    """Topics and applications by what they are and their names, in a fixed order."""
    own = {name for step in facts.steps for name in step.keeps}
    found = {}
    for step in facts.steps:
        for name in (*step.reads, *step.writes):
            if name not in own:
                found[f"topic {name}"] = _topic_box(facts.stages[name])
        found[f"step {step.name}"] = _step_box(step, facts)
    return found


def _topic_box(stage: Stage) -> _Box:
    name, note = clipped(words.said(stage.name), NAME), words.holds(stage)
    tooltip = f"topic {words.said(stage.name)}: {note}, {stage.partitions} partitions"
    return _Box(name, note, tooltip, _wide(name, note))


def _step_box(step: Step, facts: PipelineFacts) -> _Box:
    name = clipped(words.said(step.name), NAME)
    note = " · ".join(filter(None, (words.runs(step), words.behind(step))))
    lags = [f"{words.said(topic)} lag {lag}" for topic, lag in step.reads.items()]
    tooltip = f"application {words.said(step.name)}: {', '.join([words.runs(step), *lags])}"
    beside = tuple(facts.stages[each] for each in step.keeps)
    return _Box(name, note, tooltip, _wide(name, note), beside)


def _wide(name: str, note: str) -> float:
    return max(svg.text_width(name, 13) + 24, svg.text_width(note, 11) + 20, 90)


def _own_width(stage: Stage) -> float:
    return max(svg.text_width(_kind(stage), 11), svg.text_width(words.holds(stage), 11)) + 16


def _kind(stage: Stage) -> str:
    return "repartition" if "repartition" in stage.name else "changelog"


def _top(row: int) -> float:
    return HEAD + ROW * row


def _draw_lines(root: ET.Element, layout: Layout, left: float) -> None:
    for edge, stops in layout.lines.items():
        if edge in layout.back:
            _draw_back(root, layout, left, edge)
        else:
            svg.link(root, [(left + x, _top(row), _top(row) + BOX) for row, x in stops])


def _draw_back(root: ET.Element, layout: Layout, left: float, edge: tuple[str, str]) -> None:
    """A line that closes a circle ends beside its box: up, and dashed."""
    (row, x), (to_row, to_x) = layout.boxes[edge[0]], layout.boxes[edge[1]]
    svg.link(
        root,
        [(left + x, 0, _top(row)), (left + to_x, _top(to_row) + BOX + 8, 0)],
        dashed=True,
    )


def _draw_topic(root: ET.Element, box: _Box, x: float, y: float, *, there: bool) -> None:
    group = svg.group(root, box.tooltip)
    hue = HUE_TOPIC if there else None
    svg.block(group, x - box.width / 2, y, box.width, BOX, hue=hue, dashed=not there)
    _draw_words(group, box.name, box.note, x, y)


def _draw_step(root: ET.Element, box: _Box, x: float, y: float) -> None:
    group = svg.group(root, box.tooltip)
    svg.block(group, x - box.width / 2, y, box.width, BOX, thick=True)
    _draw_words(group, box.name, box.note, x, y, bold=True)
    right = x + box.width / 2
    for stage in box.beside:
        width = _own_width(stage)
        own = svg.group(root, f"topic {words.said(stage.name)}: {words.holds(stage)}")
        svg.words(own, right + STATE_GAP / 2, y + 23, "⇄", ink="s", anchor="middle")
        svg.block(own, right + STATE_GAP, y + 3, width, BOX - 6, hue=HUE_OWN, dashed=True)
        middle = right + STATE_GAP + width / 2
        svg.words(own, middle, y + 16, _kind(stage), ink="i", italic=True, anchor="middle")
        svg.words(own, middle, y + 29, words.holds(stage), ink="i", anchor="middle")
        right += STATE_GAP + width


def _draw_words(
    group: ET.Element, name: str, note: str, x: float, y: float, *, bold: bool = False
) -> None:
    svg.words(group, x, y + 16, name, size=13, bold=bold, anchor="middle")
    svg.words(group, x, y + 31, note, anchor="middle")

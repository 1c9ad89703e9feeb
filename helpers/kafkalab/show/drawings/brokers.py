"""The picture of a cluster: who runs, who is controller, what each broker leads and follows."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from kafkalab.common.tables import text_table
from kafkalab.common.words import (
    NOTHING,
    clipped,
    columns,
    count,
    listing,
    number_ranges,
    printable,
    wrapped,
)
from kafkalab.show.canvas import svg
from kafkalab.show.canvas.picture import Picture
from kafkalab.show.facts.brokers import RUNNING, ClusterFacts, Held, Node

DRAWN_BROKERS = 12
DRAWN_TOPICS = 4

TILES = 3
TILE, GAP, MARGIN = 272, 10, 12
LINE = 17
LABEL = 38

_COLUMNS = {
    "broker": "int64",
    "state": "object",
    "controller": "boolean",
    "leads": "Int64",
    "follows": "Int64",
    "not_in_sync": "Int64",
}
_HEADER = ("broker", "state", "controller", "leads", "follows", "not in sync")


def draw_brokers(cluster: ClusterFacts) -> Picture:
    """Draw plain facts; the same facts give the same picture, to the letter."""
    return Picture(
        text=_text(cluster),
        svg=_svg(cluster),
        columns=_COLUMNS,
        rows=[
            (
                node.node_id,
                node.state,
                None if cluster.controller is None else node.node_id == cluster.controller,
                *(
                    None if cluster.topics is None else _partitions(held)
                    for held in (node.leads, node.follows, node.behind)
                ),
            )
            for node in cluster.nodes
        ],
    )


# --- words ------------------------------------------------------------------------------------


def _internal(topic: str) -> bool:
    return topic.startswith("__")


def _partitions(held: Sequence[Held]) -> int:
    """How many partitions of the topics that people made; Kafka's own are told apart."""
    return sum(len(each.partitions) for each in held if not _internal(each.topic))


def _title(cluster: ClusterFacts) -> str:
    brokers = count(len(cluster.nodes), "broker")
    running = "" if cluster.running == len(cluster.nodes) else f", {cluster.running} running"
    return f"Kafka cluster of {brokers}{running}"


def _summary(cluster: ClusterFacts) -> list[str]:
    words = [_controller(cluster)]
    if cluster.topics is None:
        return [*words, "no broker answers"]
    own = [topic for topic in cluster.topics if not _internal(topic.name)]
    partitions = [p for topic in own for p in topic.partitions]
    if cluster.controller is None and cluster.controller_asked:
        words.append("leaders as last known")
    if not own:
        return [*words, "no topics yet"]
    words.append(f"{count(len(own), 'topic')} with {count(len(partitions), 'partition')}")
    behind = sum(len(p.in_sync) < len(p.replicas) for p in partitions)
    leaderless = {
        topic.name: [p.number for p in topic.partitions if p.leader is None] for topic in own
    }
    if behind:
        words.append(f"{count(behind, 'partition')} with a replica that is not in sync")
    if any(leaderless.values()):
        held = [Held(name, tuple(numbers)) for name, numbers in leaderless.items() if numbers]
        words.append(f"without a leader: {listing(_held(held))}")
    return words


def _controller(cluster: ClusterFacts) -> str:
    if cluster.controller is not None:
        return f"broker {cluster.controller} is the active controller"
    if not cluster.controller_asked:
        return "the controller of an existing cluster is not asked for"
    if cluster.running < cluster.majority:
        return (
            f"no controller: {cluster.running} of {len(cluster.nodes)} run, "
            f"{cluster.majority} are needed"
        )
    return "no controller answered in time"


def _state(node: Node) -> str:
    if node.state != RUNNING and node.listed:
        return f"{node.state}, still listed"
    if node.state == RUNNING and node.listed is False:
        return f"{node.state}, not listed"
    return node.state


def _held(held: Sequence[Held]) -> list[str]:
    """Topic and partitions, one line a topic; Kafka's own topics in one line."""
    own = [each for each in held if not _internal(each.topic)]
    lines = [_numbers(each) for each in own[:DRAWN_TOPICS]]
    if rest := own[DRAWN_TOPICS:]:
        lines.append(f"{count(_partitions(rest), 'partition')} of {count(len(rest), 'topic')} more")
    return lines


def _numbers(held: Held) -> str:
    name = clipped(printable(held.topic.encode()), LABEL * 2 // 3)
    return f"{name} {number_ranges(held.partitions, LABEL - columns(name) - 1)}"


def _kafkas_own(held: Sequence[Held]) -> int:
    return sum(len(each.partitions) for each in held if _internal(each.topic))


def _sections(node: Node) -> list[tuple[str, list[str]]]:
    sections = []
    for verb, held, note in (
        ("leads", node.leads, ""),
        ("follows", node.follows, ""),
        ("holds", node.behind, ", not in sync"),
    ):
        own, internal = _partitions(held), _kafkas_own(held)
        lines = _held(held)
        if internal:
            also = "and " if own else ""
            lines.append(f"{also}{count(internal, 'partition')} of Kafka's own")
        if lines:
            sections.append((f"{verb} {count(own or internal, 'partition')}{note}", lines))
    return sections


def _rest(cluster: ClusterFacts) -> str:
    rest = cluster.nodes[DRAWN_BROKERS:]
    return f"not drawn: {count(len(rest), 'broker')} more" if rest else ""


# --- text form --------------------------------------------------------------------------------


def _text(cluster: ClusterFacts) -> str:
    drawn = cluster.nodes[:DRAWN_BROKERS]
    unknown = cluster.topics is None
    rows = [
        (
            str(node.node_id),
            _state(node),
            "active" if node.node_id == cluster.controller else NOTHING,
            *(
                "unknown" if unknown else str(_partitions(held))
                for held in (node.leads, node.follows, node.behind)
            ),
        )
        for node in drawn
    ]
    lines = [
        *wrapped(f"{_title(cluster)}:", _summary(cluster), ", "),
        text_table(_HEADER, rows, right=frozenset({0, 3, 4, 5})),
    ]
    for node in drawn:
        for head, held in _sections(node):
            lines += wrapped(f"broker {node.node_id} {head}:", held, "; ")
    if rest := _rest(cluster):
        lines.append(rest)
    return "\n".join(lines)


# --- drawing ----------------------------------------------------------------------------------


def _svg(cluster: ClusterFacts) -> str:
    drawn = cluster.nodes[:DRAWN_BROKERS]
    across = max(2, min(TILES, len(drawn)))
    width = 2 * MARGIN + across * TILE + (across - 1) * GAP
    root = svg.canvas(width, _title(cluster), _description(cluster))
    svg.words(root, MARGIN, 24, _title(cluster), size=15, bold=True)
    y = svg.paragraph(root, MARGIN, 42, _summary(cluster), width - 2 * MARGIN) + 4
    for first in range(0, len(drawn), across):
        line = drawn[first : first + across]
        height = max(_tile_height(cluster, node) for node in line)
        for column, node in enumerate(line):
            _draw_node(root, cluster, node, MARGIN + column * (TILE + GAP), y, height)
        y += height + GAP
    if rest := _rest(cluster):
        y = svg.paragraph(root, MARGIN, y + 10, [rest], width - 2 * MARGIN, size=11)
    svg.set_height(root, y + 2)
    return svg.render(root)


def _tile_lines(cluster: ClusterFacts, node: Node) -> list[tuple[str, bool, int]]:
    """Words, whether they are bold, and how far they are indented."""
    lines: list[tuple[str, bool, int]] = []
    for head, held in _sections(node):
        lines.append((head, True, 0))
        lines += [(line, False, 12) for line in held]
    if not lines:
        unknown = cluster.topics is None
        lines.append(("what it holds is unknown" if unknown else "holds no partition", False, 0))
    return lines


def _tile_height(cluster: ClusterFacts, node: Node) -> int:
    return 60 + LINE * len(_tile_lines(cluster, node))


def _draw_node(
    root: ET.Element, cluster: ClusterFacts, node: Node, x: float, y: float, height: float
) -> None:
    running, active = node.state == RUNNING, node.node_id == cluster.controller
    tile = svg.group(root, f"broker {node.node_id}: {_role(cluster, node)}")
    hue = svg.HUES[0] if running else None
    svg.block(tile, x, y, TILE, height, hue=hue, dashed=not running, thick=active)
    svg.words(tile, x + 12, y + 23, f"broker {node.node_id}", size=15, bold=True)
    svg.words(tile, x + TILE - 12, y + 23, _state(node), size=12, bold=True, anchor="end")
    if active:
        svg.words(tile, x + 12, y + 41, "\N{BLACK DIAMOND} active controller", size=12, bold=True)
    top = y + 62
    for words, bold, indent in _tile_lines(cluster, node):
        svg.words(tile, x + 12 + indent, top, words, size=11, bold=bold)
        top += LINE


def _role(cluster: ClusterFacts, node: Node) -> str:
    active = ", active controller" if node.node_id == cluster.controller else ""
    return f"{_state(node)}{active}"


def _description(cluster: ClusterFacts) -> str:
    nodes = [
        f"broker {node.node_id} is {_role(cluster, node)}" for node in cluster.nodes[:DRAWN_BROKERS]
    ]
    return f"{', '.join(_summary(cluster))}; {listing(nodes)}."

"""The picture of a topic: which broker holds which partition, and how much is in it."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from kafkalab.common.tables import text_table
from kafkalab.common.words import NOTHING, clipped, count, listing, printable, span, wrapped
from kafkalab.queries.topics import Partition, Topic
from kafkalab.show.canvas import svg
from kafkalab.show.canvas.picture import Picture
from kafkalab.show.drawings.amounts import amount
from kafkalab.show.drawings.leaders import unasked

DRAWN_PARTITIONS = 24
WIDEST = 8
"""More brokers than these are not drawn as columns of their own."""

LEFT, COLUMN, RIGHT = 116, 104, 210
ROW, CELL_HEIGHT = 36, 28

_COLUMNS = {
    "partition": "int64",
    "leader": "Int64",
    "replicas": "object",
    "in_sync": "object",
    "start": "Int64",
    "end": "Int64",
    "records": "Int64",
}
_HEADER = ("partition", "leader", "replicas", "in sync", "offsets", "records")


def draw_topic(topic: Topic) -> Picture:
    """Draw plain facts; the same facts give the same picture, to the letter."""
    return Picture(
        text=_text(topic),
        svg=_svg(topic),
        columns=_COLUMNS,
        rows=[
            (p.number, p.leader, list(p.replicas), list(p.in_sync), p.start, p.end, p.size)
            for p in topic.partitions
        ],
    )


# --- words ------------------------------------------------------------------------------------


def _name(topic: Topic) -> str:
    return printable(topic.name.encode())


def _summary(topic: Topic) -> list[str]:
    factor = max(len(p.replicas) for p in topic.partitions)
    words = [
        count(len(topic.partitions), "partition"),
        count(factor, "replica") + (" each" if len(topic.partitions) > 1 else ""),
        amount([p.size for p in topic.partitions]),
    ]
    behind = sum(len(p.in_sync) < len(p.replicas) for p in topic.partitions)
    if behind:
        words.append(f"{count(behind, 'partition')} with a replica that is not in sync")
    return words + unasked(topic.partitions)


def _offsets(partition: Partition) -> str:
    if partition.start is None or partition.end is None:
        return "unknown"
    if partition.start == partition.end:
        return NOTHING
    return span(partition.start, partition.end)


def _rest(topic: Topic) -> str:
    rest = topic.partitions[DRAWN_PARTITIONS:]
    if not rest:
        return ""
    numbers = f"{rest[0].number}{NOTHING}{rest[-1].number}"
    return f"not drawn: partitions {numbers} with {amount([p.size for p in rest])}"


def _why(partition: Partition) -> str:
    """The offsets, or why there are none."""
    if partition.leader is None:
        return "no leader"
    if partition.size is None:
        return "not settled yet" if partition.settling else "its leader is silent"
    return _offsets(partition)


def _role(partition: Partition, broker: int, topic: Topic) -> str:
    if broker == partition.leader:
        return "leader"
    if broker in partition.in_sync:
        return "in sync"
    return "not in sync" if broker in topic.brokers else "away"


# --- text form --------------------------------------------------------------------------------


def _text(topic: Topic) -> str:
    rows = [
        (
            str(p.number),
            "none" if p.leader is None else str(p.leader),
            ", ".join(map(str, p.replicas)),
            ", ".join(map(str, p.in_sync)) or "none",
            _offsets(p),
            "unknown" if p.size is None else f"{p.size:,}",
        )
        for p in topic.partitions[:DRAWN_PARTITIONS]
    ]
    lines = [
        *wrapped(f"Topic {_name(topic)}:", _summary(topic), ", "),
        text_table(_HEADER, rows, right=frozenset({0, 5})),
    ]
    if rest := _rest(topic):
        lines.append(rest)
    return "\n".join(lines)


# --- drawing ----------------------------------------------------------------------------------


def _svg(topic: Topic) -> str:
    drawn = topic.partitions[:DRAWN_PARTITIONS]
    holders = sorted({broker for p in drawn for broker in p.replicas})
    by_broker = len(holders) <= WIDEST
    slots = len(holders) if by_broker else max(len(p.replicas) for p in drawn)
    slots = min(slots, WIDEST)
    width = max(560, LEFT + COLUMN * slots + RIGHT)
    end = LEFT + COLUMN * slots
    root = svg.canvas(width, f"Partitions of topic {_name(topic)}", _description(topic))
    svg.words(root, 12, 24, clipped(_name(topic), width // 10), size=15, bold=True)
    y = svg.paragraph(root, 12, 42, _summary(topic), width - 24) + 16
    for slot in range(slots):
        head = f"broker {holders[slot]}" if by_broker else f"replica {slot + 1}"
        middle = LEFT + COLUMN * slot + (COLUMN - 8) / 2
        svg.words(root, middle, y, head, size=12, bold=True, anchor="middle")
    svg.words(root, end + 12, y, "offsets", size=12, bold=True)
    svg.words(root, end + RIGHT - 12, y, "records", size=12, bold=True, anchor="end")
    y += 10
    for partition in drawn:
        svg.words(root, 12, y + 19, f"partition {partition.number}", size=13, bold=True)
        for slot, broker in enumerate(partition.replicas[:WIDEST]):
            column = holders.index(broker) if by_broker else slot
            _draw_replica(root, topic, partition, broker, column, y, named=not by_broker)
        records = "unknown" if partition.size is None else f"{partition.size:,}"
        svg.words(root, end + 12, y + 19, _why(partition), size=12)
        svg.words(root, end + RIGHT - 12, y + 19, records, size=12, anchor="end")
        y += ROW
    if rest := _rest(topic):
        y = svg.paragraph(root, 12, y + 12, [rest], width - 24, size=11)
    svg.set_height(root, y)
    return svg.render(root)


def _draw_replica(
    root: ET.Element,
    topic: Topic,
    partition: Partition,
    broker: int,
    column: int,
    y: float,
    *,
    named: bool,
) -> None:
    x, width = LEFT + COLUMN * column, COLUMN - 8
    role = _role(partition, broker, topic)
    cell = svg.group(root, f"partition {partition.number} on broker {broker}: {role}")
    present = broker in partition.in_sync or role == "leader"
    svg.block(
        cell,
        x,
        y,
        width,
        CELL_HEIGHT,
        hue=svg.HUES[0] if present else None,
        dashed=not present,
        thick=role == "leader",
    )
    words = f"{broker}: {role}" if named else role
    svg.words(cell, x + width / 2, y + 18, words, size=12, bold=role == "leader", anchor="middle")


def _description(topic: Topic) -> str:
    leaders = [
        f"partition {p.number} "
        + ("has no leader" if p.leader is None else f"is led by broker {p.leader}")
        for p in topic.partitions[:DRAWN_PARTITIONS]
    ]
    return f"Topic {_name(topic)}: {', '.join(_summary(topic))}; {listing(leaders)}."

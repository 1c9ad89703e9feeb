"""The picture of a group: its members, what each reads, and how far the group is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.etree import ElementTree as ET

from kafkalab.common.tables import text_table
from kafkalab.common.words import (
    NOTHING,
    clipped,
    count,
    in_lines,
    listing,
    number_ranges,
    printable,
    wrapped,
)
from kafkalab.queries.group_members import Group, Member, Place, Progress
from kafkalab.show.canvas import svg
from kafkalab.show.canvas.picture import Picture
from kafkalab.show.drawings.amounts import PAST_END, past_end_on

DRAWN_MEMBERS, DRAWN_PARTITIONS = 24, 24

WIDTH, MARGIN = 800, 12
ROW, BOX_HEIGHT = 30, 24
MEMBER, READER = 96, 226
COMMITTED, END, LAG = 454, 552, 650
BAR = WIDTH - MARGIN - LAG - 12
NAME = 26

_COLUMNS = {
    "topic": "object",
    "partition": "int64",
    "member": "Int64",
    "client_id": "object",
    "committed": "Int64",
    "end": "Int64",
    "lag": "Int64",
}

_STATES = {
    "": "",
    "STABLE": "stable",
    "EMPTY": "no members",
    "PREPARING_REBALANCING": "rebalancing, members join",
    "COMPLETING_REBALANCING": "rebalancing, partitions are being assigned",
    "UNKNOWN": "rebalancing",
}


def draw_group(group: Group) -> Picture:
    """Draw plain facts; the same facts give the same picture, to the letter."""
    readers = _readers(group)
    rows: list[tuple[object, ...]] = []
    for part in group.partitions:
        reader = readers.get((part.topic, part.partition))
        number = None if not reader else reader[0]
        client = None if number is None else group.members[number - 1].client_id
        rows.append(
            (part.topic, part.partition, number, client, part.committed, part.end, part.lag)
        )
    return Picture(text=_text(group), svg=_svg(group), columns=_COLUMNS, rows=rows)


def _readers(group: Group) -> dict[Place, list[int]]:
    """Place → the numbers of the members that read it; of a share group, there may be several."""
    readers: dict[Place, list[int]] = {}
    for number, member in enumerate(group.members, 1):
        for place in member.assigned:
            readers.setdefault(place, []).append(number)
    return readers


# --- words ------------------------------------------------------------------------------------


def _title(group: Group) -> str:
    return f"{group.kind.capitalize()} group {clipped(printable(group.name.encode()), 48)}"


def _summary(group: Group) -> list[str]:
    words = [count(len(group.members), "member")] if group.members else []
    state = _STATES.get(group.state, group.state.lower().replace("_", " "))
    if any(member.gives_up or member.waits_for for member in group.members):
        state = "rebalancing, partitions move"
    words += [state] if state else []
    if not group.offsets_told:
        return [*words, "its offsets did not come in time"]
    if not group.partitions:
        return [*words, "no partition is read or committed yet"]
    words.append(count(len(group.partitions), "partition"))
    words.append(_lag(group, group.partitions))
    settled = state in ("", "stable")
    idle = sum(not member.assigned for member in group.members) if settled else 0
    return [*words, f"{count(idle, 'member')} idle"] if idle else words


def _lag(group: Group, partitions: Sequence[Progress]) -> str:
    known = [part.lag for part in partitions if part.lag is not None]
    new = sum(part.committed is None for part in partitions)
    past = sum(part.past_end for part in partitions)
    unknown = len(partitions) - len(known) - new - past
    words = [f"lag {sum(known):,}"] if sum(known) else []
    words += [past_end_on(past)] if past else []
    words += ["caught up"] if known and not words else []
    offset = "a start offset" if group.kind == "share" else "a committed offset"
    words += [f"{count(new, 'partition')} without {offset}"] if new else []
    words += [f"lag of {count(unknown, 'partition')} unknown"] if unknown else []
    return ", ".join(words)


def _name(number: int) -> str:
    return f"member {number}"


def _client(member: Member) -> str:
    return clipped(printable(member.client_id.encode()), NAME) or NOTHING


def _what(member: Member) -> list[str]:
    """What a member does, in pieces."""
    words = [f"reads {_places(member.assigned)}"] if member.assigned else []
    if member.gives_up:
        words.append(f"gives up {_places(member.gives_up)}")
    if member.waits_for:
        words.append(f"waits for {_places(member.waits_for)}")
    return words or ["reads nothing"]


def _places(places: Iterable[Place]) -> str:
    topics: dict[str, list[int]] = {}
    for topic, number in places:
        topics.setdefault(topic, []).append(number)
    pieces = [
        f"{clipped(printable(topic.encode()), NAME)} {number_ranges(numbers, 24)}"
        for topic, numbers in list(topics.items())[:2]
    ]
    if more := len(topics) - len(pieces):
        pieces.append(f"{count(more, 'topic')} more")
    return ", ".join(pieces)


def _number(value: int | None) -> str:
    return NOTHING if value is None else f"{value:,}"


def _end(part: Progress) -> str:
    return "unknown" if part.end is None else f"{part.end:,}"


def _lag_of(part: Progress) -> str:
    return PAST_END if part.past_end else _number(part.lag)


def _reader(group: Group, part: Progress, numbers: Sequence[int] | None) -> str:
    """Who reads a partition, and after an arrow who is to read it next."""
    words = "nobody" if not numbers else _name(numbers[0])
    if numbers and len(numbers) > 1:
        words = f"members {number_ranges(numbers, 10)}"
    place = (part.topic, part.partition)
    next_ones = [n for n, member in enumerate(group.members, 1) if place in member.waits_for]
    return f"{words} \N{RIGHTWARDS ARROW} {next_ones[0]}" if next_ones else words


def _heads(group: Group) -> dict[str, int]:
    """What is told of each partition, and where it stands; nobody tells a share group's ends."""
    if group.kind == "share":
        return {"start offset": COMMITTED, "lag": LAG}
    return {"committed": COMMITTED, "end": END, "lag": LAG}


def _amounts(group: Group, part: Progress) -> list[str]:
    """The words under `_heads`."""
    ends = [] if group.kind == "share" else [_end(part)]
    return [_number(part.committed), *ends, _lag_of(part)]


def _rest(group: Group) -> list[str]:
    words = []
    if rest := group.members[DRAWN_MEMBERS:]:
        words.append(f"not drawn: {count(len(rest), 'member')} more")
    if left := group.partitions[DRAWN_PARTITIONS:]:
        lag = f", {_lag(group, left)}" if group.offsets_told else ""
        words.append(f"not drawn: {count(len(left), 'partition')} more" + lag)
    return words


# --- text form --------------------------------------------------------------------------------


def _text(group: Group) -> str:
    readers = _readers(group)
    lines = wrapped(f"{_title(group)}:", _summary(group), ", ")
    for number, member in enumerate(group.members[:DRAWN_MEMBERS], 1):
        lines += wrapped(f"{_name(number)} ({_client(member)})", _what(member), ", ")
    rows = [
        (
            f"{clipped(printable(part.topic.encode()), NAME)} {part.partition}",
            _reader(group, part, readers.get((part.topic, part.partition))),
            *_amounts(group, part),
        )
        for part in group.partitions[:DRAWN_PARTITIONS]
    ]
    if rows:
        header = ("partition", "read by", *_heads(group))
        lines.append(text_table(header, rows, right=frozenset(range(2, len(header)))))
    for rest in _rest(group):
        lines += in_lines(rest)
    return "\n".join(lines)


# --- drawing ----------------------------------------------------------------------------------


def _svg(group: Group) -> str:
    root = svg.canvas(WIDTH, _title(group), _description(group))
    svg.words(root, MARGIN, 24, _title(group), size=15, bold=True)
    y = svg.paragraph(root, MARGIN, 42, _summary(group), WIDTH - 2 * MARGIN) + 4
    for number, member in enumerate(group.members[:DRAWN_MEMBERS], 1):
        y = _draw_member(root, number, member, y)
    if group.partitions:
        y = _draw_partitions(root, group, y + 20)
    if rest := _rest(group):
        y = svg.paragraph(root, MARGIN, y + 12, rest, WIDTH - 2 * MARGIN, size=11)
    svg.set_height(root, y + 4)
    return svg.render(root)


def _hue(number: int) -> str:
    return svg.HUES[(number - 1) % len(svg.HUES)]


def _draw_member(root: ET.Element, number: int, member: Member, y: float) -> float:
    tile = svg.group(root, f"{_name(number)}: {', '.join(_what(member))}")
    hue = _hue(number) if member.assigned else None
    svg.block(tile, MARGIN, y, MEMBER, BOX_HEIGHT, hue=hue, dashed=not member.assigned)
    middle = MARGIN + MEMBER / 2
    svg.words(tile, middle, y + 16, _name(number), size=12, bold=True, anchor="middle")
    x: float = MARGIN + MEMBER + 12
    svg.words(tile, x, y + 16, _client(member), size=11, ink="s")
    x += max(96, svg.text_width(_client(member)) + 12)
    pieces, line = _what(member), ""
    for piece in pieces:
        longer = f"{line}, {piece}" if line else piece
        if line and svg.text_width(longer) > WIDTH - MARGIN - x:
            svg.words(tile, x, y + 16, line)
            y, line = y + 16, piece
        else:
            line = longer
    room = int((WIDTH - MARGIN - x) / svg.text_width("n"))
    svg.words(tile, x, y + 16, clipped(line, room))
    return y + ROW


def _draw_partitions(root: ET.Element, group: Group, y: float) -> float:
    readers = _readers(group)
    for x, head, anchor in (
        (MARGIN, "partition", None),
        (READER, "read by", None),
        *((x, head, "end") for head, x in _heads(group).items()),
    ):
        svg.words(root, x, y, head, size=12, bold=True, anchor=anchor)
    y += 8
    drawn = group.partitions[:DRAWN_PARTITIONS]
    most = max((part.lag or 0 for part in drawn), default=0)
    for part in drawn:
        _draw_progress(root, group, part, readers.get((part.topic, part.partition)), y, most)
        y += ROW
    return y


def _draw_progress(
    root: ET.Element, group: Group, part: Progress, readers: list[int] | None, y: float, most: int
) -> None:
    name = f"{clipped(printable(part.topic.encode()), NAME)} {part.partition}"
    reader = _reader(group, part, readers)
    line = svg.group(root, f"{name}, read by {reader}, lag {_lag_of(part)}")
    svg.words(line, MARGIN, y + 16, name, size=12, bold=True)
    hue = _hue(readers[0]) if readers and len(readers) == 1 else None
    width = max(MEMBER, svg.text_width(reader) + 16)
    svg.block(line, READER, y, min(width, 136), BOX_HEIGHT, hue=hue, dashed=not readers)
    svg.words(line, READER + 8, y + 16, clipped(reader, 18))
    for x, words in zip(_heads(group).values(), _amounts(group, part), strict=True):
        svg.words(line, x, y + 16, words, size=12, anchor="end")
    if part.lag and most:
        bar = max(4.0, BAR * part.lag / most)
        svg.block(line, LAG + 12, y + 5, bar, BOX_HEIGHT - 10, hue=hue or svg.HUES[0])


def _description(group: Group) -> str:
    members = [
        f"{_name(number)} {', '.join(_what(member))}"
        for number, member in enumerate(group.members[:DRAWN_MEMBERS], 1)
    ] or ["it has no members"]
    return f"{_title(group)}: {', '.join(_summary(group))}; {listing(members)}."

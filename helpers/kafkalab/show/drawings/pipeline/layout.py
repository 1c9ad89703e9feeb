"""Where each box of a graph stands: in rows from top to bottom, so that lines go down.

Plain data in and out; nothing here knows Kafka. The steps are those of Sugiyama's method: leave
out lines that would close a circle, give each box a row below all from which a line comes, let
long lines pass each row at a place of their own, and order each row by what is above it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

Edge = tuple[str, str]

GAP, PASSAGE = 28.0, 14.0
"""Between two boxes of a row, and the width at which a long line passes it."""


@dataclass(frozen=True)
class Layout:
    """Places of boxes and lines, in pixels from the left and in rows from the top.

    Attributes
    ----------
    rows : int
    width : float
    boxes : mapping of str to (int, float)
        Name → row and x of the middle.
    lines : mapping of Edge to tuple of (int, float)
        From the first box, through the rows that are passed, to the last: row and x.
    back : frozenset of Edge
        Lines that go up, since they close a circle; they are in `lines` with their two ends.
    """

    rows: int
    width: float
    boxes: Mapping[str, tuple[int, float]]
    lines: Mapping[Edge, tuple[tuple[int, float], ...]]
    back: frozenset[Edge]


def lay_out(widths: Mapping[str, float], edges: Iterable[Edge]) -> Layout:
    """Find a place for each box.

    Parameters
    ----------
    widths : mapping of str to float
        Name of a box → its width; equal arguments give equal places.
    edges : iterable of (str, str)
        From box to box.
    """
    wanted = list(dict.fromkeys(edges))
    back = circles(widths, wanted)
    down = [edge for edge in wanted if edge not in back]
    row_of = rows(widths, down)
    passages = {edge: _passages(edge, row_of) for edge in down}
    table = _ordered(row_of, passages)
    places, width = _placed(table, widths)
    boxes = {name: places[name] for name in widths}
    lines = {
        (a, b): tuple(places[each] for each in (a, *passages.get((a, b), ()), b)) for a, b in wanted
    }
    return Layout(len(table), width, boxes, lines, frozenset(back))


def circles(names: Iterable[str], edges: Sequence[Edge]) -> set[Edge]:
    """Edges whose removal leaves no circle: those that lead back to where a walk has come from."""
    found: set[Edge] = set()
    done: set[str] = set()

    def walk(name: str, way: tuple[str, ...]) -> None:
        if name in done:
            return
        for edge in edges:
            if edge[0] == name and edge not in found:
                if edge[1] in (*way, name):
                    found.add(edge)
                else:
                    walk(edge[1], (*way, name))
        done.add(name)

    into = {b for _, b in edges}
    for name in sorted(names, key=lambda name: name in into):  # what nothing leads to, first
        walk(name, ())
    return found


def rows(names: Iterable[str], edges: Sequence[Edge]) -> dict[str, int]:
    """Each name's row: below all from which an edge comes; a beginning is right above its end."""
    found = dict.fromkeys(names, 0)
    for _ in found:  # a longest way has no more steps than there are names
        for a, b in edges:
            found[b] = max(found[b], found[a] + 1)
    into = {b for _, b in edges}
    for name in found:
        below = [found[b] for a, b in edges if a == name]
        if name not in into and below:
            found[name] = min(below) - 1
    return found


def _passages(edge: Edge, row_of: Mapping[str, int]) -> tuple[str, ...]:
    """A name for each place at which the edge passes a row."""
    a, b = edge
    return tuple(f"{a}\0{b}\0{row}" for row in range(row_of[a] + 1, row_of[b]))


def _ordered(
    row_of: Mapping[str, int], passages: Mapping[Edge, tuple[str, ...]]
) -> list[list[str]]:
    """The rows' contents from left to right."""
    table: list[list[str]] = [[] for _ in range(max(row_of.values(), default=0) + 1)]
    for name, row in row_of.items():
        table[row].append(name)
    above: dict[str, list[str]] = {}
    below: dict[str, list[str]] = {}
    for (a, b), through in passages.items():
        for row, name in enumerate(through, row_of[a] + 1):
            table[row].append(name)
        for upper, lower in pairwise((a, *through, b)):
            above.setdefault(lower, []).append(upper)
            below.setdefault(upper, []).append(lower)
    place: dict[str, float] = {}
    for names in table:
        keys = {
            name: (sum(place[each] for each in above[name]) / len(above[name]), i)
            for i, name in enumerate(names)
            if name in above
        }
        names.sort(key=lambda name: keys.get(name) or _beside(name, keys, below))
        place |= {name: (i + 0.5) / len(names) for i, name in enumerate(names)}
    return table


def _beside(
    name: str, keys: Mapping[str, tuple[float, int]], below: Mapping[str, list[str]]
) -> tuple[float, float]:
    """Where a beginning stands in its row: right of what leads to the same box, or at the end."""
    ends = set(below.get(name, ()))
    found = [key for other, key in keys.items() if ends & set(below.get(other, ()))]
    place, i = max(found, default=(1.0, 0))
    return place, i + 0.5


def _placed(
    table: Sequence[Sequence[str]], widths: Mapping[str, float]
) -> tuple[dict[str, tuple[int, float]], float]:
    def space(names: Sequence[str]) -> float:
        return sum(widths.get(name, PASSAGE) for name in names) + GAP * (len(names) - 1)

    width = max(map(space, table), default=0.0)
    places: dict[str, tuple[int, float]] = {}
    for row, names in enumerate(table):
        x = (width - space(names)) / 2
        for name in names:
            own = widths.get(name, PASSAGE)
            places[name] = row, x + own / 2
            x += own + GAP
    return places, width

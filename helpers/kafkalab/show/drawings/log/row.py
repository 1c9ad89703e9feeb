"""A partition's log as a row of things to draw, and how it folds where it is long."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from kafkalab.show.facts.log import PartitionLog, Record


class Kind(Enum):
    """Why a run of offsets has no boxes."""

    HIDDEN = "not drawn, to keep the row short"
    HOLE = "no record: removed by compaction, aborted, or a transaction's marker"
    PENDING = "a transaction is open: cannot be read yet"


@dataclass(frozen=True)
class Box:
    """One record."""

    record: Record

    @property
    def start(self) -> int:
        return self.record.offset

    @property
    def end(self) -> int:
        return self.record.offset + 1


@dataclass(frozen=True)
class Run:
    """Offsets from `start` to before `end` that have no boxes."""

    kind: Kind
    start: int
    end: int


Item = Box | Run
Row = tuple[Item, ...]

_ENDS = tuple((min(3, n // 2), n - min(3, n // 2)) for n in range(15, 0, -1))
"""How many of the first and of the last items to keep, the most first."""

_AROUND = (
    *((3, 3, 3, last) for last in range(6, 2, -1)),
    (3, 2, 3, 3),
    (2, 2, 3, 2),
    (2, 2, 2, 2),
    (2, 1, 2, 2),
    (1, 1, 2, 2),
    (1, 1, 2, 1),
    (1, 1, 1, 1),
    (0, 1, 1, 1),
    (0, 0, 1, 1),
    (0, 0, 1, 0),
)
"""The same where the committed offset is far from both: first, before it, after it, last."""


def row(log: PartitionLog) -> Row:
    """All offsets that the partition keeps: a box for each record that is known, runs between."""
    start, end = log.partition.start, log.partition.end
    if start is None or end is None:
        return ()
    items: list[Item] = []
    position = start
    for record in log.records:
        items += _runs(log, position, record.offset)
        items.append(Box(record))
        position = record.offset + 1
    return tuple(items + list(_runs(log, position, end)))


def _runs(log: PartitionLog, start: int, end: int) -> Iterator[Run]:
    """The runs between two boxes, cut where their kind changes and at the committed offset."""
    edges = {start, end} | {edge for known in log.known for edge in known}
    edges |= {edge for edge in (log.pending, log.committed) if edge is not None}
    for left, right in pairwise(sorted(edge for edge in edges if start <= edge <= end)):
        yield Run(_kind(log, left), left, right)


def _kind(log: PartitionLog, offset: int) -> Kind:
    if log.pending is not None and offset >= log.pending:
        return Kind.PENDING
    known = any(start <= offset < end for start, end in log.known)
    return Kind.HOLE if known else Kind.HIDDEN


def fold(items: Row, position: int | None, fits: Callable[[Row], bool]) -> Row:
    """Hide items in the middle until the row fits; the neighbors of `position` stay longest."""
    folded = items
    for keep in _choices(len(items), _index(items, position)):
        folded = _merged(items, keep, position)
        if fits(folded):
            break
    return folded


def _index(items: Row, position: int | None) -> int | None:
    """Which item the position stands before; None where it stands before none."""
    if position is None:
        return None
    return next((i for i, item in enumerate(items) if item.end > position), None)


def _choices(n: int, at: int | None) -> Iterator[set[int]]:
    """Which of n items to keep, the most first."""
    yield set(range(n))
    neighbours = set() if at is None else {max(0, at - 1), at}
    for first, last in _ENDS:
        keep = {*range(min(first, n)), *range(max(0, n - last), n)}
        if neighbours <= keep:
            yield keep
    if at is not None:
        for first, before, after, last in _AROUND:
            yield {
                *range(min(first, n)),
                *range(max(0, at - before), min(n, at + after)),
                *range(max(0, n - last), n),
            }


def _merged(items: Row, keep: Iterable[int], position: int | None) -> Row:
    """Items that are kept, and one hidden run for each stretch of others."""
    kept = set(keep)
    merged: list[Item] = []
    stretch: list[Item] = []

    def close() -> None:
        if len(stretch) == 1:
            merged.append(stretch[0])
        elif stretch:
            merged.append(Run(Kind.HIDDEN, stretch[0].start, stretch[-1].end))
        stretch.clear()

    for i, item in enumerate(items):
        hidden = isinstance(item, Run) and item.kind is Kind.HIDDEN
        if item.start == position:
            close()
        if i in kept and not hidden:
            close()
            merged.append(item)
        else:
            stretch.append(item)
    close()
    return tuple(merged)


def boxes(rows: Iterable[Sequence[Item]]) -> Iterator[Record]:
    """The records that have a box."""
    for items in rows:
        for item in items:
            if isinstance(item, Box):
                yield item.record

"""A reader who thinks: a pause between any two cells of a notebook changes nothing.

`python -m tests.notebooks.pauses 06 08` runs notebooks and pauses for six minutes before each of
their cells; without numbers, all of them. A notebook is run in shares at the same time, each with
its own cluster and its own part of the pauses, or one would take hours.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import nbformat

from tests.notebooks import canonical, refresh, skeleton, structure

SECONDS = 360.0
"""Longer than `max.poll.interval.ms` (5 minutes), after which a silent consumer is put out, and
than librdkafka's refresh of metadata (5 minutes too)."""
SHARES = 6
AT_ONCE = 6


@dataclass(frozen=True)
class Share:
    """A notebook with pauses before some of its cells.

    Attributes
    ----------
    path : Path
    cells : range
        The numbers of these cells, as JupyterLab counts them.
    seconds : float
        How long each pause is.
    """

    path: Path
    cells: range
    seconds: float

    def __str__(self) -> str:
        return f"{self.path.name}, pauses before cells {', '.join(map(str, self.cells))}"


def shares_of(path: Path, parts: int, seconds: float, first: int = 2) -> list[Share]:
    """All pauses of a notebook from cell `first` on, shared out to so many runs of it."""
    last = structure.subject(path).code[-1][0]
    cells = range(first, last + 1)
    dealt = [Share(path, cells[part::parts], seconds) for part in range(parts)]
    return [share for share in dealt if share.cells]


def changes(share: Share) -> Iterator[str]:
    """What is different from the committed outputs, or the cell that failed."""
    committed = nbformat.read(share.path, as_version=4)

    def pause(number: int) -> None:
        if number in share.cells:
            time.sleep(share.seconds)  # the pause is what is tested

    try:
        now = refresh.execute(share.path, committed, before_cell=pause)
    except refresh.CellFaultError as fault:
        yield str(fault)
        return
    pairs = zip(refresh.code_cells(committed), refresh.code_cells(now), strict=True)
    for number, (old, new) in enumerate(pairs, start=1):
        ignored = skeleton.IGNORED in old.metadata.get("tags", [])
        if not ignored and not canonical.same(old.outputs, new.outputs):
            yield f"cell {number} was\n{_listing(old)}\nand is\n{_listing(new)}"


def _listing(cell: nbformat.NotebookNode) -> str:
    texts = (text for output in cell.outputs for text in canonical.texts(output))
    return "\n".join(text for kind, text in texts if kind not in ("text/html", "image/svg+xml"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the notebooks that are named by number, or all; 1 where a pause changes something."""
    parser = argparse.ArgumentParser(prog="python -m tests.notebooks.pauses")
    parser.add_argument("numbers", nargs="*", help="such as 06; by default all")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each pause")
    parser.add_argument("--shares", type=int, default=SHARES, help="runs of a notebook")
    parser.add_argument("--first", type=int, default=2, help="the first cell to pause before")
    parser.add_argument("--at-once", type=int, default=AT_ONCE, help="runs at the same time")
    options = parser.parse_args(arguments)
    shares = [
        share
        for path in structure.all_notebooks()
        if not options.numbers or path.name[:2] in options.numbers
        for share in shares_of(path, options.shares, options.seconds, options.first)
    ]
    faulty = 0
    with ThreadPoolExecutor(options.at_once) as pool:
        for share, found in zip(shares, pool.map(_found, shares), strict=True):
            print(f"{share}: {found or 'no change'}", flush=True)
            faulty += bool(found)
    return 1 if faulty or not shares else 0


def _found(share: Share) -> str:
    return "\n".join(changes(share))


if __name__ == "__main__":
    sys.exit(main())

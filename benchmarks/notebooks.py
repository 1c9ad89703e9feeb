"""Machine time of every notebook, and the README's table of them.

`python -m benchmarks.notebooks` executes each one, from the start of its kernel to its end, and the
cells of the 90 minutes' path alone, and writes the table into README.md. With numbers, such as
`python -m benchmarks.notebooks 21 22`, it executes these, and the path only where it asks for
`room`. Minutes of a reader are what the notebook itself states. With `--table` nothing is measured:
the table is written again from the notebooks, with the seconds that it has.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import nbformat
from tests.notebooks import room
from tests.notebooks.refresh import ROOT, execute
from tests.notebooks.structure import all_notebooks

README = ROOT / "README.md"
BEGIN, END = "<!-- notebooks: begin -->", "<!-- notebooks: end -->"
_TITLE = re.compile(r"^# (\d\d) · (.+)$", re.MULTILINE)
_MINUTES = re.compile(r"^- Time: (\d+) minutes", re.MULTILINE)
_SECONDS = re.compile(r"^\| \[(\d\d) .*\| (\d+) s \|$", re.MULTILINE)
_ROOM_SECONDS = re.compile(r"^\| In a workshop: .*\| (\d+) s \|$", re.MULTILINE)


def table(seconds: Mapping[str, int]) -> str:
    """The README's table.

    `seconds` maps a notebook's number to its machine time, and `room.TAG` to that of the 90
    minutes' path.
    """
    rows = ["| notebook | what you do | reading | machine |", "|---|---|---:|---:|"]
    for path in all_notebooks():
        notebook = nbformat.read(path, as_version=4)
        text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
        title, minutes = _TITLE.search(text), _MINUTES.search(text)
        assert title is not None, path
        assert minutes is not None, path
        number, name = title.groups()
        summary = notebook.cells[0].source.split("\n\n")[1].replace("\n", " ")
        link = path.relative_to(ROOT).as_posix()
        row = f"| [{number} {name}]({link}) | {summary} | {minutes[1]} min "
        rows.append(f"{row}| {_told(seconds, number)} |")
    which = f"In a workshop: {', '.join(room.PATH)}"
    what = "These five, without the sections that each lists under *Needs*, *In a workshop*."
    rows.append(f"| {which} | {what} | 90 min | {_told(seconds, room.TAG)} |")
    return "\n".join(rows)


def _told(seconds: Mapping[str, int], what: str) -> str:
    return f"{seconds[what]} s" if what in seconds else "not measured"


def measured(readme: str) -> dict[str, int]:
    """The machine seconds that a README's table states."""
    found = {number: int(seconds) for number, seconds in _SECONDS.findall(readme)}
    for seconds in _ROOM_SECONDS.findall(readme):
        found[room.TAG] = int(seconds)
    return found


def with_table(readme: str, seconds: Mapping[str, int]) -> str:
    """The README's text with the table written again."""
    before, rest = readme.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{table(seconds)}\n{END}{after}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is asked for, by default all, and write the README's table."""
    numbers = [path.name[:2] for path in all_notebooks()]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.notebooks")
    parser.add_argument("--table", action="store_true", help="measure nothing")
    parser.add_argument("wanted", nargs="*", metavar="number", help="such as 21, or room")
    options = parser.parse_args(arguments)
    if unknown := set(options.wanted) - {*numbers, room.TAG}:
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(numbers)}")
    readme = README.read_text(encoding="utf-8")
    seconds = measured(readme)
    if not options.table:
        seconds |= _measure(options.wanted or [*numbers, room.TAG])
    README.write_text(with_table(readme, seconds), encoding="utf-8")


def _measure(wanted: Sequence[str]) -> dict[str, int]:
    seconds = dict.fromkeys({room.TAG} & set(wanted), 0)
    for path in all_notebooks():
        notebook = nbformat.read(path, as_version=4)
        number = path.name[:2]
        if number in wanted:
            seconds[number] = _seconds_of(path, notebook)
            print(f"{path.name}: {seconds[number]} s", file=sys.stderr)
        if number in room.PATH and room.TAG in wanted:
            notebook.cells = [c for c in notebook.cells if room.TAG in c.metadata.get("tags", [])]
            seconds[room.TAG] += _seconds_of(path, notebook)
    if room.TAG in seconds:
        print(f"in a workshop: {seconds[room.TAG]} s", file=sys.stderr)
    return seconds


def _seconds_of(path: Path, notebook: nbformat.NotebookNode) -> int:
    start = time.monotonic()
    execute(path, notebook)
    return round(time.monotonic() - start)


if __name__ == "__main__":
    main()

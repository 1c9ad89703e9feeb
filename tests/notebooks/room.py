"""The 90 minutes' path for a workshop: `python -m tests.notebooks.room PATH …` writes the tags.

A notebook of that path ends its *Needs* with the line `- In a workshop: skip *This* and *That*`,
which names whole sections, or with `- In a workshop: run all of it`. The tag `room` follows from
the line: every cell of a section that is not skipped has it. A markdown cell in which a section
ends and another begins has it where either is kept.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import nbformat

TAG = "room"
PATH = ("00", "03", "04", "06", "08")
"""The notebooks of the path, by number."""

_LINE = re.compile(r"^- In a workshop: (skip .*|run all of it)$", flags=re.MULTILINE)

Cell = Any


def skipped(notebook: Any) -> set[str] | None:
    """Names of the sections that a workshop skips; None where the notebook names no workshop."""
    text = "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    found = _LINE.search(text)
    return None if found is None else set(re.findall(r"\*([^*]+)\*", found[1]))


def sections(notebook: Any) -> Iterator[tuple[Cell, set[str]]]:
    """Each cell with the sections (headings of level 2) that it has a part in."""
    current = ""
    for cell in notebook.cells:
        parts = set() if cell.source.startswith(("# ", "## ")) else {current}
        if cell.cell_type == "markdown":
            for heading in re.findall(r"^## (.+)$", cell.source, flags=re.MULTILINE):
                current = heading.strip()
                parts.add(current)
        yield cell, parts or {current}


def belongs(notebook: Any) -> list[bool]:
    """For each cell, whether it is one for a workshop by the notebook's own line."""
    leave_out = skipped(notebook)
    if leave_out is None:
        return [False for _ in notebook.cells]
    return [bool(parts - leave_out) for _, parts in sections(notebook)]


def tag(notebook: Any) -> None:
    """Give every cell of the room its tag, and take it from the others."""
    for cell, wanted in zip(notebook.cells, belongs(notebook), strict=True):
        tags = [t for t in cell.metadata.get("tags", []) if t != TAG] + [TAG] * wanted
        cell.metadata.pop("tags", None)
        if tags:
            cell.metadata["tags"] = tags


def main(paths: Sequence[str]) -> None:
    """Write the tags of these notebooks."""
    for path in map(Path, paths):
        notebook = nbformat.read(path, as_version=4)
        tag(notebook)
        path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(sys.argv[1:])

"""A learner's checkout with copies of two small notebooks, and a kernel that runs a cell in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import pytest

from kafkalab.learn import lab as places
from kafkalab.learn.lab import COPIES, ORIGINALS

QUESTION, OTHER_QUESTION, NO_QUESTION = "03-guess1", "03-guess2", "03-run"


@dataclass
class Shell:
    """As much of IPython's shell as the package looks at."""

    cell: str = ""
    kernel: object = field(default_factory=object)

    def get_parent(self) -> dict[str, object]:
        return {"metadata": {"cellId": self.cell} if self.cell else {}}


def checkout(folder: Path) -> Path:
    """Two notebooks and their copies, in `folder`; returns that of the copies."""
    write(folder / ORIGINALS / "00_start_here.ipynb", "00 · Start here", exercises=1)
    asking = (QUESTION, OTHER_QUESTION)
    write(folder / ORIGINALS / "quickstart" / "03_write.ipynb", "03 · Write", asking, 2)
    lab = folder / COPIES
    (lab / "quickstart").mkdir(parents=True)
    return lab


def write(path: Path, title: str, questions: tuple[str, ...] = (), exercises: int = 0) -> None:
    number = title[:2]
    cells = [nbformat.v4.new_markdown_cell(f"# {title}\n\nYou write.")]
    for cell in questions:
        cells.append(nbformat.v4.new_code_cell('guess = predict("", why="")\nguess', id=cell))
    cells.append(nbformat.v4.new_code_cell("print(1)", id=f"{number}-run"))
    for place in range(1, exercises + 1):
        cells.append(nbformat.v4.new_markdown_cell(f"### Exercise {number}.{place}: Do {place}"))
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)


def in_kernel(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Callable[[str], None]:
    """Run as a kernel in `folder`; the function that is returned says which cell runs."""
    shell = Shell()
    monkeypatch.setattr(places, "_shell", lambda: shell)
    monkeypatch.chdir(folder)

    def run(cell: str) -> None:
        shell.cell = cell

    return run

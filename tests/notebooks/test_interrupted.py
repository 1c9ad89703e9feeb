"""What ■ in a cell leaves behind is told by the next run from the first cell."""

from __future__ import annotations

from pathlib import Path

import nbformat

from tests.notebooks.interrupted import Press, faults_of

ONCE = "assert 'seen' not in globals(), 'twice'\nseen = True"
AGAIN = "seen = True"


def test_a_cell_that_cannot_run_again_is_named(tmp_path: Path) -> None:
    [fault] = faults_after_a_press(tmp_path, ONCE)
    assert fault.startswith("lesson.ipynb: cell 1 raised")
    assert "AssertionError: twice" in fault
    assert "after ■ in cell 2" in fault


def test_cells_that_run_again_have_no_fault(tmp_path: Path) -> None:
    assert faults_after_a_press(tmp_path, AGAIN) == []


def faults_after_a_press(folder: Path, first: str) -> list[str]:
    """Of two cells; ■ is pressed in the second, which waits in its first run only."""
    waits = "import time\nif not globals().get('waited'):\n    waited = True\n    time.sleep(60)"
    path = folder / "lesson.ipynb"
    cells = [nbformat.v4.new_code_cell(source) for source in (first, waits)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return list(faults_of(path, [Press(2, 0.5)]))

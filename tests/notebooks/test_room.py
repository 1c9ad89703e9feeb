"""The cells for a room run alone, in their order, and show what the whole notebook shows."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.notebooks import canonical, room, skeleton
from tests.notebooks.refresh import execute
from tests.notebooks.structure import all_notebooks

NOTEBOOKS = [path for path in all_notebooks() if path.name[:2] in room.PATH]


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def is_tagged(cell: Any) -> bool:
    return room.TAG in cell.metadata.get("tags", [])


@pytest.mark.parametrize("path", all_notebooks(), ids=lambda path: path.stem)
def test_tags_follow_the_line_under_needs(path: Path) -> None:
    notebook = read(path)
    assert (room.skipped(notebook) is not None) == (path in NOTEBOOKS)
    assert [is_tagged(cell) for cell in notebook.cells] == room.belongs(notebook)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_sections_that_a_room_skips_exist(path: Path) -> None:
    notebook = read(path)
    named = room.skipped(notebook) or set()
    assert named <= {part for _, parts in room.sections(notebook) for part in parts}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_cells_for_the_room_run_alone(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # outputs are the same on both backends: nbval runs the whole notebooks on each
    monkeypatch.setenv("KAFKALAB_BACKEND", "process")
    whole = read(path)
    cells = [cell for cell in whole.cells if is_tagged(cell) and cell.cell_type == "code"]
    alone = copy.deepcopy(whole)
    alone.cells = copy.deepcopy(cells)
    assert any(skeleton.START_CALL in cell.source for cell in cells), "a room starts its cluster"
    assert any(skeleton.STOP_CALL in cell.source for cell in cells), "a room stops its cluster"
    for committed, fresh in zip(cells, execute(path, alone).cells, strict=True):
        if skeleton.IGNORED not in committed.metadata.get("tags", []):
            told = canonical.compared(fresh.outputs)
            assert told == canonical.compared(committed.outputs), committed.source

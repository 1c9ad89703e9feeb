"""The program that pauses between cells finds only what a pause changes."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import nbformat
import pytest
import yaml

from tests.notebooks import pauses, refresh, structure

WORKFLOWS = structure.ROOT / ".github" / "workflows"
SECONDS = 2.0
NOTEBOOK = ("import time\nbegan = time.monotonic()", "print(time.monotonic() - began > 1)", "'end'")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    cells = [nbformat.v4.new_code_cell(source) for source in NOTEBOOK]
    made = tmp_path / "01_t.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), made)
    refresh.refresh(made)
    return made


def test_every_cell_but_the_first_is_paused_before_once() -> None:
    for path in structure.all_notebooks():
        shares = pauses.shares_of(path, 4, SECONDS)
        cells = sorted(number for share in shares for number in share.cells)
        assert cells == [number for number, _ in structure.subject(path).code][1:]


def test_the_weekly_run_has_all_notebooks(tmp_path: Path) -> None:
    """What its first job prints for the second, run as GitHub runs it."""
    workflow = yaml.safe_load((WORKFLOWS / "pauses.yml").read_text(encoding="utf-8"))
    (listing,) = (step["run"] for step in workflow["jobs"]["notebooks"]["steps"] if "run" in step)
    output = tmp_path / "output"
    environment = {**os.environ, "GITHUB_OUTPUT": str(output)}
    subprocess.run(["bash", "-c", listing], cwd=structure.ROOT, env=environment, check=True)
    name, _, numbers = output.read_text(encoding="utf-8").partition("=")
    assert name == "numbers"
    assert json.loads(numbers) == sorted(path.name[:2] for path in structure.all_notebooks())


def test_what_a_pause_changes_is_shown(path: Path) -> None:
    (found,) = pauses.changes(pauses.Share(path, range(2, 3), SECONDS))
    assert found == "cell 2 was\nFalse\n\nand is\nTrue\n"


def test_a_pause_after_it_changes_nothing(path: Path) -> None:
    assert list(pauses.changes(pauses.Share(path, range(3, 4), SECONDS))) == []


def test_a_cell_that_fails_is_named(tmp_path: Path) -> None:
    path = tmp_path / "01_t.ipynb"
    cells = [nbformat.v4.new_code_cell("1 / 0")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    (found,) = pauses.changes(pauses.Share(path, range(0), SECONDS))
    assert "cell 1: failed" in found
    assert "ZeroDivisionError" in found

"""Re-execute notebooks and write what is committed: `python -m tests.notebooks.refresh [PATH …]`.

Counts run 1..n, metadata is minimal, outputs have the canonical form of `sanitize.cfg`. An output
that is the same once sanitized keeps its committed form, so a second run changes nothing. An
output that is not compared (tag `nbval-ignore-output`, pictures as PNG) differs on every run: it
is written again where the cell's source differs from the last commit, or with `--all-outputs`.
A cell that fails without the tag `raises-exception`, writes to stderr, or is tagged so and does
not fail, is named, and its notebook is left as it was.
"""

from __future__ import annotations

import argparse
import copy
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbconvert.preprocessors import CoalesceStreamsPreprocessor
from nbformat import NotebookNode

from tests.notebooks import canonical, skeleton
from tests.notebooks.kernel import as_in_jupyterlab

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "notebooks"
CELL_TIMEOUT = 120
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


class CellFaultError(Exception):
    """A cell that must be fixed before its notebook can be committed."""

    def __init__(self, path: Path, number: int, what: str) -> None:
        super().__init__(f"{path}, cell {number}: {what}")


class NotebookChangedError(Exception):
    """Somebody saved the notebook while it was executed."""


def refresh(path: Path, *, all_outputs: bool = False, cell_timeout: int = CELL_TIMEOUT) -> bool:
    """Execute a notebook and write it in its committed form; True where the file changed.

    Raises
    ------
    CellFaultError
        Where a cell did not do what its tags say; the file is left as it was.
    NotebookChangedError
        Where the file was changed meanwhile; it is left as it is.
    """
    before = path.read_text(encoding="utf-8")
    committed = nbformat.reads(before, as_version=4)
    fresh = execute(path, committed, cell_timeout)
    known_sources = {} if all_outputs else _sources_at_head(path)
    for number, (new, old) in enumerate(
        zip(code_cells(fresh), code_cells(committed), strict=True), start=1
    ):
        fault = _fault(new)
        if fault:
            raise CellFaultError(path, number, fault)
        new.outputs = [
            NotebookNode(nbformat.from_dict(canonical.canonical_output(output)))
            for output in new.outputs
        ]
        edited = known_sources.get(new.id) != new.source
        if not all_outputs and _keeps_committed(new, old, edited=edited):
            new.outputs = old.outputs
        _count(new, number)
    after = _render(fresh)
    if after == before:
        return False
    if path.read_text(encoding="utf-8") != before:
        raise NotebookChangedError(f"{path} was changed while it ran; nothing is written")
    partial = path.with_suffix(".partial")
    partial.write_text(after, encoding="utf-8", newline="\n")
    partial.replace(path)
    return True


def execute(
    path: Path,
    notebook: NotebookNode,
    cell_timeout: int = CELL_TIMEOUT,
    before_cell: Callable[[int], None] = lambda number: None,
) -> NotebookNode:
    """A copy of the notebook with the outputs of a run in its own folder, as JupyterLab runs it.

    `before_cell` is called with the number of each code cell, as JupyterLab counts them.

    Raises
    ------
    CellFaultError
        A cell failed without the tag for it, took too long, or ended the kernel.
    """
    fresh = copy.deepcopy(notebook)
    number = 0

    def count(cell: NotebookNode, cell_index: int) -> None:
        nonlocal number
        if cell.cell_type == "code":
            number += 1
            before_cell(number)

    client = NotebookClient(
        fresh,
        timeout=cell_timeout,
        startup_timeout=120,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(path.parent)}},
        on_cell_start=count,
    )
    try:
        with as_in_jupyterlab():
            client.execute()
    except CellTimeoutError as error:
        raise CellFaultError(path, number, f"ran for over {cell_timeout} s") from error
    except DeadKernelError as error:
        raise CellFaultError(path, number, "the kernel died") from error
    except CellExecutionError as error:
        raise CellFaultError(path, number, f"failed\n{_ANSI.sub('', str(error))}") from error
    # nbclient's own coalesce_streams puts all of a cell's text before its pictures
    CoalesceStreamsPreprocessor().preprocess(fresh, {})
    return fresh


def _fault(cell: NotebookNode) -> str:
    tags = cell.metadata.get("tags", [])
    raised = any(output.output_type == "error" for output in cell.outputs)
    if skeleton.FAILS in tags and not raised:
        return f"is tagged {skeleton.FAILS} and did not raise"
    for output in cell.outputs:
        if output.output_type == "stream" and output.name == "stderr":
            return f"wrote to stderr:\n{output.text}"
    return ""


def _keeps_committed(new: NotebookNode, old: NotebookNode, *, edited: bool) -> bool:
    if canonical.same(new.outputs, old.outputs):
        return not (edited and _has_picture(new))
    ignored = skeleton.IGNORED in new.metadata.get("tags", [])
    return ignored and not edited and bool(old.outputs)


def _has_picture(cell: NotebookNode) -> bool:
    return any(set(output.get("data", {})) & set(canonical.NOT_COMPARED) for output in cell.outputs)


def _count(cell: NotebookNode, number: int) -> None:
    cell.execution_count = number
    for output in cell.outputs:
        if output.output_type == "execute_result":
            output.execution_count = number


def _render(notebook: NotebookNode) -> str:
    notebook.metadata = nbformat.from_dict(skeleton.metadata_of(notebook))
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict(
            {key: cell.metadata[key] for key in skeleton.CELL_METADATA if cell.metadata.get(key)}
        )
        cell.pop("attachments", None)
    return str(nbformat.writes(notebook)) + "\n"


def _sources_at_head(path: Path) -> Mapping[str, str]:
    """Cell id → source in the last commit; empty where the notebook is not committed."""
    shown = subprocess.run(
        ["git", "show", f"HEAD:./{path.name}"],
        cwd=path.parent,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if shown.returncode != 0:
        return {}
    return {cell.id: cell.source for cell in nbformat.reads(shown.stdout, as_version=4).cells}


def code_cells(notebook: NotebookNode) -> list[Any]:
    """The code cells, in order."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Refresh the notebooks that are named, or all; 1 where a cell is at fault."""
    parser = argparse.ArgumentParser(prog="python -m tests.notebooks.refresh")
    parser.add_argument("paths", nargs="*", type=Path, help="notebooks; by default all")
    parser.add_argument(
        "--all-outputs", action="store_true", help="write every output again, equal or not"
    )
    options = parser.parse_args(arguments)
    faults = 0
    for path in options.paths or sorted(NOTEBOOKS.rglob("*.ipynb")):
        if ".ipynb_checkpoints" in path.parts:
            continue
        try:
            changed = refresh(path, all_outputs=options.all_outputs)
        except (CellFaultError, NotebookChangedError) as fault:
            faults += 1
            print(fault, file=sys.stderr, flush=True)
        else:
            print(f"{path}: {'written' if changed else 'unchanged'}", flush=True)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

"""A notebook that ■ interrupts in any cell can be run again from its first cell.

One cell of each notebook, chosen by its name, so that a failure is the same on the next run;
`python -m tests.notebooks.test_interrupted 06` goes through all cells of one, `--at-once` so many
at the same time.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from tests.notebooks import skeleton, structure
from tests.notebooks.kernel import as_in_jupyterlab, client_of

CELL_SECONDS = 120.0
STOP_SECONDS = 30.0
"""The longest that a cell may take to end once ■ was pressed, on a busy machine."""

LATEST_PRESS = 1.5

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")


@dataclass(frozen=True)
class Cell:
    """A code cell: its number as JupyterLab shows it, its source, and whether it is to fail."""

    number: int
    source: str
    fails: bool


@dataclass(frozen=True)
class Press:
    """■ in cell `number`, `after` seconds."""

    number: int
    after: float


def cells_of(path: Path) -> list[Cell]:
    return [
        Cell(number, cell.source, skeleton.FAILS in cell.metadata.get("tags", []))
        for number, cell in structure.subject(path).code
    ]


@pytest.mark.parametrize("interrupted", structure.all_notebooks(), ids=lambda path: path.stem)
def test_a_notebook_that_was_interrupted_runs_again_from_its_first_cell(interrupted: Path) -> None:
    assert interrupted_and_run_again(interrupted, press_in(interrupted)) == ""


def press_in(path: Path) -> Press:
    moments = random.Random(path.stem)
    return Press(moments.choice(cells_of(path)).number, moments.uniform(0, LATEST_PRESS))


def interrupted_and_run_again(path: Path, press: Press) -> str:
    """What went wrong; empty where nothing did."""
    cells = cells_of(path)
    where = f"{path.name}, stopped in cell {press.number} after {press.after:.2f} s"
    with kernel_in_a_copy_of(path.parent) as (manager, client):
        for cell in cells[: press.number - 1]:
            if fault := fault_of(client, cell):
                return f"{where}: before that, {fault}"
        message = client.execute(cells[press.number - 1].source)
        time.sleep(press.after)  # the moment is the point
        manager.interrupt_kernel()
        pressed = time.monotonic()
        client._recv_reply(message, timeout=STOP_SECONDS + CELL_SECONDS)
        took = time.monotonic() - pressed
        if took > STOP_SECONDS:
            return f"{where}: the cell ended {took:.0f} s after ■"
        for cell in cells:
            if fault := fault_of(client, cell):
                return f"{where}: then, {fault}"
    return ""


def fault_of(client: BlockingKernelClient, cell: Cell) -> str:
    said: list[str] = []

    def collect(message: dict[str, dict[str, object]]) -> None:
        content = message["content"]
        if "ename" in content:
            said.append(f"{content['ename']}: {content['evalue']}")

    try:
        client.execute_interactive(
            cell.source, timeout=CELL_SECONDS, output_hook=collect, allow_stdin=False
        )
    except TimeoutError:
        return f"cell {cell.number} did not end"
    return "" if bool(said) == cell.fails else f"cell {cell.number} raised {said}"


@contextmanager
def kernel_in_a_copy_of(folder: Path) -> Iterator[tuple[KernelManager, BlockingKernelClient]]:
    with tempfile.TemporaryDirectory() as room:
        shutil.copytree(folder, Path(room, "notebooks"))
        manager = KernelManager(kernel_name="python3")
        with as_in_jupyterlab():
            manager.start_kernel(cwd=str(Path(room, "notebooks")))
        try:
            client = client_of(manager, CELL_SECONDS)
            yield manager, client
            client.stop_channels()
        finally:
            manager.shutdown_kernel(now=True)


def main(arguments: Sequence[str]) -> int:
    """Go through all cells of the notebooks that are named by number, or of all."""
    parser = argparse.ArgumentParser(prog="python -m tests.notebooks.test_interrupted")
    parser.add_argument("numbers", nargs="*", help="such as 06; by default all")
    parser.add_argument("--first", type=int, default=1, help="the first cell to press in")
    parser.add_argument("--at-once", type=int, default=2, help="kernels at the same time")
    options = parser.parse_args(arguments)
    moments = random.Random()
    plans = [
        (path, Press(cell.number, moments.uniform(0, LATEST_PRESS)))
        for path in structure.all_notebooks()
        if not options.numbers or path.name[:2] in options.numbers
        for cell in cells_of(path)[options.first - 1 :]
    ]
    with ThreadPoolExecutor(options.at_once) as pool:
        faults = 0
        for plan, fault in zip(
            plans, pool.map(lambda plan: interrupted_and_run_again(*plan), plans), strict=True
        ):
            print(fault or f"{plan[0].name}, cell {plan[1].number}: no fault", flush=True)
            faults += bool(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

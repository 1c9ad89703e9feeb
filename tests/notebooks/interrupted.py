"""A notebook that ■ interrupts in any cell can be run again from its first cell.

With `--each-backend`, ■ is pressed in one cell of each notebook before its outputs are compared in
its first run: in one chosen by its name, so that a failure is the same on the next run.
`python -m tests.notebooks.interrupted 06` presses in all cells of one, one after the other.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from kafkalab.common.deadline import Deadline
from tests.notebooks import press, skeleton, structure
from tests.notebooks.kernel import as_in_jupyterlab, client_of

CELL_SECONDS = 120.0
STOP_SECONDS = 30.0
"""The longest that a cell may take to end once ■ was pressed, on a busy machine."""

LATEST_PRESS = 1.5

PRESS = Path(press.__file__)
PRESS_IN_NEXT_CELL = """
_press = {{}}
exec({text!r}, _press)
_next_cell = _press["NextCell"](get_ipython(), {after})
"""

TELL_STACKS = """
import faulthandler as _faulthandler, signal as _signal
_told = open({path!r}, "w")
_faulthandler.register(_signal.SIGUSR2, file=_told)
"""
STACK_SECONDS = 5.0


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


def press_once(path: Path, manager: KernelManager, client: BlockingKernelClient) -> str:
    """Run the notebook up to a cell and press ■ in it; what went wrong, if anything.

    Where a cell ends before ■ is pressed, the next one is taken. The client has read all that the
    kernel said meanwhile.
    """
    cells = cells_of(path)
    chosen = press_for(path, cells)
    with stacks_of(manager, client) as stacks:
        fault = fault_in(client, cells[: chosen.number - 1], "in a new kernel")
        for cell in () if fault else cells[chosen.number - 1 :]:
            pressed = fault_of_press(client, cell, chosen.after)
            if pressed is not None:
                fault = pressed
                break
        return f"{fault}\n{stacks()}" if fault else ""


def press_for(path: Path, cells: Sequence[Cell]) -> Press:
    """The cell to press in and the moment, always the same for a notebook.

    A use case takes longest, and so does one with three brokers; all before the press runs twice:
    there it is a cell of the first third.
    """
    moments = random.Random(path.stem)
    is_long = path.parent.name == "use_cases" or any("brokers=3" in c.source for c in cells)
    among = cells[: -(-len(cells) // 3)] if is_long else cells
    return Press(moments.choice(among).number, moments.uniform(0, LATEST_PRESS))


def faults_of(path: Path, presses: Sequence[Press]) -> Iterator[str]:
    """What goes wrong where ■ is pressed in one cell after the other.

    After each press the notebook is run again from its first cell: as far as the next press, and
    after the last one to its end. A fault costs a new kernel.
    """
    cells = cells_of(path)
    left = deque(presses)
    while left:
        with kernel_in_a_copy_of(path.parent) as client:
            fault, before = "", "in a new kernel"
            while left and not fault:
                chosen = left.popleft()
                cell = cells[chosen.number - 1]
                fault = fault_in(client, cells[: chosen.number - 1], before)
                fault = fault or fault_of_press(client, cell, chosen.after) or ""
                before = f"after ■ in cell {chosen.number}, pressed after {chosen.after:.2f} s"
            fault = fault or fault_in(client, cells, before)
        if fault:
            yield f"{path.name}: {fault}"


def fault_in(client: BlockingKernelClient, cells: Sequence[Cell], before: str) -> str:
    """Run cells; what went wrong, and what had happened before."""
    faults = (fault_of(client, cell) for cell in cells)
    return next((f"{fault}, {before}" for fault in faults if fault), "")


def fault_of_press(client: BlockingKernelClient, cell: Cell, after: float) -> str | None:
    """Run a cell in which ■ is pressed after some seconds; None where it has ended before."""
    asked(client, PRESS_IN_NEXT_CELL.format(text=PRESS.read_text(encoding="utf-8"), after=after))
    try:
        client.execute_interactive(
            cell.source,
            timeout=STOP_SECONDS + CELL_SECONDS,
            output_hook=lambda _: None,
            allow_stdin=False,
        )
        took = asked(client, "", "_next_cell.pressed")
    except TimeoutError:
        return f"cell {cell.number} did not end after ■"
    if took == "None":
        return None
    slow = float(took) > STOP_SECONDS
    return f"cell {cell.number} ended {float(took):.0f} s after ■" if slow else ""


def asked(client: BlockingKernelClient, code: str, expression: str = "None") -> str:
    """Run code that leaves no trace in the notebook's history; an expression's value as text."""
    reply = client.execute_interactive(
        code,
        silent=True,
        user_expressions={"asked": expression},
        timeout=CELL_SECONDS,
        output_hook=lambda _: None,
    )
    content = reply["content"]
    assert content["status"] == "ok", content
    return str(content["user_expressions"]["asked"]["data"]["text/plain"])


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
def stacks_of(manager: KernelManager, client: BlockingKernelClient) -> Iterator[Callable[[], str]]:
    """A function that tells where the kernel's threads are, even where it answers no more."""
    with tempfile.NamedTemporaryFile("r", encoding="utf-8") as told:
        asked(client, TELL_STACKS.format(path=told.name))

        def stacks() -> str:
            if not manager.is_alive():
                return "the kernel is dead"
            os.kill(cast(Any, manager.provisioner).pid, signal.SIGUSR2)
            Deadline(STACK_SECONDS).wait_for(lambda: Path(told.name).stat().st_size > 0)
            return told.read()

        yield stacks


@contextmanager
def kernel_in_a_copy_of(folder: Path) -> Iterator[BlockingKernelClient]:
    with tempfile.TemporaryDirectory() as room:
        shutil.copytree(folder, Path(room, "notebooks"))
        manager = KernelManager(kernel_name="python3")
        # starts and stops are interrupted on both backends in tests/integration
        with as_in_jupyterlab(KAFKALAB_BACKEND="process"):
            manager.start_kernel(cwd=str(Path(room, "notebooks")))
        try:
            client = client_of(manager, CELL_SECONDS)
            yield client
            client.stop_channels()
        finally:
            manager.shutdown_kernel(now=True)


def main(arguments: Sequence[str]) -> int:
    """Press in each cell of the notebooks that are named by number, or of all."""
    parser = argparse.ArgumentParser(prog="python -m tests.notebooks.interrupted")
    parser.add_argument("numbers", nargs="*", help="such as 06; by default all")
    parser.add_argument("--first", type=int, default=1, help="the first cell to press in")
    parser.add_argument("--at-once", type=int, default=2, help="notebooks at the same time")
    options = parser.parse_args(arguments)
    moments = random.Random()
    paths = [
        path
        for path in structure.all_notebooks()
        if not options.numbers or path.name[:2] in options.numbers
    ]

    def found(path: Path) -> list[str]:
        numbers = [cell.number for cell in cells_of(path)[options.first - 1 :]]
        presses = [Press(number, moments.uniform(0, LATEST_PRESS)) for number in numbers]
        return list(faults_of(path, presses))

    faulty = 0
    with ThreadPoolExecutor(options.at_once) as pool:
        for path, faults in zip(paths, pool.map(found, paths), strict=True):
            print(f"{path.name}:", "; ".join(faults) or "no fault", flush=True)
            faulty += bool(faults)
    return 1 if faulty or not paths else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

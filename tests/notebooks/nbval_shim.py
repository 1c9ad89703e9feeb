"""What nbval 0.11 leaves open, as a pytest plugin: `pytest --nbval notebooks` has it always.

- A kernel runs as JupyterLab runs it: outputs of C libraries are captured, cells enter the history.
- A dead kernel is noticed at once, and a cell is interrupted after 120 s.
- Nothing is passed over in silence: an unknown tag, a magic comment, a missing execution count, a
  cell that is meant to fail and does not, a line on stderr are failures.
- The first failed cell ends its notebook: the cells after it are skipped.
- The report names notebook and cell (as JupyterLab counts them), shows the first line that
  differs, and the last lines of the brokers that the kernel had started.
- A kernel that is gone leaves no cluster behind.
- An exercise's check may take longer than a learner would wait: a busy machine answers late.
- Where RabbitMQ or Redis cannot run here, a notebook that starts it is skipped, or fails if
  `KAFKALAB_TEST_REQUIRE` names it.
- With `--each-backend all` a notebook runs twice, once on each backend that starts brokers; with
  `turns` a use case runs once, every other one in containers. On processes a notebook runs in a
  home folder with a Korean name. In its first run ■ was pressed in one of its cells before.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from queue import Empty
from typing import Any, cast

import pytest
from nbval.kernel import CURRENT_ENV_KERNEL_NAME, RunningKernel
from nbval.plugin import IPyNbCell, IPyNbFile, NbCellError, find_comment_markers, nocolors

from kafkalab.common.deadline import Deadline
from kafkalab.runtime.registry import RunRecord
from tests import broker_logs, patience
from tests.notebooks import canonical, interrupted, needs, skeleton
from tests.notebooks.home import korean_home
from tests.notebooks.kernel import as_in_jupyterlab

CELL_TIMEOUT = 120.0
NBVAL_DEFAULT_TIMEOUT = 2000.0
KERNEL_START_TIMEOUT = 120
OUTPUT_TIMEOUT = 30
INTERRUPT_GRACE = 10.0
REMOVAL_TIMEOUT = 30.0
CONTEXT = 60
MAX_DIFF_LINES = 60
BACKENDS = ("process", "docker")

_ANSI = re.compile(r"\x1b\[[0-9;]*m")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Beside nbval's own options."""
    parser.addoption(
        "--each-backend",
        choices=("turns", "all"),
        help="run notebooks on processes, once ■ was pressed in them, and in containers, not on "
        "the one that auto chooses; turns: each use case on one of the two",
    )


def backends_for(path: Path, each: str | None) -> tuple[str, ...]:
    """Where a notebook runs with this value of `--each-backend`; "" is what auto chooses."""
    if each is None:
        return ("",)
    if each == "turns" and path.parent.name == "use_cases":
        return (BACKENDS[int(path.name[:2]) % 2],)
    return BACKENDS


def pytest_configure(config: pytest.Config) -> None:
    """The project's sanitize file and time limit, unless the command line has others."""
    option = config.option
    if not getattr(option, "nbval", False):
        return
    option.nbval_sanitize_with = option.nbval_sanitize_with or str(canonical.RULES)
    if option.nbval_cell_timeout == NBVAL_DEFAULT_TIMEOUT:
        option.nbval_cell_timeout = CELL_TIMEOUT


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(
    file_path: Path, parent: pytest.Collector
) -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
    """Put this module's collector in the place of nbval's."""
    collected = yield
    backends = backends_for(file_path, parent.config.getoption("each_backend"))
    return [
        replacement
        for node in collected
        for replacement in (
            [Notebook.on(backend, parent, file_path) for backend in backends]
            if type(node) is IPyNbFile
            else [node]
        )
    ]


class KernelDiedError(Exception):
    """The kernel's process ended while a cell ran."""


class LabKernel(RunningKernel):  # type: ignore[misc]
    """A kernel that runs cells as JupyterLab does and whose death is noticed."""

    def execute_cell_input(self, cell_input: str, allow_stdin: bool | None = None) -> str:
        return str(
            self.kc.execute(
                cell_input, store_history=True, allow_stdin=allow_stdin, stop_on_error=False
            )
        )

    def await_reply(self, msg_id: str, timeout: float | None = None) -> None:
        deadline = Deadline(CELL_TIMEOUT if timeout is None else timeout)
        while True:
            try:
                message = self.get_message("shell", timeout=1.0)
            except Empty:
                if not self.is_alive():
                    raise KernelDiedError from None
                if deadline.passed:
                    raise
                continue
            if message["parent_header"].get("msg_id") == msg_id:
                return

    @property
    def pid(self) -> int:
        return int(self.km.provisioner.pid)


class Notebook(IPyNbFile):  # type: ignore[misc]
    """One notebook: a kernel, and its cells until one fails."""

    backend = ""
    """docker or process; empty for what the environment says."""
    run_dir: Path | None = None
    """Where its clusters have their folders; None for where the environment says."""
    failed_cell: int | None = None
    _grace: Deadline | None = None

    @classmethod
    def on(cls, backend: str, parent: pytest.Collector, path: Path) -> Notebook:
        """The notebook at `path`, whose kernel starts its brokers on `backend`."""
        if not backend:
            return cast("Notebook", cls.from_parent(parent, path=path))
        nodeid = f"{path.relative_to(parent.config.rootpath).as_posix()}[{backend}]"
        notebook = cast("Notebook", cls.from_parent(parent, path=path, nodeid=nodeid))
        notebook.backend = backend
        return notebook

    def setup(self) -> None:
        needs.need_services(self.path, self.backend)
        chosen = {"KAFKALAB_BACKEND": self.backend} if self.backend else {}
        if self.backend == "process":
            home = korean_home(self.config.rootpath / ".pytest_cache" / "home")
            self.run_dir = home.run_dir
            chosen |= home.variables
        with as_in_jupyterlab(**chosen):
            self.kernel = LabKernel(
                CURRENT_ENV_KERNEL_NAME,
                cwd=str(self.path.parent),
                startup_timeout=KERNEL_START_TIMEOUT,
            )
        self.setup_sanitize_files()
        interrupted.asked(self.kernel.kc, patience.IN_EACH_CELL)
        if self.backend == backends_for(self.path, self.config.getoption("each_backend"))[0] != "":
            fault = interrupted.press_once(self.path, self.kernel.km, self.kernel.kc)
            if fault:
                pytest.fail(f"{self.nodeid}, before its outputs are compared: {fault}", False)

    def collect(self) -> Iterator[Cell]:
        for plain in super().collect():
            number = plain.cell_num + 1
            yield Cell.from_parent(
                self,
                name=f"Cell {number}",
                cell_num=number,
                cell=plain.cell,
                options=plain.options,
            )

    def get_kernel_message(self, timeout: float | None = None, stream: str = "iopub") -> Any:
        """A message; none where an interrupted cell goes on writing for too long."""
        if self.timed_out:
            self._grace = self._grace or Deadline(INTERRUPT_GRACE)
            if self._grace.passed:
                raise Empty
        return super().get_kernel_message(timeout=timeout, stream=stream)

    def teardown(self) -> None:
        if self.kernel is None or not self.kernel.is_alive():
            return
        pid = self.kernel.pid
        super().teardown()
        if not Deadline(REMOVAL_TIMEOUT).wait_for(lambda: not self._held(pid)):
            left = ", ".join(record.label for record in self._held(pid))
            pytest.fail(f"{self.nodeid}: its kernel is gone and left {left}", pytrace=False)

    def _held(self, pid: int) -> list[RunRecord]:
        return broker_logs.held_runs(pid, self.run_dir)


class Cell(IPyNbCell):  # type: ignore[misc]
    """One code cell: run, and compared with its committed outputs."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.output_timeout = OUTPUT_TIMEOUT
        self.colors = nocolors

    def setup(self) -> None:
        if self.parent.failed_cell is not None:
            pytest.skip(f"cell {self.parent.failed_cell} of this notebook failed")

    def runtest(self) -> None:
        try:
            self._refuse_what_nbval_ignores()
            super().runtest()
            self._refuse_a_missing_exception()
        except KernelDiedError:
            self.parent.failed_cell = self.cell_num
            self.raise_cell_error("The kernel died while it executed the cell")
        except Exception:
            self.parent.failed_cell = self.cell_num
            raise

    def _refuse_what_nbval_ignores(self) -> None:
        if not self.parent.kernel.is_alive():
            self.raise_cell_error("The kernel died before the cell")
        for tag in self.cell.metadata.get("tags", []):
            if tag not in skeleton.TAGS:
                known = ", ".join(skeleton.TAGS)
                self.raise_cell_error(f"Tag {tag!r} is unknown; the tags are {known}")
        if list(find_comment_markers(self.cell.source)):
            self.raise_cell_error("A comment that steers nbval; use a tag")
        if self.cell.execution_count is None:
            self.raise_cell_error("No execution count: nbval would not compare its outputs")

    def _refuse_a_missing_exception(self) -> None:
        raised = any(output["output_type"] == "error" for output in self.test_outputs)
        if self.options["check_exception"] and not raised:
            self.raise_cell_error(f"Tagged {skeleton.FAILS}, and it did not raise")

    def compare_outputs(self, test: Any, ref: Any, skip_compare: Any = None) -> bool:
        equal = bool(super().compare_outputs(test, ref, skip_compare))
        if not equal and "first difference" not in "\n".join(self.comparison_traceback):
            self.comparison_traceback += ["committed:", *_listing(ref), "now:", *_listing(test)]
        return equal

    def format_output_compare(self, key: str, left: Any, right: Any) -> None:
        """The first line that differs, then all of them."""
        committed, now = (str(value).splitlines() for value in (left, right))
        self.comparison_traceback += [*_first_difference(key, committed, now), "all differences:"]
        diff = difflib.unified_diff(committed, now, "committed", "now", lineterm="", n=2)
        lines = [f"  {_shortened(line)}" for line in diff]
        if len(lines) > MAX_DIFF_LINES:
            more = len(lines) - MAX_DIFF_LINES
            lines = [*lines[:MAX_DIFF_LINES], f"  … and {more} lines more"]
        self.comparison_traceback += lines

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException]) -> str:
        error = excinfo.value
        parts = [f"{self.parent.nodeid}, cell {self.cell_num}: {error or type(error)}"]
        parts += ["", "the cell:", *(f"  {line}" for line in self.cell.source.splitlines())]
        if isinstance(error, NbCellError):
            if error.inner_traceback:
                parts += ["", error.inner_traceback.strip("\n")]
        else:
            parts += ["", str(excinfo.getrepr(style="short"))]
        if self.parent.kernel is not None and hasattr(self.parent.kernel, "km"):
            parts += ["", broker_logs.last_lines(self.parent.kernel.pid, self.parent.run_dir)]
        return _ANSI.sub("", "\n".join(parts))

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"{self.parent.nodeid}, cell {self.cell_num}"


def _first_difference(key: str, committed: Sequence[str], now: Sequence[str]) -> list[str]:
    number = next(
        (i for i, (old, new) in enumerate(zip(committed, now, strict=False)) if old != new),
        min(len(committed), len(now)),
    )
    old, new = (
        lines[number] if number < len(lines) else "(no such line)" for lines in (committed, now)
    )
    column = next(
        (i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b),
        min(len(old), len(new)),
    )
    return [
        f"{key}, first difference in line {number + 1}, column {column + 1}:",
        f"  committed: {_window(old, column)}",
        f"  now:       {_window(new, column)}",
    ]


def _window(line: str, column: int) -> str:
    start, end = max(0, column - CONTEXT), column + CONTEXT
    return ("…" if start else "") + line[start:end] + ("…" if end < len(line) else "")


def _shortened(line: str) -> str:
    return line if len(line) <= 2 * CONTEXT else line[: 2 * CONTEXT] + "…"


def _listing(outputs: Sequence[Any]) -> Iterator[str]:
    for output in outputs:
        for kind, text in canonical.texts(output):
            lines = text.splitlines()
            yield f"  {kind}:"
            yield from (f"    {_shortened(line)}" for line in lines[:MAX_DIFF_LINES])
    if not outputs:
        yield "  nothing"

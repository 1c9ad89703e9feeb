"""A notebook that is not as committed fails, and the report names notebook and cell."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import nbformat
import pytest

from tests.notebooks import refresh
from tests.notebooks.structure import ROOT

DEAF = """\
while True:
    try:
        print(end=".")
    except KeyboardInterrupt:
        pass"""

FROM_C = """\
import os, time
written = os.write(1, b'from C\\n')
time.sleep(2)  # what reads it for the kernel is a thread, and says nothing when it has"""

WRITES = """\
from confluent_kafka import Producer
from kafkalab import KafkaCluster
cluster = KafkaCluster().start()
producer = Producer(cluster.client_config)
producer.produce("orders", value="event #1")
print("left:", producer.flush(10), "at", cluster.bootstrap_servers)"""


@dataclass(frozen=True)
class Damage:
    """One change of the small notebook, and what the report of the failure must say.

    Attributes
    ----------
    name : str
        Also the notebook's file name.
    cell : int
        The cell that is changed and must be named.
    words : tuple of str
        Found in the report.
    change : dict
        What the cell is given instead of its own.
    """

    name: str
    cell: int
    words: tuple[str, ...]
    change: dict[str, Any] = field(default_factory=dict)


def stdout(text: str) -> list[Any]:
    return [nbformat.v4.new_output("stream", name="stdout", text=text)]


DAMAGES = (
    Damage(
        "one_character",
        1,
        (
            "stdout, first difference in line 1, column 8:",
            "committed: event #2",
            "now:       event #1",
        ),
        {"outputs": stdout("event #2\n")},
    ),
    Damage("one_character_from_c", 2, ("committed: from c",), {"outputs": stdout("from c\n")}),
    Damage(
        "one_character_of_a_value",
        5,
        ("text/plain, first difference in line 1, column 10",),
        {"source": "{'end': 43}"},
    ),
    Damage(
        "no_output",
        1,
        ("Missing output fields", "event #1", "nothing"),
        {"source": "quiet = True"},
    ),
    Damage(
        "another_exception",
        3,
        ("committed: ZeroDivisionError", "now:       ValueError"),
        {"source": "int('x')"},
    ),
    Damage("no_exception", 3, ("Missing output fields", "ZeroDivisionError"), {"source": "1 / 1"}),
    Damage(
        "no_exception_and_none_committed",
        3,
        ("Tagged raises-exception, and it did not raise",),
        {"source": "quiet = True", "outputs": []},
    ),
    Damage(
        "exception",
        1,
        ("LookupError: no such topic",),
        {"source": "raise LookupError('no such topic')"},
    ),
    Damage(
        "stderr",
        1,
        ("Unexpected output fields", "%3|FAIL"),
        {"source": "import sys\nprint('event #1')\nprint('%3|FAIL', file=sys.stderr)"},
    ),
    Damage(
        "misspelt_tag",
        4,
        ("Tag 'nbval-ignore-ouput' is unknown",),
        {"metadata": {"tags": ["nbval-ignore-ouput"]}},
    ),
    Damage(
        "magic_comment",
        1,
        ("A comment that steers nbval",),
        {"source": "# NBVAL_IGNORE_OUTPUT\nprint('event #9')"},
    ),
    Damage("no_count", 1, ("No execution count",), {"execution_count": None, "outputs": []}),
    Damage(
        "dead_kernel",
        4,
        ("The kernel died while it executed the cell",),
        {"source": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"},
    ),
    Damage("endless", 4, ("Timeout of 15 seconds",), {"source": "while True:\n    pass"}),
    Damage("endless_and_deaf", 4, ("Timeout of 15 seconds",), {"source": DEAF}),
)
NAMES = [damage.name for damage in DAMAGES]


@dataclass(frozen=True)
class Run:
    """What pytest said: its text, and the report of each failed or skipped cell."""

    returncode: int
    text: str
    failed: dict[tuple[str, str], str]
    skipped: dict[tuple[str, str], str]
    passed: set[tuple[str, str]]


def code(source: str, *tags: str) -> Any:
    return nbformat.v4.new_code_cell(source, metadata={"tags": list(tags)} if tags else {})


def committed(path: Path, cells: Sequence[Any]) -> Any:
    """The notebook as `make notebooks` writes it."""
    nbformat.write(nbformat.v4.new_notebook(cells=list(cells)), path)
    assert refresh.refresh(path)
    return nbformat.read(path, as_version=4)


def nbval(folder: Path, *options: str) -> Run:
    """`pytest --nbval` over a folder, with the project's configuration."""
    report = folder / "report.xml"
    command = [sys.executable, "-m", "pytest", "--nbval", "-p", "tests.notebooks.nbval_shim"]
    command += ["-c", str(ROOT / "pyproject.toml"), f"--rootdir={folder}", f"--junitxml={report}"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    result = subprocess.run(
        [*command, *options, str(folder)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=400,
        check=False,
    )
    assert report.exists(), result.stdout + result.stderr
    run = Run(result.returncode, result.stdout, {}, {}, set())
    for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314 - pytest wrote it
        cell = (case.get("classname", "").split(".")[-2], case.get("name", ""))
        failure, skip = case.find("failure"), case.find("skipped")
        if failure is not None:
            run.failed[cell] = failure.text or ""
        elif skip is not None:
            run.skipped[cell] = skip.get("message", "")
        else:
            assert case.find("error") is None, case.find("error")
            run.passed.add(cell)
    return run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One run over a whole notebook, and one notebook a damage."""
    folder = tmp_path_factory.mktemp("damaged")
    committed(
        folder / "whole.ipynb",
        [
            nbformat.v4.new_markdown_cell("# Tiny"),
            code("print('event #1')"),
            code(FROM_C),
            code("1 / 0", "raises-exception"),
            code("import uuid\nprint(uuid.uuid4().int)", "nbval-ignore-output"),
            code("{'end': 42}"),
        ],
    )
    for damage in DAMAGES:
        notebook = nbformat.read(folder / "whole.ipynb", as_version=4)
        cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
        cells[damage.cell - 1].update(nbformat.from_dict(damage.change))
        nbformat.write(notebook, folder / f"{damage.name}.ipynb")
    return nbval(folder, "--nbval-cell-timeout=15", "-n2", "--dist=loadfile")


def test_a_whole_notebook_passes(run: Run) -> None:
    assert {name for notebook, name in run.passed if notebook == "whole"} == {
        f"Cell {number}" for number in range(1, 6)
    }


@pytest.mark.parametrize("damage", DAMAGES, ids=NAMES)
def test_a_damage_fails_and_is_named(run: Run, damage: Damage) -> None:
    failed = {cell: text for cell, text in run.failed.items() if cell[0] == damage.name}
    assert list(failed) == [(damage.name, f"Cell {damage.cell}")]
    report = next(iter(failed.values()))
    assert report.startswith(f"{damage.name}.ipynb, cell {damage.cell}: ")
    for word in damage.words:
        assert word in report
    assert f"{damage.name}.ipynb::Cell {damage.cell}" in run.text, "the summary names it too"


@pytest.mark.parametrize("damage", DAMAGES, ids=NAMES)
def test_cells_after_the_first_failure_do_not_run(run: Run, damage: Damage) -> None:
    after = {(damage.name, f"Cell {number}") for number in range(damage.cell + 1, 6)}
    assert after == {cell for cell in run.skipped if cell[0] == damage.name}
    assert all(f"cell {damage.cell} of this notebook failed" in run.skipped[c] for c in after)


def test_pytest_says_that_it_failed(run: Run) -> None:
    assert run.returncode == 1
    assert f"{len(DAMAGES)} failed" in run.text


def test_a_failed_notebook_shows_its_broker_s_last_lines(tmp_path: Path) -> None:
    path = tmp_path / "kafka.ipynb"
    committed(path, [code(WRITES), code("cluster.stop()")])
    text = path.read_text(encoding="utf-8")
    assert "left: 0 at 127.0.0.1:9092" in text
    path.write_text(text.replace("left: 0", "left: 1"), encoding="utf-8")

    report = nbval(tmp_path).failed["kafka", "Cell 1"]
    assert "now:       left: 0" in report
    assert "last lines of" in report
    assert "orders" in report.split("last lines of")[1]

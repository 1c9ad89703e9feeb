"""`make notebooks`: what is committed, and that a second run changes nothing."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.notebooks import refresh, skeleton, structure
from tests.notebooks.refresh import CellFaultError, NotebookChangedError


def code(source: str, *tags: str, **metadata: Any) -> Any:
    return nbformat.v4.new_code_cell(source, metadata={"tags": list(tags), **metadata})


def write(path: Path, *cells: Any) -> Path:
    nbformat.write(nbformat.v4.new_notebook(cells=list(cells)), path)
    return path


def code_cells(path: Path) -> list[Any]:
    notebook = nbformat.read(path, as_version=4)
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def commit(path: Path) -> None:
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
    for line in (["init", "-q"], ["add", path.name], [*identity, "commit", "-q", "-m", "Add"]):
        subprocess.run(["git", *line], cwd=path.parent, check=True)


def test_outputs_have_the_committed_form(tmp_path: Path) -> None:
    path = write(
        tmp_path / "t.ipynb",
        nbformat.v4.new_markdown_cell("# T"),
        code("print('at 127.0.0.1:20001')\nprint('and on')", collapsed=True),
        code("{'address': '127.0.0.1:20002'}"),
    )
    ids = [cell.id for cell in code_cells(path)]

    assert refresh.refresh(path)

    first, second = code_cells(path)
    assert [first.execution_count, second.execution_count] == [1, 2]
    assert first.outputs == [
        {"output_type": "stream", "name": "stdout", "text": "at 127.0.0.1:9092\nand on\n"}
    ]
    assert second.outputs[0].data["text/plain"] == "{'address': '127.0.0.1:9093'}"
    assert second.outputs[0].execution_count == 2
    assert [first.id, second.id] == ids
    assert first.metadata == {}
    checked = structure.Subject(path, nbformat.read(path, as_version=4))
    for check in (
        structure.written_by_refresh,
        structure.minimal_metadata,
        structure.counts_run_from_one,
        structure.names_no_machine,
    ):
        assert not list(check(checked))


def test_outputs_stay_in_the_order_in_which_the_cell_made_them(tmp_path: Path) -> None:
    source = "print('one')\nprint('two', flush=True)\ndisplay('picture')\nprint('three')"
    path = write(tmp_path / "t.ipynb", code(source))
    refresh.refresh(path)
    (cell,) = code_cells(path)
    shown = [output.get("text") or output.data["text/plain"] for output in cell.outputs]
    assert shown == ["one\ntwo\n", "'picture'", "three\n"]


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    path = write(
        tmp_path / "t.ipynb",
        code("import time\nprint(f'took {time.perf_counter() % 1:.4f} s')"),
        code("import uuid\nprint(uuid.uuid4())"),
        code("print(uuid.uuid4().int)", skeleton.IGNORED),
        code("1 / 0", skeleton.FAILS),
    )
    assert refresh.refresh(path)
    commit(path)
    before = path.read_bytes()

    assert not refresh.refresh(path)
    assert path.read_bytes() == before


def test_an_output_that_is_not_compared_follows_its_source(tmp_path: Path) -> None:
    path = write(tmp_path / "t.ipynb", code("print('one')", skeleton.IGNORED))
    refresh.refresh(path)
    commit(path)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("print('one')", "print('two')"), encoding="utf-8")

    assert refresh.refresh(path)
    assert code_cells(path)[0].outputs[0].text == "two\n"


def test_all_outputs_can_be_asked_for(tmp_path: Path) -> None:
    path = write(
        tmp_path / "t.ipynb", code("import uuid\nprint(uuid.uuid4().int)", skeleton.IGNORED)
    )
    refresh.refresh(path)
    commit(path)
    assert refresh.refresh(path, all_outputs=True)


@pytest.mark.parametrize(
    ("cell", "word"),
    [
        (code("raise LookupError('gone')"), "LookupError: gone"),
        (code("import sys\nprint('red', file=sys.stderr)"), "wrote to stderr:\nred"),
        (code("1 / 1", skeleton.FAILS), "did not raise"),
        (code("import os\nos._exit(1)"), "the kernel died"),
        (code("while True:\n    pass"), "ran for over 5 s"),
    ],
    ids=["raises", "stderr", "does not raise", "dies", "endless"],
)
def test_a_faulty_cell_is_named_and_the_file_stays(tmp_path: Path, cell: Any, word: str) -> None:
    path = write(tmp_path / "t.ipynb", code("print('fine')"), cell, code("print('after')"))
    before = path.read_bytes()

    with pytest.raises(CellFaultError) as caught:
        refresh.refresh(path, cell_timeout=5)

    assert f"{path}, cell 2: " in str(caught.value)
    assert word in str(caught.value)
    assert path.read_bytes() == before


def test_the_command_ends_with_an_error_where_a_cell_is_at_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = write(tmp_path / "good.ipynb", code("print('fine')"))
    bad = write(tmp_path / "bad.ipynb", code("raise LookupError('gone')"))
    assert refresh.main([str(bad), str(good)]) == 1
    assert code_cells(good)[0].execution_count == 1, "the other notebooks are refreshed"
    assert f"{bad}, cell 1: failed" in capsys.readouterr().err
    assert refresh.main([str(good)]) == 0


def test_a_notebook_runs_in_its_own_folder(tmp_path: Path) -> None:
    path = write(
        tmp_path / "t.ipynb", code("from pathlib import Path\nprint(Path('t.ipynb').is_file())")
    )
    refresh.refresh(path)
    assert code_cells(path)[0].outputs[0].text == "True\n"


def test_what_is_saved_meanwhile_is_not_lost(tmp_path: Path) -> None:
    saving = "from pathlib import Path\nsize = Path('t.ipynb').write_text('saved meanwhile')"
    path = write(tmp_path / "t.ipynb", code(saving))
    with pytest.raises(NotebookChangedError):
        refresh.refresh(path)
    assert path.read_text(encoding="utf-8") == "saved meanwhile"

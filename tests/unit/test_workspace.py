"""The learner's copies: without outputs, trusted, never overwritten."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.sign import NotebookNotary

from kafkalab.errors import KafkaLabError
from kafkalab.learn.lab import repository
from kafkalab.terminal import workspace


def write_notebook(path: Path, text: str = "print(1)") -> Path:
    cell = nbformat.v4.new_code_cell(
        text,
        execution_count=1,
        outputs=[nbformat.v4.new_output("stream", name="stdout", text="1\n")],
    )
    link = nbformat.v4.new_markdown_cell("[terms](../docs/glossary.md)")
    notebook = nbformat.v4.new_notebook(cells=[link, cell])
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return path


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's Jupyter folder, where signatures are kept."""
    folder = tmp_path / "jupyter data"
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(folder))
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout in a folder with spaces."""
    folder = tmp_path / "my Kafka lab"
    write_notebook(folder / "notebooks" / "00_start_here.ipynb")
    write_notebook(folder / "notebooks" / "quickstart" / "03_write_events.ipynb")
    (folder / "notebooks" / "quickstart" / "picture.svg").write_text("<svg/>", encoding="utf-8")
    return folder


def prepare(root: Path) -> list[Path]:
    return workspace.prepare(root / "notebooks", root / "my-lab")


def test_copies_keep_the_layout_and_hold_no_outputs(root: Path) -> None:
    made = prepare(root)

    assert [path.relative_to(root / "my-lab").as_posix() for path in made] == [
        "00_start_here.ipynb",
        "quickstart/03_write_events.ipynb",
        "quickstart/picture.svg",
    ]
    for path in made[:2]:
        notebook = nbformat.read(path, as_version=4)
        assert notebook.cells[0].source == "[terms](../docs/glossary.md)"
        assert notebook.cells[1].source == "print(1)"
        assert notebook.cells[1].outputs == []
        assert notebook.cells[1].execution_count is None


def test_cells_keep_their_ids(root: Path) -> None:
    prepare(root)
    original = nbformat.read(root / "notebooks/00_start_here.ipynb", as_version=4)
    copy = nbformat.read(root / "my-lab/00_start_here.ipynb", as_version=4)
    assert [cell.id for cell in copy.cells] == [cell.id for cell in original.cells]


def test_originals_are_left_alone(root: Path) -> None:
    original = root / "notebooks/00_start_here.ipynb"
    before = original.read_bytes()
    prepare(root)
    assert original.read_bytes() == before


def test_a_copy_is_trusted_and_an_edited_one_is_not(root: Path, data_dir: Path) -> None:
    copy = prepare(root)[0]
    notary = NotebookNotary(data_dir=str(data_dir))
    notebook = nbformat.read(copy, as_version=4)
    assert notary.check_signature(notebook)
    notebook.cells[1].source = "print(2)"
    assert not notary.check_signature(notebook)
    notary.store.close()


def test_an_existing_copy_is_never_overwritten(root: Path) -> None:
    copy = prepare(root)[0]
    copy.write_text("mine, and no notebook at all", encoding="utf-8")
    assert prepare(root) == []
    assert copy.read_text(encoding="utf-8") == "mine, and no notebook at all"


def test_a_notebook_that_is_new_in_the_repository_is_added(root: Path) -> None:
    prepare(root)
    write_notebook(root / "notebooks/quickstart/04_read_events.ipynb")
    assert prepare(root) == [root / "my-lab/quickstart/04_read_events.ipynb"]


def test_checkpoints_are_not_copied(root: Path) -> None:
    write_notebook(root / "notebooks/.ipynb_checkpoints/00_start_here-checkpoint.ipynb")
    assert not any(".ipynb_checkpoints" in path.parts for path in prepare(root))


@pytest.mark.parametrize(
    "name",
    [
        "03",
        "3",
        " 03 ",
        "03_write_events",
        "03_write_events.ipynb",
        "quickstart/03_write_events.ipynb",
        "my-lab/quickstart/03_write_events.ipynb",
        "quickstart\\03_write_events",
    ],
)
def test_reset_finds_the_notebook(root: Path, name: str) -> None:
    prepare(root)
    done = workspace.reset(name, root / "notebooks", root / "my-lab")
    assert done.fresh == root / "my-lab/quickstart/03_write_events.ipynb"


def test_reset_keeps_every_old_copy(root: Path) -> None:
    copy = prepare(root)[1]
    for number in (1, 2):
        copy.write_text(f"attempt {number}", encoding="utf-8")
        done = workspace.reset("03", root / "notebooks", root / "my-lab")
        assert done.kept == copy.with_name(f"03_write_events.before-reset-{number}.ipynb")
        assert done.kept.read_text(encoding="utf-8") == f"attempt {number}"
        assert nbformat.read(done.fresh, as_version=4).cells[1].source == "print(1)"


def test_reset_of_a_copy_that_is_not_there_makes_it(root: Path) -> None:
    done = workspace.reset("00", root / "notebooks", root / "my-lab")
    assert done.fresh.is_file()
    assert done.kept is None


@pytest.mark.parametrize("name", ["07", "", "write", "../03", "before-reset-1"])
def test_reset_of_an_unknown_notebook_names_those_that_exist(root: Path, name: str) -> None:
    with pytest.raises(KafkaLabError, match="00_start_here, 03_write_events"):
        workspace.reset(name, root / "notebooks", root / "my-lab")


def test_a_folder_that_cannot_be_written_is_said(root: Path) -> None:
    (root / "my-lab").write_text("a file is in the way", encoding="utf-8")
    with pytest.raises(KafkaLabError, match="cannot be written"):
        prepare(root)


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere"
)
@pytest.mark.parametrize("mode", [0o500, 0o000])
def test_a_folder_of_somebody_else_is_said(root: Path, mode: int) -> None:
    (root / "my-lab").mkdir(mode=mode)
    with pytest.raises(KafkaLabError, match="cannot be written"):
        prepare(root)
    with pytest.raises(KafkaLabError, match="cannot be written"):
        workspace.reset("00", root / "notebooks", root / "my-lab")


def test_a_missing_source_is_said(tmp_path: Path) -> None:
    with pytest.raises(KafkaLabError, match="no folder"):
        workspace.prepare(tmp_path / "nothing", tmp_path / "my-lab")


def test_the_repository_is_found_from_a_folder_inside(root: Path) -> None:
    assert repository(root / "notebooks" / "quickstart") == root


def test_lab_opens_the_copy_of_the_first_notebook(root: Path) -> None:
    command = workspace.lab_command(root)
    assert command[:3] == [sys.executable, "-m", "jupyterlab"]
    assert f"--ServerApp.root_dir={root}" in command
    assert "--LabApp.default_url=/lab/tree/my-lab/00_start_here.ipynb" in command
    assert not any("token" in part or "password" in part for part in command)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows has no root")
@pytest.mark.parametrize(("user", "allowed"), [(0, True), (1000, False)])
def test_root_is_allowed_to_root_only(
    root: Path, monkeypatch: pytest.MonkeyPatch, user: int, allowed: bool
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    assert ("--allow-root" in workspace.lab_command(root)) is allowed


def test_lab_quotes_a_name_for_the_address(root: Path) -> None:
    command = workspace.lab_command(root, root / "my-lab" / "my notes #1.ipynb")
    assert "--LabApp.default_url=/lab/tree/my-lab/my%20notes%20%231.ipynb" in command

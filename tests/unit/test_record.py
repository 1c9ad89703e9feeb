"""The record of a learner's predictions and exercises: where it is kept, and that it lasts."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
from tests import learner
from tests.learner import NO_QUESTION, OTHER_QUESTION, QUESTION

from kafkalab import KafkaLabError, predict
from kafkalab.learn.record import store
from kafkalab.learn.record.entries import Attempt, Guess, Record, dumps, loads
from kafkalab.learn.record.noting import note_check, note_solution
from kafkalab.terminal.forgetting import forget

Runs = Callable[[str], None]


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    return learner.checkout(tmp_path / "내 Kafka lab")


@pytest.fixture
def runs(lab: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    """A kernel of the copy of notebook 03."""
    return learner.in_kernel(monkeypatch, lab / "quickstart")


def recorded(lab: Path) -> Record:
    return store.read(lab).record


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file()} - {store.LOCK}


# --- what is recorded -----------------------------------------------------------------------------


def test_a_prediction_and_what_its_comparison_said(lab: Path, runs: Runs) -> None:
    runs(QUESTION)
    guess = predict("60 주문", why="one reader each")
    kept = recorded(lab).predictions[QUESTION]
    assert (kept.answer, kept.why, kept.outcome) == ("60 주문", "one reader each", "")
    assert kept.made.endswith("+00:00")
    runs(NO_QUESTION)
    assert guess.compare(60).state == "compare"
    assert recorded(lab).predictions[QUESTION].outcome == "compare"


def test_a_prediction_can_be_changed_until_it_is_compared(lab: Path, runs: Runs) -> None:
    runs(QUESTION)
    predict("two")
    predict("three").compare(3)
    predict("3").compare(3)
    kept = recorded(lab).predictions[QUESTION]
    assert (kept.answer, kept.outcome) == ("three", "compare")


@pytest.mark.parametrize("cell", ["", NO_QUESTION, "a-cell-of-the-learner"])
def test_only_cells_that_ask_are_recorded(lab: Path, runs: Runs, cell: str) -> None:
    runs(cell)
    assert predict("60").compare(60).state == "as predicted"
    runs(QUESTION)
    predict("").compare(60)
    assert files(lab) == set()


def test_an_exercise_once_solved_stays_so(lab: Path, runs: Runs) -> None:
    note_check("03.1", "not yet", solved=False)
    assert recorded(lab).exercises == {"03.1": Attempt("not yet", 1)}
    note_check("03.1", "correct", solved=True)
    solved = recorded(lab).exercises["03.1"].solved
    assert solved.endswith("+00:00")
    note_check("03.1", "not yet", solved=False)
    note_solution("03.1")
    assert recorded(lab).exercises == {"03.1": Attempt("not yet", 3, solved, helped=False)}


def test_a_solution_that_was_shown_before(lab: Path, runs: Runs) -> None:
    note_solution("03.2")
    note_check("03.2", "correct", solved=True)
    assert recorded(lab).exercises["03.2"].helped


# --- where ----------------------------------------------------------------------------------------


def note_all() -> None:
    predict("60").compare(60)
    note_check("03.1", "correct", solved=True)
    note_solution("03.2")


def test_nothing_is_written_in_the_checkout_itself(
    lab: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files(lab.parent)
    for folder in (lab.parent, lab.parent / "notebooks" / "quickstart"):
        learner.in_kernel(monkeypatch, folder)(QUESTION)
        note_all()
    assert files(lab.parent) == before


def test_nothing_is_written_by_a_plain_script(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(lab / "quickstart")
    note_all()
    assert files(lab) == set()


def test_a_checkout_in_a_folder_of_that_name_is_no_lab(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = learner.checkout(tmp_path / "my-lab" / "kafka").parent
    before = files(tmp_path)
    learner.in_kernel(monkeypatch, inside / "notebooks" / "quickstart")(QUESTION)
    note_all()
    assert files(tmp_path) == before


def test_the_record_names_no_place(lab: Path, runs: Runs) -> None:
    runs(QUESTION)
    note_all()
    text = (lab / store.FILE).read_text(encoding="utf-8")
    data = json.loads(text)
    assert set(data) == {"version", "predictions", "exercises"}
    assert str(lab.parent) not in text
    assert str(Path.home()) == "/" or str(Path.home()) not in text


# --- the file -------------------------------------------------------------------------------------

WRITER = """
import sys
from pathlib import Path
from kafkalab.learn.record import store
store.LOCK_SECONDS = 60
for number in range(20):
    store.change(
        Path(sys.argv[1]),
        lambda record: record.checked(f"{sys.argv[2]}.{number}", "not yet").checked("03.1", "x"),
    )
"""


def test_kernels_at_once_lose_nothing_of_each_other(lab: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(lab), name]) for name in ("a", "b", "c")
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    exercises = recorded(lab).exercises
    assert exercises.pop("03.1").checks == 60  # type: ignore[attr-defined]
    assert len(exercises) == 60
    assert files(lab) == {store.FILE}


def test_what_is_written_is_read_again() -> None:
    record = Record(
        {"03-a": Guess("예 \ud800", "“why”", "2026-01-01T00:00:00+00:00", "compare")},
        {"03.1": Attempt("correct", 2, "2026-01-01T00:00:00+00:00", helped=True)},
    )
    assert loads(dumps(record)) == record


def test_half_a_surrogate_pair_in_an_answer(lab: Path, runs: Runs) -> None:
    runs(QUESTION)
    predict("\ud800")
    assert recorded(lab).predictions[QUESTION].answer == "\ud800"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"[" * 100_000,
        b'{"version": "1", "predictions": {}, "exercises": {}}',
        b'{"version": 1, "predictions": []}',
        b'{"version": 1, "predictions": {"a": {"answer": 1}}, "exercises": {}}',
        b'{"version": 1, "predictions": {}, "exercises": {"03.1": {"checks": true}}}',
    ],
)
def test_what_is_no_record_is_set_aside_and_said(
    lab: Path, runs: Runs, capsys: pytest.CaptureFixture[str], text: bytes
) -> None:
    for number in (1, 2):
        (lab / store.FILE).write_bytes(text)
        note_check("03.1", "not yet", solved=False)
        assert capsys.readouterr().out == (
            ".progress.json, the record of your progress, could not be read. It is kept as "
            f".progress.damaged-{number}.json, and a new record begins.\n"
        )
        assert (lab / f".progress.damaged-{number}.json").read_bytes() == text
        assert set(recorded(lab).exercises) == {"03.1"}


def test_a_record_of_a_newer_version_is_left_alone(
    lab: Path, runs: Runs, capsys: pytest.CaptureFixture[str]
) -> None:
    newer = b'{"version": 2, "sessions": []}'
    (lab / store.FILE).write_bytes(newer)
    runs(QUESTION)
    note_all()
    assert capsys.readouterr().out == ""
    assert "newer version" in store.read(lab).said
    with pytest.raises(KafkaLabError, match="newer version"):
        forget("03", lab.parent / "notebooks", lab)
    assert (lab / store.FILE).read_bytes() == newer
    assert files(lab) == {store.FILE}


def full(*_: object, **__: object) -> NoReturn:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_breaks_no_cell(
    lab: Path, runs: Runs, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runs(QUESTION)
    note_check("03.1", "correct", solved=True)
    before = (lab / store.FILE).read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_text", full)
        assert predict("60").compare(60).state == "as predicted"
        note_all()
        with pytest.raises(KafkaLabError, match="No space left"):
            forget("03", lab.parent / "notebooks", lab)
    assert capsys.readouterr().out == ""
    assert (lab / store.FILE).read_bytes() == before
    assert not [name for name in files(lab) if "partial" in name]


@pytest.mark.parametrize("name", [store.LOCK, store.FILE])
def test_a_folder_in_the_way_breaks_no_cell(
    lab: Path, runs: Runs, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (lab / name).mkdir()
    runs(QUESTION)
    note_all()
    assert capsys.readouterr().out == ""
    assert store.read(lab).record == Record()


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere"
)
def test_a_folder_that_may_only_be_read(lab: Path, runs: Runs) -> None:
    runs(QUESTION)
    note_all()
    before = recorded(lab)
    (lab / store.LOCK).unlink()
    lab.chmod(0o500)
    try:
        note_check("03.2", "correct", solved=True)
        assert recorded(lab) == before
    finally:
        lab.chmod(0o700)


# --- reset ----------------------------------------------------------------------------------------


def test_one_notebook_is_forgotten_and_the_record_kept(lab: Path, runs: Runs) -> None:
    note_check("00.1", "correct", solved=True)
    for cell in (QUESTION, OTHER_QUESTION):
        runs(cell)
        note_all()
    before = (lab / store.FILE).read_bytes()
    kept = forget("03", lab.parent / "notebooks", lab)
    assert kept == lab / ".progress.before-reset-1.json"
    assert kept.read_bytes() == before
    assert recorded(lab).predictions == {}
    assert set(recorded(lab).exercises) == {"00.1"}
    assert forget("03", lab.parent / "notebooks", lab) is None
    assert forget(None, lab.parent / "notebooks", lab) == lab / ".progress.before-reset-2.json"
    assert recorded(lab) == Record()


def test_where_nothing_is_recorded_nothing_is_written(lab: Path) -> None:
    assert forget(None, lab.parent / "notebooks", lab) is None
    assert [path for path in lab.rglob("*") if path.is_file()] == []

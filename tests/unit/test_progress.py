"""The map of the series with what a learner has done: facts, words, what a cell shows."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from tests import learner
from tests.learner import QUESTION
from tests.notebooks import skeleton
from tests.notebooks.structure import NOTEBOOKS, all_notebooks

from kafkalab import KafkaLabError, predict, progress
from kafkalab.common.words import NOTHING
from kafkalab.learn.course import exercises_of
from kafkalab.learn.progress.facts import SeriesMap, series_map
from kafkalab.learn.progress.words import as_data, as_html, as_text
from kafkalab.learn.record.entries import Attempt, Guess, Record
from kafkalab.learn.record.noting import note_check
from kafkalab.learn.series import RECORDED, Notebook, notebooks, question_ids

AT = "2026-01-01T00:00:00+00:00"
SERIES = (
    Notebook("00", "Start here", "", (), (("00.1", "Count"),)),
    Notebook("03", "Write <events>", "quickstart", ("a", "b"), (("03.1", "One"), ("03.2", "Two"))),
    Notebook("04", "Read events", "quickstart", ("c",), (("04.1", "Three"),)),
    Notebook("21", "Messaging, requests and replies", "use_cases", (), (("21.1", "Four"),)),
)
RECORD = Record(
    {"a": Guess("1", "", AT, "compare"), "gone": Guess("2", "", AT)},
    {
        "00.1": Attempt("correct", 1, AT),
        "03.1": Attempt("not yet", 3, AT, helped=True),
        "99.9": Attempt("correct", 1, AT),
    },
)


def found(record: Record = RECORD) -> SeriesMap:
    return series_map(SERIES, record)


def test_the_text() -> None:
    assert as_text(found()).splitlines() == [
        "Your progress: 2 of 5 exercises solved, 1 of 3 predictions made",
        "notebook                            predictions  exercises  state",
        f"00 Start here                                 {NOTHING}     1 of 1  done",
        "Quickstart",
        "03 Write <events>                        1 of 2     1 of 2  begun",
        "04 Read events                           0 of 1     0 of 1  to do",
        "Use cases",
        f"21 Messaging, requests and replies            {NOTHING}     0 of 1  to do",
        "Next exercise: 03.2 Two",
        "Next notebook: 04 Read events",
        "Solved after the solution was shown: 03.1",
    ]


@pytest.mark.parametrize("width", [48, 60, 66, 80, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    lines = as_text(found(), "A sentence of its own that is longer than most.", width).splitlines()
    assert max(map(len, lines)) <= width
    assert any("Messaging" in line for line in lines)


def test_a_terminal_too_narrow_for_anything_still_shows_it() -> None:
    assert "03 Write" in as_text(found(), width=1)


def test_the_table_for_readers_of_every_kind() -> None:
    """Well formed, every cell under a head, words for states, no color of its own."""
    text = as_html(found(), "Kept <here>.")
    table, *told = ElementTree.fromstring(f"<all>{text}</all>")  # noqa: S314 - our own
    assert "".join(table.find("caption").itertext()).startswith("Your progress: 2 of 5")  # type: ignore[union-attr]
    heads = [head.get("scope") for head in table.iter("th")]
    assert heads.count("col") == 4
    assert heads.count("row") == len(SERIES)
    assert heads.count("rowgroup") == 2
    assert [d.text for d in told][-1] == "Kept <here>."
    assert "Write &lt;events&gt;" in text
    assert not re.search(r"class|color|#[0-9a-f]{3}", text)


def test_nothing_done() -> None:
    text = as_text(found(Record()))
    assert "0 of 5 exercises solved, 0 of 3 predictions made" in text
    assert "Next" not in text


def test_all_done() -> None:
    every = Record(
        {cell: Guess("1", "", AT) for each in SERIES for cell in each.questions},
        {n: Attempt("correct", 1, AT) for each in SERIES for n, _ in each.exercises},
    )
    text = as_text(found(every))
    assert "to do" not in text
    assert "begun" not in text
    assert "Next" not in text


def test_the_next_notebook_is_after_the_last_one_begun() -> None:
    last = found(Record(exercises={"21.1": Attempt("not yet", 1)}))
    assert last.next_notebook == SERIES[0]
    assert last.next_exercise == ("21.1", "Four")


def test_plain_data() -> None:
    data = as_data(found())
    assert data["notebooks"][1] == {  # type: ignore[index]
        "number": "03",
        "title": "Write <events>",
        "group": "quickstart",
        "questions": 2,
        "predicted": 1,
        "exercises": ["03.1", "03.2"],
        "solved": ["03.1"],
        "solved_after_solution": ["03.1"],
    }


# --- the series -----------------------------------------------------------------------------------


def test_the_series_is_what_is_committed() -> None:
    series = notebooks(NOTEBOOKS)
    assert [each.number for each in series] == [path.name[:2] for path in all_notebooks()]
    assert RECORDED == skeleton.RECORDS
    for each in series:
        course = [(task.number, task.title) for task in exercises_of(each.number)]
        assert list(each.exercises) == course


def test_no_two_questions_share_an_id() -> None:
    """A prediction is recorded by its cell's id alone."""
    asked = [cell for each in notebooks(NOTEBOOKS) for cell in each.questions]
    assert len(set(asked)) == len(asked)
    assert question_ids(NOTEBOOKS) == set(asked)


def test_a_notebook_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "03_write.ipynb").write_text("<<<<<<< mine", encoding="utf-8")
    with pytest.raises(KafkaLabError, match="03_write"):
        notebooks(tmp_path)


def test_copies_beside_the_series_are_left_out(tmp_path: Path) -> None:
    """Each stopped the recording of all predictions, and `progress()` failed."""
    original = next(path for path in all_notebooks() if path.name.startswith("03"))
    (tmp_path / ".ipynb_checkpoints").mkdir()
    strays = ("Untitled", "03_write_events-Copy1", ".ipynb_checkpoints/03_write_events")
    for stray in strays:
        (tmp_path / f"{stray}.ipynb").write_text("{}", encoding="utf-8")
    (tmp_path / original.name).write_bytes(original.read_bytes())
    assert [each.number for each in notebooks(tmp_path)] == ["03"]


# --- in a cell ------------------------------------------------------------------------------------


def test_in_the_checkout_it_shows_the_series_and_says_why_nothing_is_done() -> None:
    shown = progress()
    assert "0 of " in str(shown)
    assert "Nothing is recorded here" in repr(shown)
    assert "Nothing is recorded here" in shown._repr_html_()
    assert str(NOTEBOOKS.parent) not in str(shown)


def test_in_a_lab_it_shows_what_was_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = learner.checkout(tmp_path)
    learner.in_kernel(monkeypatch, lab / "quickstart")(QUESTION)
    predict("60")
    note_check("03.2", "correct", solved=True)
    assert str(progress()).splitlines()[:5] == [
        "Your progress: 1 of 3 exercises solved, 1 of 2 predictions made",
        "notebook       predictions  exercises  state",
        f"00 Start here            {NOTHING}     0 of 1  to do",
        "Quickstart",
        "03 Write            1 of 2     1 of 2  begun",
    ]
    assert "Nothing is recorded" not in str(progress())

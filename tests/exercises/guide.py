"""`docs/exercises.md`: what instructors may expect of learners, and what the checks answer.

`python -m tests.exercises.guide` writes it, from the exercises' words and from the wrong answers
that the tests give.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from string import Template

from kafkalab.learn.course import exercises_of, module_names
from kafkalab.learn.exercises.exercise import Exercise
from kafkalab.learn.exercises.words import engine_texts
from tests.exercises import cases
from tests.notebooks import markdown
from tests.notebooks.structure import ROOT, all_notebooks, subject

PAGE = ROOT / "docs" / "exercises.md"
HEAD = """# The exercises, for instructors

For each exercise: the wrong answers that the tests give to its check on a
real cluster, and how the check's verdict begins. The verdict goes on to say what was found and
what was looked for. In addition, the tests take each right answer and change one thing in it: a
record left out, a record twice, another key, an offset off by one, a setting off by one.
Questions, hints and solutions are in `helpers/kafkalab/learn/course/`.

This page is written by `python -m tests.exercises.guide`, and a test compares it.
"""
_SENTENCE = re.compile(r"(?<=[.?!])\s+(?=[A-Z`(])")
_ERROR = "(with the words of the error)"
_SEVERAL = "(with one of several texts, since the data is random)"


def page() -> str:
    """The whole page."""
    titles = {path.name[:2]: _title(subject(path).text) for path in all_notebooks()}
    return "\n".join([HEAD, *(_notebook(name[2:4], titles) for name in module_names())])


def _title(text: str) -> str:
    return next(title for level, title in markdown.read(text).headings if level == 1)


def _notebook(number: str, titles: dict[str, str]) -> str:
    return "\n".join([f"## {titles[number]}\n", *map(_exercise, exercises_of(number))])


def _exercise(exercise: Exercise) -> str:
    return "\n".join([f"### {exercise.number} {exercise.title}\n", *_table(exercise), ""])


def _table(exercise: Exercise) -> Iterator[str]:
    yield "| wrong answer | the verdict begins |"
    yield "|---|---|"
    for wrong in cases.wrong_answers(exercise.number):
        told = cause_in_words(exercise, wrong.cause).replace("|", r"\|")
        yield f"| {wrong.name} | {told} |"


def cause_in_words(exercise: Exercise, name: str | None) -> str:
    """The first sentence of a text, with … for each value in it."""
    if not name:
        return _SEVERAL if name is None else _ERROR
    texts = exercise.words.texts
    text = texts[name] if name in texts else engine_texts()[name]
    first, *_ = _SENTENCE.split(text.partition("\n\n")[0])
    return Template.pattern.sub("…", first)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

"""What was done of the series, notebook by notebook, and what comes next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kafkalab.learn.record.entries import Attempt, Record
from kafkalab.learn.series import Notebook


@dataclass(frozen=True)
class Done:
    """What was done of one notebook.

    Attributes
    ----------
    notebook : Notebook
    predicted : int
        How many of its questions have a prediction.
    solved, tried : tuple of str
        Numbers of its exercises: those that were once correct, and all that were checked.
    helped : tuple of str
        Those of `solved` whose solution was shown before.
    """

    notebook: Notebook
    predicted: int = 0
    solved: tuple[str, ...] = ()
    tried: tuple[str, ...] = ()
    helped: tuple[str, ...] = ()

    @property
    def open(self) -> list[tuple[str, str]]:
        """Number and title of the exercises that are not solved yet."""
        return [each for each in self.notebook.exercises if each[0] not in self.solved]

    @property
    def is_begun(self) -> bool:
        return bool(self.predicted or self.tried)

    @property
    def is_done(self) -> bool:
        return self.is_begun and not self.open and self.predicted == len(self.notebook.questions)


@dataclass(frozen=True)
class SeriesMap:
    """All notebooks in their order, with what was done."""

    rows: tuple[Done, ...]

    @property
    def predicted(self) -> int:
        return sum(row.predicted for row in self.rows)

    @property
    def questions(self) -> int:
        return sum(len(row.notebook.questions) for row in self.rows)

    @property
    def solved(self) -> int:
        return sum(len(row.solved) for row in self.rows)

    @property
    def exercises(self) -> int:
        return sum(len(row.notebook.exercises) for row in self.rows)

    @property
    def helped(self) -> list[str]:
        """Exercises that were solved after their solution was shown."""
        return [number for row in self.rows for number in row.helped]

    @property
    def next_exercise(self) -> tuple[str, str] | None:
        """The first one that is open in a notebook that was begun."""
        return next((each for row in self.rows if row.is_begun for each in row.open), None)

    @property
    def next_notebook(self) -> Notebook | None:
        """The first one after the last that was begun; else the first that was not.

        None where nothing is recorded: after the first notebook, it is plain what comes next.
        """
        begun = [i for i, row in enumerate(self.rows) if row.is_begun]
        if not begun:
            return None
        later = (*self.rows[begun[-1] :], *self.rows)
        return next((row.notebook for row in later if not row.is_begun), None)


def series_map(notebooks: Iterable[Notebook], record: Record) -> SeriesMap:
    """What a record says of these notebooks."""
    return SeriesMap(tuple(_done(notebook, record) for notebook in notebooks))


def _done(notebook: Notebook, record: Record) -> Done:
    attempts = {n: record.exercises.get(n, Attempt()) for n, _ in notebook.exercises}
    return Done(
        notebook,
        predicted=sum(cell in record.predictions for cell in notebook.questions),
        solved=tuple(number for number, each in attempts.items() if each.solved),
        tried=tuple(number for number, each in attempts.items() if each.checks),
        helped=tuple(n for n, each in attempts.items() if each.solved and each.helped),
    )

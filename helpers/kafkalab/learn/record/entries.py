"""What is recorded of a learner's predictions and exercises, as data and as JSON."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import TypeVar

VERSION = 1


class DamagedError(ValueError):
    """The text is no record."""


class NewerError(Exception):
    """A later version of this package wrote it."""


@dataclass(frozen=True)
class Guess:
    """A prediction.

    Attributes
    ----------
    answer, why : str
        What the learner wrote.
    made : str
        When: a moment in UTC, as ISO 8601 has it.
    outcome : str
        What its comparison said; "" as long as it was not compared.
    """

    answer: str = ""
    why: str = ""
    made: str = ""
    outcome: str = ""


@dataclass(frozen=True)
class Attempt:
    """What was done for an exercise.

    Attributes
    ----------
    state : str
        What the last check said.
    checks : int
        How often it was checked, those apart that found nothing of the learner's.
    solved : str
        When a check first said *correct*, as in `Guess.made`; "" where none has.
    helped : bool
        Whether the solution was shown before it was solved.
    """

    state: str = ""
    checks: int = 0
    solved: str = ""
    helped: bool = False


Entry = TypeVar("Entry", Guess, Attempt)


@dataclass(frozen=True)
class Record:
    """All that is recorded; what changes it returns another one.

    Attributes
    ----------
    predictions : mapping of str to Guess
        By the id of the cell that asks.
    exercises : mapping of str to Attempt
        By the exercise's number, such as "03.1".
    """

    predictions: Mapping[str, Guess] = field(default_factory=dict)
    exercises: Mapping[str, Attempt] = field(default_factory=dict)

    def guessed(self, cell: str, guess: Guess) -> Record:
        """With a prediction, unless one was compared: after that, it would be none."""
        if self.predictions.get(cell, guess).outcome:
            return self
        return replace(self, predictions={**self.predictions, cell: guess})

    def compared(self, cell: str, outcome: str) -> Record:
        """With what the first comparison of a prediction said."""
        guess = self.predictions.get(cell)
        if guess is None or guess.outcome:
            return self
        compared = replace(guess, outcome=outcome)
        return replace(self, predictions={**self.predictions, cell: compared})

    def checked(self, number: str, state: str, *, solved: str = "") -> Record:
        """With one more check of an exercise; `solved` is now, where it found it correct."""
        before = self.exercises.get(number, Attempt())
        after = replace(
            before, state=state, checks=before.checks + 1, solved=before.solved or solved
        )
        return replace(self, exercises={**self.exercises, number: after})

    def helped(self, number: str) -> Record:
        """With the solution of an exercise shown."""
        before = self.exercises.get(number, Attempt())
        if before.solved:
            return self
        return replace(self, exercises={**self.exercises, number: replace(before, helped=True)})

    def without(self, cells: Collection[str], numbers: Collection[str]) -> Record:
        """Without these predictions and exercises."""
        return Record(
            {cell: guess for cell, guess in self.predictions.items() if cell not in cells},
            {number: done for number, done in self.exercises.items() if number not in numbers},
        )


def dumps(record: Record) -> str:
    """The record as JSON."""
    data = {"version": VERSION, **asdict(record)}
    return json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def loads(text: str) -> Record:
    """The record that `dumps` wrote.

    Raises
    ------
    DamagedError, NewerError
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DamagedError(str(error)) from error
    if not isinstance(data, dict) or type(data.get("version")) is not int:
        raise DamagedError("no version")
    if data["version"] > VERSION:
        raise NewerError(data["version"])
    return Record(
        _entries(Guess, data.get("predictions")), _entries(Attempt, data.get("exercises"))
    )


def _entries(kind: type[Entry], data: object) -> dict[str, Entry]:
    if not isinstance(data, dict):
        raise DamagedError(f"no mapping of {kind.__name__}")
    return {key: _entry(kind, value) for key, value in data.items()}


def _entry(kind: type[Entry], data: object) -> Entry:
    """One entry; its fields and their types are those of the class."""
    wanted = {each.name: type(each.default) for each in fields(kind)}
    if not isinstance(data, dict) or {k: type(v) for k, v in data.items()} != wanted:
        raise DamagedError(f"no {kind.__name__}: {data!r:.80}")
    return kind(**data)

"""Notes down what a learner does, in a kernel of the learner's lab; elsewhere it does nothing.

A note never breaks a cell: where it cannot be written, the cell goes on without it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime

from kafkalab.learn.lab import ORIGINALS, lab_of_this_kernel, running_cell
from kafkalab.learn.record import store
from kafkalab.learn.record.entries import Guess, Record
from kafkalab.learn.series import question_ids

logger = logging.getLogger(__name__)


def note_guess(answer: str, why: str) -> str:
    """Note a prediction, where the cell that runs is one that asks for it.

    Returns
    -------
    str
        The cell's id; "" where nothing was noted.
    """
    cell = running_cell() if answer else ""
    if cell and _note(lambda record: record.guessed(cell, Guess(answer, why, _now())), cell):
        return cell
    return ""


def note_outcome(cell: str, outcome: str) -> None:
    """Note what the comparison of a prediction said."""
    if cell:
        _note(lambda record: record.compared(cell, outcome))


def note_check(number: str, state: str, *, solved: bool) -> None:
    """Note that an exercise was checked, and what was said."""
    _note(lambda record: record.checked(number, state, solved=_now() if solved else ""))


def note_solution(number: str) -> None:
    """Note that the solution of an exercise was shown."""
    _note(lambda record: record.helped(number))


def _note(by: Callable[[Record], Record], question: str = "") -> bool:
    """Whether it was noted; a `question` has to be one of the series."""
    try:
        lab = lab_of_this_kernel()
        if lab is None or (question and question not in question_ids(lab.parent / ORIGINALS)):
            return False
        said = store.change(lab, by)
    except Exception as error:  # a disk may fail in many ways, and the lesson goes on
        logger.debug("not recorded: %s: %s", type(error).__name__, error)
        return False
    if said:
        print(said)
    return True


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")

"""What a check says: a state, and words."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class State(StrEnum):
    """The three answers of a check."""

    NOT_ATTEMPTED = "not attempted"
    NOT_YET = "not yet"
    CORRECT = "correct"


@dataclass(frozen=True)
class Verdict:
    """What a check found.

    Attributes
    ----------
    state : State
    text : str
        For the learner: what is wrong, what was found and what was looked for; or why the answer
        is right.
    cause : str
        The name of the text that goes first in it; "" where its words are not an exercise's. Two
        verdicts that say the same are equal.
    """

    state: State
    text: str
    cause: str = field(default="", compare=False)


def not_attempted(text: str) -> Verdict:
    """Nothing of the learner's is there yet; `text` says what to do first."""
    return Verdict(State.NOT_ATTEMPTED, text)


def not_yet(wrong: str, found: str, wanted: str) -> Verdict:
    """A sentence that says what is wrong, then two clauses without a full stop at their end."""
    return Verdict(State.NOT_YET, f"{wrong}\n\nFound: {found}.\n\nLooked for: {wanted}.")

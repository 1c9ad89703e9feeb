"""Predictions: what the learner expects, beside what the cluster did."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal

from kafkalab.learn.card import Card, short
from kafkalab.learn.record.noting import note_guess, note_outcome

LONGEST = 300
_WORD = re.compile(r"-?\w+(?:[.-]\w+)*")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")


@dataclass(frozen=True)
class Prediction:
    """What the learner wrote before the cell ran.

    Attributes
    ----------
    answer : str
        Empty where none was given.
    why : str
    noted : str
        The cell under which it is recorded; empty where it is not.
    """

    answer: str
    why: str = ""
    noted: str = field(default="", repr=False, compare=False)

    def compare(self, happened: object) -> Card:
        """Show the prediction beside what happened; right after the cell that made it happen.

        It says *as predicted* where both read the same, or where the prediction is the one number
        in what happened. The rest is left to the reader: words can be right in many ways.
        """
        truth = _text(happened) or "nothing"
        told = f"What happened: {truth}"
        if not self.answer:
            return Card("Prediction", "none recorded", told)
        state = "as predicted" if _same(self.answer, truth) else "compare"
        note_outcome(self.noted, state)
        because = f" (because {self.why})" if self.why else ""
        return Card("Prediction", state, f"You predicted: {self.answer}{because}\n\n{told}")

    def __repr__(self) -> str:
        if not self.answer:
            return "No prediction yet: write what you expect between the quotes."
        return f"Recorded: {self.answer}" + (f", because {self.why}" if self.why else "")


def predict(answer: object = "", *, why: object = "") -> Prediction:
    """Record what you expect, before the cell that shows it.

    In your own copy of a notebook it is kept in `my-lab/.progress.json`, for `progress`.

    Parameters
    ----------
    answer : object
        Anything that prints; empty means that you would rather not say.
    why : object
        Your reason, for yourself.
    """
    expected, reason = _text(answer), _text(why)
    return Prediction(expected, reason, note_guess(expected, reason))


def _text(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        return short(value, LONGEST)
    text = " ".join(value.split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _same(answer: str, truth: str) -> bool:
    """Whether both read the same: "[1, 0]" as "1,0", and "2" as "2 names"."""
    words, happened = _words(answer), _words(truth)
    if words == happened:
        return bool(words) or answer == truth
    numbers = [word for word in happened if _NUMBER.fullmatch(word)]
    return (
        len(words) == len(numbers) == 1
        and _NUMBER.fullmatch(words[0]) is not None
        and Decimal(words[0]) == Decimal(numbers[0])
    )


def _words(text: str) -> list[str]:
    """Words and numbers alone, without brackets, commas and the like around them."""
    return _WORD.findall(text.lower())

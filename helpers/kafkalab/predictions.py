"""Predictions: what the learner expects, beside what the cluster did."""

from __future__ import annotations

from dataclasses import dataclass

from kafkalab.cards import Card, short

LONGEST = 300


@dataclass(frozen=True)
class Prediction:
    """What the learner wrote before the cell ran.

    Attributes
    ----------
    answer : str
        Empty where none was given.
    why : str
    """

    answer: str
    why: str = ""

    def compare(self, happened: object) -> Card:
        """Show the prediction beside what happened; right after the cell that made it happen.

        It says *as predicted* where both read the same, and leaves the rest to the reader: an
        answer in words can be right in many ways.
        """
        truth = _text(happened) or "nothing"
        told = f"What happened: {truth}"
        if not self.answer:
            return Card("Prediction", "none recorded", told)
        same = _plain(self.answer) == _plain(truth)
        because = f" (because {self.why})" if self.why else ""
        return Card(
            "Prediction",
            "as predicted" if same else "compare",
            f"You predicted: {self.answer}{because}\n{told}",
        )

    def __repr__(self) -> str:
        if not self.answer:
            return "No prediction yet: write what you expect between the quotes."
        return f"Recorded: {self.answer}" + (f", because {self.why}" if self.why else "")


def predict(answer: object = "", *, why: object = "") -> Prediction:
    """Record what you expect, before the cell that shows it.

    Parameters
    ----------
    answer : object
        Anything that prints; empty means that you would rather not say.
    why : object
        Your reason, for yourself.
    """
    return Prediction(_text(answer), _text(why))


def _text(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        return short(value, LONGEST)
    text = " ".join(value.split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _plain(text: str) -> str:
    return text.lower().strip(" .!'\"")

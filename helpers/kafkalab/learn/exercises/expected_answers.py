"""Expectations of what the learner hands over, and those that a function checks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from kafkalab.learn.exercises import answers
from kafkalab.learn.exercises.fault import (
    Fault,
    code,
    codes,
)
from kafkalab.learn.exercises.look import Look

Kind = Literal["number", "text", "set", "list", "counts"]


_READ: Mapping[Kind, Callable[[object], Any]] = {
    "number": answers.number,
    "text": lambda given: None if (told := answers.text(given)) is None else told.strip(),
    "set": answers.texts,
    "list": answers.texts,
    "counts": answers.numbers_by_text,
}


@dataclass(frozen=True)
class Answer:
    """What the learner hands over; the text `answer` says in words what is looked for.

    Attributes
    ----------
    kind : str
    wanted : callable
        The right answer, of a look: an int, a str, a collection of str, or str → int.
    known : callable or None
        Wrong answers that have a name, of a look: answer → the name of a text.
    why : str
        The name of a text that says what every other wrong number or text is.
    """

    kind: Kind
    wanted: Callable[[Look], Any]
    known: Callable[[Look], Mapping[Any, str]] | None = None
    why: str = ""
    asks_answer = True

    def fault(self, look: Look) -> Fault | None:
        given = _READ[self.kind](look.answer)
        if given is None:
            return Fault("answer unfit", {"found": code(look.answer)})
        wanted = self.wanted(look)
        if self.kind in ("set", "list"):
            return _of_texts(given, list(wanted), in_order=self.kind == "list")
        if self.kind == "counts":
            return _of_counts(given, dict(wanted))
        if given == wanted:
            return None
        named = self.known(look).get(given, self.why) if self.known else self.why
        return Fault("answer other", {"found": code(given, 40)}, named or _near(given, wanted))

    def untouched(self) -> Fault:
        return Fault("no answer", not_attempted=True)


def _near(given: object, wanted: object) -> str:
    """The name of the text for a number that is off by one, or ""."""
    if not isinstance(given, int) or not isinstance(wanted, int):
        return ""
    return {1: "answer high by one", -1: "answer low by one"}.get(given - wanted, "")


def _of_texts(given: list[str], wanted: list[str], *, in_order: bool) -> Fault | None:
    strange = [text for text in given if text not in wanted]
    have, want = Counter(given), Counter(wanted)
    missing = [text for text in wanted if have[text] < want[text]]
    twice = [text for text in given if have[text] > want[text]]
    for text, found in (
        ("answer strange", strange),
        ("answer missing", missing),
        ("answer twice", twice),
        ("answer disordered", given if in_order and given != wanted else []),
    ):
        if found:
            return Fault(text, {"found": codes(dict.fromkeys(found))})
    return None


def _of_counts(given: dict[str, int], wanted: dict[str, int]) -> Fault | None:
    for text, found in (
        ("answer strange", given.keys() - wanted.keys()),
        ("answer missing", wanted.keys() - given.keys()),
    ):
        if found:
            return Fault(text, {"found": codes(sorted(found))})
    other = [key for key in wanted if given[key] != wanted[key]]
    if not other:
        return None
    return Fault("answer count", {"key": code(other[0]), "found": code(given[other[0]], 40)})


@dataclass(frozen=True)
class That:
    ask: Callable[[Look], Fault | None]
    asks_answer: bool = False
    text: str = "nothing done"

    def fault(self, look: Look) -> Fault | None:
        return self.ask(look)

    def untouched(self) -> Fault:
        return Fault(self.text, not_attempted=True)


def that(
    ask: Callable[[Look], Fault | None], *, asks_answer: bool = False, untouched: str = ""
) -> That:
    """Whatever no other expectation says.

    Parameters
    ----------
    ask : callable
        Look → `fault("name of a text", value=…)`, or None where all is well.
    asks_answer : bool
        It looks at `look.answer`.
    untouched : str
        The name of the text for *not attempted*, where it stands among an exercise's `untouched`.
    """
    return That(ask, asks_answer, untouched or ("no answer" if asks_answer else "nothing done"))

"""What an expectation says where it is not met, and how values are named in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from kafkalab.common.words import listing
from kafkalab.learn.card import short
from kafkalab.learn.exercises import answers
from kafkalab.learn.exercises.look import Look

MOST_NAMED = 4


Row = tuple[Any, ...]


@dataclass(frozen=True)
class Fault:
    """Something that is not as the question asks: a named text and the values in it.

    Attributes
    ----------
    text : str
        The name of a text in the exercise's words, or in `verdicts.md`.
    values : mapping
    why : str
        The name of a text that says the cause in words and goes first, or "".
    not_attempted : bool
        Nothing of the learner's is there yet.
    """

    text: str
    values: Mapping[str, object] = field(default_factory=dict)
    why: str = ""
    not_attempted: bool = False


def fault(text: str, **values: object) -> Fault:
    """What a function of `that` returns: the name of a text in the exercise's words.

    Among an exercise's `untouched` it is told nobody, and may be "".
    """
    return Fault(text, values)


class Expectation(Protocol):
    """One part of a check."""

    @property
    def asks_answer(self) -> bool:
        """Whether it looks at what was handed over."""

    def fault(self, look: Look) -> Fault | None:
        """What is wrong, or None."""

    def untouched(self) -> Fault:
        """What to say where it holds since nothing was done yet."""


def code(value: object, limit: int = 80) -> str:
    """A value as Markdown shows code, whatever it holds."""
    told = value if isinstance(value, str) else short(value, limit)
    if not told.isprintable() or not told.strip() or len(told) > limit:
        told = short(told, limit)
    longest = max(map(len, re.findall("`+", told)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {told} {fence}" if longest else f"{fence}{told}{fence}"


def codes(values: Iterable[object], most: int = MOST_NAMED) -> str:
    """A few values for a sentence: `a`, `b`, … (12 in all)."""
    told = [code(value) for value in values]
    return listing(told) if 0 < len(told) <= most else answers.some(told, most)


@dataclass(frozen=True)
class Between:
    """A whole number with bounds, both included; None is no bound."""

    low: int | None = None
    high: int | None = None

    def holds(self, value: str) -> bool:
        number = answers.number(value)
        if number is None:
            return False
        return (self.low is None or number >= self.low) and (
            self.high is None or number <= self.high
        )

    def __str__(self) -> str:
        if self.high is None:
            return f"of {self.low} or more"
        return f"of {self.high} or less" if self.low is None else f"from {self.low} to {self.high}"


def at_least(low: int) -> Between:
    return Between(low=low)


def at_most(high: int) -> Between:
    return Between(high=high)

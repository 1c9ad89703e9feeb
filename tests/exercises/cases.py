"""Answers to exercises, as data: each notebook's module here holds `WRONG` and `RIGHT`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from kafkalab import KafkaCluster


@dataclass(frozen=True)
class Wrong:
    """A wrong answer and what the check must say about it.

    Attributes
    ----------
    name : str
        A few words, for the test's id.
    act : callable
        Does the wrong thing on the cluster after `prepare`, and returns what is handed to `check`
        (None where the check takes nothing).
    says : str
        Regular expression that the verdict's text must match: it names what was found.
    cause : str
        The name of the text with which the verdict begins: it says in words what went wrong. ""
        where the words are not the exercise's, such as those of an error, and None where it
        depends on data that are drawn by chance.
    """

    name: str
    act: Callable[[KafkaCluster], object]
    says: str
    cause: str | None = None


@dataclass(frozen=True)
class Right:
    """A right answer that is not the solution's.

    Attributes
    ----------
    name : str
        A few words, for the test's id.
    act : callable
        Does it on the cluster after `prepare`, and returns what is handed to `check`. It is given
        the cluster and a function that runs the solution and returns its answer.
    """

    name: str
    act: Callable[[KafkaCluster, Callable[[], Any]], object]


def of_type(change: Callable[[Any], object]) -> Callable[[KafkaCluster, Callable[[], Any]], object]:
    """What the solution finds, as a program may have it."""
    return lambda _, solve: change(solve())


def wrong_answers(exercise: str) -> tuple[Wrong, ...]:
    """Those that somebody has written for the exercise of this number."""
    found: tuple[Wrong, ...] = _written(exercise, "WRONG")
    return found


def right_answers(exercise: str) -> tuple[Right, ...]:
    """The same for right ones."""
    found: tuple[Right, ...] = _written(exercise, "RIGHT")
    return found


def _written(exercise: str, kind: str) -> Any:
    name = f"nb{exercise[:2]}"
    if not Path(__file__).with_name(f"{name}.py").is_file():
        return ()
    module = import_module(f"tests.exercises.{name}")
    return getattr(module, kind, {}).get(exercise, ())

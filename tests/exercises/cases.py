"""Answers to exercises, as data: each notebook's module here holds `WRONG` and `RIGHT`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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
    """

    name: str
    act: Callable[[KafkaCluster], object]
    says: str


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

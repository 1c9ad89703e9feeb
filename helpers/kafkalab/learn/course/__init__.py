"""Exercises that the live cluster checks: one module a notebook, such as `nb05_….py`, with
its words beside it, `nb05_….md`.

In a notebook::

    q1, q2 = exercises.load("05", cluster)
    q1                 # the question
    q1.start()         # its own topics and data
    q1.check(answer)   # not attempted, not yet, or correct
    q1.hint()          # each call gives one more hint
    q1.solution()      # code that solves it
"""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from kafkalab.errors import KafkaLabError
from kafkalab.learn.exercises.words import words_of

if TYPE_CHECKING:
    from kafkalab.cluster.cluster import KafkaCluster
    from kafkalab.learn.exercises.exercise import Exercise
    from kafkalab.learn.exercises.task import Task

__all__ = ["load"]


def load(notebook: str, cluster: KafkaCluster) -> tuple[Task, ...]:
    """The exercises of a notebook, to be done on `cluster`.

    Parameters
    ----------
    notebook : str
        The notebook's number, such as "05".
    cluster : KafkaCluster
        It may be stopped: an exercise's `start` starts it again.

    Raises
    ------
    KafkaLabError
        Where the notebook has no exercises, or `cluster` is no cluster.
    """
    from kafkalab.cluster.cluster import KafkaCluster
    from kafkalab.learn.exercises.task import Task

    found = exercises_of(notebook)
    if not isinstance(cluster, KafkaCluster):
        raise KafkaLabError(
            f"Exercises need a cluster and got {type(cluster).__name__}.",
            fix=f'run the cell that starts the cluster, then exercises.load("{notebook}", cluster)',
        )
    return tuple(Task(exercise, cluster) for exercise in found)


def exercises_of(notebook: str) -> tuple[Exercise, ...]:
    """The exercises themselves, without a cluster."""
    modules = {name[2:4]: name for name in module_names()}
    if not isinstance(notebook, str) or notebook not in modules:
        raise KafkaLabError(
            f"There are no exercises for notebook {notebook!r}.",
            fix=f"use one of these: {', '.join(sorted(modules))}",
        )
    found: tuple[Exercise, ...] = import_module(f"{__name__}.{modules[notebook]}").EXERCISES
    words = words_of(Path(__file__).with_name(f"{modules[notebook]}.md"))
    return tuple(replace(each, words=words[each.number]) for each in found)


def module_names() -> list[str]:
    """Names of the modules that hold exercises, such as `nb05_keys_and_partitions`."""
    return sorted(m.name for m in iter_modules(__path__) if m.name.startswith("nb"))

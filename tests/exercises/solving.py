"""Solving an exercise as a learner would: in the notebook, with its functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any

import nbformat
from confluent_kafka import Consumer

from kafkalab import KafkaCluster
from kafkalab.learn.exercises.exercise import Exercise
from kafkalab.settings import Settings
from tests.conftest import need_service
from tests.notebooks.needs import services_in

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
DEFINES = "defines"


@cache
def notebook_functions(number: str) -> CodeType:
    """What a solution may use: the notebook's imports, and the functions of its cells with the tag
    `defines`. No client of the notebook is among them: it may be of a cluster that was stopped."""
    [path] = NOTEBOOKS.rglob(f"{number}_*.ipynb")
    code = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    imports, functions = ast.Import | ast.ImportFrom, ast.FunctionDef
    kept: list[ast.stmt] = [
        statement
        for cell in code
        for statement in ast.parse(cell.source).body
        if isinstance(statement, imports)
        or (DEFINES in cell.metadata.get("tags", []) and isinstance(statement, functions))
    ]
    return compile(ast.Module(kept, type_ignores=[]), path.name, "exec")


@contextmanager
def solved(exercise: Exercise, cluster: KafkaCluster) -> Iterator[Any]:
    """Run the solution; what it leaves as `answer`. Skip or fail where a service is not here.

    Consumers in it are closed at the end, as the last lines of their notebook's cell do.
    """
    for service in services_in(exercise.solution):
        need_service(service, Settings.from_environment().backend)
    names: dict[str, Any] = {"cluster": cluster}
    exec(notebook_functions(exercise.number[:2]), names)  # noqa: S102
    exec(exercise.solution, names)  # noqa: S102
    answer = names.get("answer")
    try:
        yield answer
    finally:
        for each in answer if isinstance(answer, list) else ():
            if isinstance(each, Consumer):
                each.close()

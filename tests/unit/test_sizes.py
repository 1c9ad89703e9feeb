"""Modules and functions of package and demos stay small enough to be read at one sitting."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

HELPERS = Path(__file__).resolve().parents[2] / "helpers"
MODULES = sorted(HELPERS.rglob("*.py"))
MOST_LINES = 400
MOST_CODE = 40


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(HELPERS)))
def test_a_module_and_its_functions_are_short(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= MOST_LINES, "cut it by idea"
    assert {name: code for name, code in lengths(source) if code > MOST_CODE} == {}


def lengths(source: str) -> Iterator[tuple[str, int]]:
    """Each function's name and its lines of code: without docstring, comments and blank lines."""
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            documented = ast.get_docstring(node) is not None
            text = range(first.lineno, (first.end_lineno or 0) + 1) if documented else range(0)
            own = range(node.lineno, (node.end_lineno or 0) + 1)
            code = (lines[i - 1].strip() for i in own if i not in text)
            yield node.name, sum(bool(line) and not line.startswith("#") for line in code)


def test_it_counts_code_alone() -> None:
    source = 'def f():\n    """Says.\n\n    More.\n    """\n    # why\n    a = 1\n\n    return a\n'
    assert list(lengths(source)) == [("f", 3)]

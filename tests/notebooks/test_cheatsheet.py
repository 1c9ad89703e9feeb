"""Each line of the cheat sheet stands in the notebook of its row.

`<word>` on the sheet matches one word, `…` anything short. Console lines are looked for in the
strings of the code cells, in the markdown and in the command lines that the cells print, without
`bin/` and `--bootstrap-server`; Python is looked for in the code cells. Blanks do not count.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest

from tests.notebooks import canonical
from tests.notebooks.structure import NOTEBOOKS, ROOT, all_notebooks

SHEET = ROOT / "docs" / "cheatsheet.md"
TEXT = SHEET.read_text(encoding="utf-8")
MOST_ROWS = 30
MOST_ROWS_OF_USE_CASES = 30
LAST_OF_QUICK_START = "12"

_SERVER = re.compile(r"--bootstrap-server\s+\S+")
_WORD, _MORE = r"[^\s\"'()\[\]{},]+?", r".{0,400}?"
_HOLE = re.compile(r"<[\w ]+>|…")


@dataclass(frozen=True)
class Row:
    """One row of the sheet: its task, its lines, and the notebooks that it links."""

    task: str
    console: tuple[str, ...]
    python: tuple[str, ...]
    notebooks: tuple[Path, ...]


def rows(text: str) -> list[Row]:
    lines = text.splitlines()
    heads = {above for above, line in pairwise(lines) if line.startswith("|---")}
    table = [line for line in lines if line.startswith("| ") and line not in heads]
    return [_row(*(part.strip() for part in line.strip("|").split("|"))) for line in table]


def _row(task: str, console: str, python: str, links: str) -> Row:
    paths = re.findall(r"\]\(([^)]+)\)", links)
    return Row(
        task,
        tuple(re.findall(r"`([^`]+)`", console)),
        tuple(re.findall(r"`([^`]+)`", python)),
        tuple((SHEET.parent / unquote(path)).resolve() for path in paths),
    )


def missing(row: Row) -> Iterator[str]:
    """The lines of a row that stand in none of its notebooks."""
    code = "".join(_bare(source) for path in row.notebooks for source in _code(path))
    told = "\n".join(_told(line) for path in row.notebooks for line in _lines(path))
    for line in row.python:
        if not re.search(_pattern(_bare(line), _WORD), code):
            yield line
    for line in row.console:
        # a whole word must match: `--topic order` does not stand for `--topic orders`
        if not re.search(_pattern(_told(line), r"\S+") + r"(?![\w-])", told):
            yield line


def _pattern(line: str, word: str) -> str:
    holes = [_MORE if hole == "…" else word for hole in _HOLE.findall(line)]
    parts = [re.escape(part) for part in _HOLE.split(line)]
    return "".join(a + b for a, b in zip(parts, [*holes, ""], strict=True))


def _bare(text: str) -> str:
    return re.sub(r"\s+", "", text)


def _told(line: str) -> str:
    return " ".join(_SERVER.sub("", line).replace("bin/", "").split())


def _cells(path: Path, kind: str) -> Iterator[nbformat.NotebookNode]:
    yield from (c for c in nbformat.read(path, as_version=4).cells if c.cell_type == kind)


def _code(path: Path) -> Iterator[str]:
    yield from (cell.source for cell in _cells(path, "code"))


def _lines(path: Path) -> Iterator[str]:
    for cell in _cells(path, "markdown"):
        yield from cell.source.splitlines()
    for cell in _cells(path, "code"):
        yield from _strings(cell.source)
        for output in cell.outputs:
            for _, text in canonical.texts(output):
                yield from (line for line in text.splitlines() if line.startswith("$ "))


def _strings(source: str) -> Iterator[str]:
    """The strings of a cell; what an f-string fills in is `{}`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            parts = (v.value if isinstance(v, ast.Constant) else "{}" for v in node.values)
            yield "".join(str(part) for part in parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


PAGE, USE_CASES = map(rows, TEXT.split("## Use cases"))
ROWS = [*PAGE, *USE_CASES]


def test_the_quick_start_is_one_page() -> None:
    assert 20 <= len(PAGE) <= MOST_ROWS
    assert 1 <= len(USE_CASES) <= MOST_ROWS_OF_USE_CASES
    assert all(row.console or row.python for row in ROWS)
    assert len({row.task for row in ROWS}) == len(ROWS)


def test_it_has_every_notebook() -> None:
    quick_start = {path for path in all_notebooks() if path.name < LAST_OF_QUICK_START}
    for part, wanted in ((PAGE, quick_start), (USE_CASES, set(all_notebooks()) - quick_start)):
        linked = {path for row in part for path in row.notebooks}
        assert {path.name for path in wanted - linked} == set()
        assert linked <= wanted, "a link that leads to no notebook of its part"


def test_where_a_start_begins_is_said_with_the_group() -> None:
    """`auto.offset.reset` alone would be false: a group with a bookmark goes on from it."""
    lines = [line for row in ROWS for line in row.python if "auto.offset.reset" in line]
    assert len(lines) == 2
    assert [line for line in lines if '"group.id": "<new group>"' not in line] == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.task.replace(" ", "-"))
def test_its_lines_stand_in_the_notebook(row: Row) -> None:
    assert list(missing(row)) == []


@pytest.mark.parametrize(
    ("console", "python"),
    [
        ("bin/kafka-topics.sh --create --partitions 2 --topic <topic>", ""),
        ("bin/kafka-topics.sh --describe --topic order", ""),
        ("kafka-nothing.sh --list", ""),
        ("", 'admin.delete_topics("<topic>")'),
        ("", "admin.list_topics(timeout=7).topics"),
        ("", 'show.topic(cluster, "<topic>", 3)'),
    ],
)
def test_a_line_that_is_not_there_is_named(console: str, python: str) -> None:
    path = NOTEBOOKS / "quickstart" / "02_create_topic.ipynb"
    lines = tuple(filter(None, [console])), tuple(filter(None, [python]))
    assert list(missing(Row("a task", *lines, (path,)))) == [console or python]

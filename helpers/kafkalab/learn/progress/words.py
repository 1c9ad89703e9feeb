"""The map of the series as text, as HTML, and as plain data."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from html import escape
from itertools import groupby

from kafkalab.common.tables import text_table
from kafkalab.common.words import NOTHING, clipped
from kafkalab.learn.progress.facts import Done, SeriesMap

WIDTH = 88
"""Columns, where nobody says how many there are."""

HEADER = ("notebook", "predictions", "exercises", "state")
_LEAST_TITLE = 12
_NUMBERS = frozenset({1, 2})


def as_text(found: SeriesMap, said: str = "", width: int = WIDTH) -> str:
    """A table no wider than `width` as far as titles can be cut, and what comes next.

    `said` is one more sentence, such as where the record is.
    """
    wide = _table(found, width)
    over = max(map(len, wide.splitlines())) - width
    longest = max(len(_name(row)) for row in found.rows)
    table = wide if over <= 0 else _table(found, max(longest - over, _LEAST_TITLE))
    told = [textwrap.fill(line, max(width, _LEAST_TITLE)) for line in _sentences(found, said)]
    return "\n".join([textwrap.fill(_headline(found), max(width, _LEAST_TITLE)), table, *told])


def as_html(found: SeriesMap, said: str = "") -> str:
    """A table in which each group of notebooks is a row group, and what comes next.

    It has neither classes nor colors: a notebook colors plain tables by its own theme, and an
    untrusted one would strip them.
    """
    first, *more = HEADER
    head = _head("col", first) + "".join(f'<th scope="col">{escape(name)}</th>' for name in more)
    groups = "".join(_html_group(name, rows) for name, rows in _groups(found))
    told = "".join(f"<div>{escape(line)}</div>" for line in _sentences(found, said))
    return (
        f"<table><caption>{escape(_headline(found))}</caption>"
        f"<thead><tr>{head}</tr></thead>{groups}</table>{told}"
    )


def as_data(found: SeriesMap) -> dict[str, object]:
    """The same as plain data, for JSON."""
    return {
        "notebooks": [
            {
                "number": row.notebook.number,
                "title": row.notebook.title,
                "group": row.notebook.group,
                "questions": len(row.notebook.questions),
                "predicted": row.predicted,
                "exercises": [number for number, _ in row.notebook.exercises],
                "solved": list(row.solved),
                "solved_after_solution": list(row.helped),
            }
            for row in found.rows
        ]
    }


def _headline(found: SeriesMap) -> str:
    return (
        f"Your progress: {found.solved} of {found.exercises} exercises solved, "
        f"{found.predicted} of {found.questions} predictions made"
    )


def _sentences(found: SeriesMap, said: str) -> Iterator[str]:
    """What stands below the table."""
    if found.next_exercise is not None:
        number, title = found.next_exercise
        yield f"Next exercise: {number} {title}"
    if found.next_notebook is not None:
        yield f"Next notebook: {found.next_notebook.number} {found.next_notebook.title}"
    if found.helped:
        yield f"Solved after the solution was shown: {', '.join(found.helped)}"
    if said:
        yield said


def _groups(found: SeriesMap) -> Iterator[tuple[str, list[Done]]]:
    """The name of each group, such as "Use cases", and its notebooks."""
    for group, rows in groupby(found.rows, key=lambda row: row.notebook.group):
        yield group.replace("_", " ").capitalize(), list(rows)


def _table(found: SeriesMap, most: int) -> str:
    rows: list[tuple[str, ...]] = []
    for name, group in _groups(found):
        if name:
            rows.append((name, "", "", ""))
        rows.extend((clipped(_name(row), most), *_cells(row)) for row in group)
    return text_table(HEADER, rows, right=_NUMBERS)


def _html_group(name: str, rows: list[Done]) -> str:
    head = f"<tr>{_head('rowgroup', name, len(HEADER))}</tr>"
    body = "".join(
        f"<tr>{_head('row', _name(row))}"
        f"{''.join(f'<td>{escape(cell)}</td>' for cell in _cells(row))}</tr>"
        for row in rows
    )
    return f"<tbody>{head if name else ''}{body}</tbody>"


def _head(scope: str, text: str, columns: int = 1) -> str:
    """A head with its words at the left: JupyterLab moves those of tables to the right."""
    across = f' colspan="{columns}"' if columns > 1 else ""
    return f'<th scope="{scope}"{across} style="text-align:left">{escape(text)}</th>'


def _name(row: Done) -> str:
    return f"{row.notebook.number} {row.notebook.title}"


def _cells(row: Done) -> tuple[str, str, str]:
    return (
        _share(row.predicted, len(row.notebook.questions)),
        _share(len(row.solved), len(row.notebook.exercises)),
        "done" if row.is_done else "begun" if row.is_begun else "to do",
    )


def _share(done: int, of: int) -> str:
    return f"{done} of {of}" if of else NOTHING

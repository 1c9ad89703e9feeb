"""Plain data as a table: in a fixed-width font, and in HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape


def text_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], *, right: frozenset[int] = frozenset()
) -> str:
    """Columns two spaces apart; those whose index is in `right` are aligned to the right."""
    from tabulate import tabulate  # loads wcwidth: not before a table is shown

    aligned = ["right" if i in right else "left" for i in range(len(header))]
    # the header as a row: tabulate pads one that is given apart
    lines = [header, *rows]
    table = tabulate(lines, tablefmt="plain", colalign=aligned, disable_numparse=True)
    return "\n".join(line.rstrip() for line in table.splitlines())


def html_table(caption: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The first cell of each row is its head.

    It has neither classes nor a style sheet: a notebook colors plain tables by its own theme,
    and an untrusted one would strip them.
    """
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in header)
    body = "".join(
        f'<tr><th scope="row">{escape(first)}</th>'
        f"{''.join(f'<td>{escape(cell)}</td>' for cell in more)}</tr>"
        for first, *more in rows
    )
    return (
        f"<table><caption>{escape(caption)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )

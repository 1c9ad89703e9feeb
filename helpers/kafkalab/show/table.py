"""The cluster's own table: plain data in, text and HTML out."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kafkalab.cluster import Broker

HEADER = ("broker", "address", "state")


def cluster_table(rows: Sequence[Broker]) -> tuple[str, str]:
    """The brokers as a text table and as an HTML table.

    The HTML has neither classes nor a style sheet: a notebook colours plain tables by its own
    theme, and an untrusted one would strip them.

    Returns
    -------
    tuple of str
        Text and HTML.
    """
    ordered = sorted(rows, key=lambda row: row.node_id)
    cells = [(str(row.node_id), row.address, row.state) for row in ordered]
    caption = _caption(ordered)
    return f"{caption}\n{text_table(HEADER, cells)}", _html(caption, cells)


def text_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], *, right: frozenset[int] = frozenset()
) -> str:
    """Columns two spaces apart; those whose index is in `right` are aligned to the right."""
    lines = [list(header), *map(list, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _caption(rows: Sequence[Broker]) -> str:
    noun = "broker" if len(rows) == 1 else "brokers"
    running = sum(row.state == "running" for row in rows)
    rest = "" if running == len(rows) else f", {running} running"
    return f"Kafka cluster: {len(rows)} {noun}{rest}"


def _html(caption: str, cells: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{name}</th>' for name in HEADER)
    body = "".join(
        f'<tr><th scope="row">{escape(broker)}</th><td>{escape(address)}</td>'
        f"<td>{escape(state)}</td></tr>"
        for broker, address, state in cells
    )
    return (
        f"<table><caption>{escape(caption)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )

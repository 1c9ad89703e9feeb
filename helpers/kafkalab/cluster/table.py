"""The cluster's own table: plain data in, text and HTML out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from kafkalab.common.tables import html_table, text_table

HEADER = ("broker", "address", "state")


class BrokerRow(Protocol):
    """What the table tells of a broker."""

    @property
    def node_id(self) -> int: ...
    @property
    def address(self) -> str: ...
    @property
    def state(self) -> str: ...


def cluster_table(rows: Sequence[BrokerRow]) -> tuple[str, str]:
    """The brokers as a text table and as an HTML table.

    Returns
    -------
    tuple of str
        Text and HTML.
    """
    ordered = sorted(rows, key=lambda row: row.node_id)
    cells = [(str(row.node_id), row.address, row.state) for row in ordered]
    caption = _caption(ordered)
    return f"{caption}\n{text_table(HEADER, cells)}", html_table(caption, HEADER, cells)


def _caption(rows: Sequence[BrokerRow]) -> str:
    noun = "broker" if len(rows) == 1 else "brokers"
    running = sum(row.state == "running" for row in rows)
    rest = "" if running == len(rows) else f", {running} running"
    return f"Kafka cluster: {len(rows)} {noun}{rest}"

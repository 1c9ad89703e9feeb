"""Charts of the windows that are closed, drawn again in the same place of a notebook."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from IPython.display import DisplayHandle, display
from matplotlib.axes import Axes
from matplotlib.figure import Figure

WORDS = "Dashboard: CPU utilization, readings and brokers by windows"
_STYLES = ("o-", "s--", "^:")
"""Hosts are told apart by marks and lines as well as by colors."""


@dataclass(frozen=True)
class _Panel:
    series: str
    column: str
    title: str
    unit: str
    top: float


_CPU = _Panel(
    "system.cpu.utilization", "mean", "CPU utilization, mean of each window", "1 = limit", 1.8
)
_READINGS = _Panel("system.cpu.utilization", "count", "Readings by window", "readings", 6)
_BROKERS = _Panel("kafka.brokers", "mean", "Brokers that answer", "brokers", 4)


class Dashboard:
    """Three charts over one time axis.

    Parameters
    ----------
    tables : mapping of int to DataFrame
        Start of a window in seconds → its summary, a row for each host and series with the columns
        ``count`` and ``mean``. It is looked at again at each drawing.
    window : int
        Seconds of a window.
    thresholds : sequence of float
        Lines in the first chart.
    """

    def __init__(
        self, tables: Mapping[int, pd.DataFrame], window: int, thresholds: Sequence[float] = ()
    ) -> None:
        self._tables = tables
        self._window = window
        self._thresholds = thresholds
        self._handle: DisplayHandle | None = None

    def show(self) -> None:
        """Show it under the cell that runs; from now on it is drawn again there."""
        shown: Any = display(  # type: ignore[no-untyped-call]
            self._bundle(), raw=True, metadata=_ALTERNATIVE, display_id=True
        )
        self._handle = shown

    def update(self) -> None:
        """Draw it again where it was shown last."""
        if self._handle is None:
            self.show()
        else:
            self._handle.update(self._bundle(), raw=True, metadata=_ALTERNATIVE)  # type: ignore[no-untyped-call]

    def draw(self) -> Figure:
        """The charts as they are now."""
        figure = Figure(figsize=(8, 7), layout="constrained")
        panels = (_CPU, _READINGS, _BROKERS)
        for axis, panel in zip(figure.subplots(len(panels), sharex=True), panels, strict=True):
            axis.set(title=panel.title, ylabel=panel.unit, ylim=(0, panel.top))
            axis.grid(axis="y", alpha=0.3)
            if self._tables:
                self._plot(axis, panel)
            if panel is _CPU:
                for threshold in self._thresholds:
                    axis.axhline(threshold, color="black", linewidth=0.8)
        axis.set_xlabel("seconds since the first window")
        return figure

    def _plot(self, axis: Axes, panel: _Panel) -> None:
        first, last = min(self._tables), max(self._tables)
        starts = range(first, last + self._window, self._window)
        found = pd.concat(dict(self._tables))[panel.column]
        lines = found[found.index.get_level_values(-1) == panel.series].droplevel(-1).unstack()
        lines = lines.reindex(starts)  # a window in which nothing came has no table
        if panel.column == "count":
            lines = lines.fillna(0)
        seconds = [start - first for start in starts]
        for name, style in zip(lines.columns, _STYLES, strict=False):
            axis.plot(seconds, lines[name], style, label=str(name), alpha=0.8)
        if len(lines.columns):
            axis.legend(loc="upper left", ncols=len(_STYLES))

    def _bundle(self) -> dict[str, str]:
        drawn = io.BytesIO()
        self.draw().savefig(drawn, format="png", dpi=100)
        return {"image/png": base64.b64encode(drawn.getvalue()).decode(), "text/plain": WORDS}


_ALTERNATIVE = {"image/png": {"alt": WORDS}}

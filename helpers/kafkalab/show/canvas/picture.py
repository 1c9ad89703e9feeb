"""What `show` returns: one picture in the forms that a reader may need."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

from kafkalab.common.interrupts import import_whole

if TYPE_CHECKING:
    import pandas as pd

SMALLEST = 0.9
"""To what share of its size a drawing shrinks: its smallest text, of 11 pixels, stays at 10."""


@dataclass(frozen=True, repr=False)
class Picture:
    """A picture of the cluster as it was when it was drawn.

    Attributes
    ----------
    text : str
        The same in words; stands alone.
    svg : str
        The drawing, as a file that any browser opens.
    columns : mapping of str to str
        The frame's columns and their types.
    rows : sequence of tuple
        The frame's rows.
    """

    text: str
    svg: str
    columns: Mapping[str, str] = field(hash=False)
    rows: Sequence[tuple[object, ...]]

    @property
    def frame(self) -> pd.DataFrame:
        """The facts of the picture as a DataFrame."""
        import_whole("pandas")
        import pandas as pd

        return pd.DataFrame(
            {
                name: pd.Series([row[i] for row in self.rows], dtype=kind)
                for i, (name, kind) in enumerate(self.columns.items())
            }
        )

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/html": self._html, "image/svg+xml": self.svg, "text/plain": self.text}

    @property
    def _html(self) -> str:
        """The drawing inside the page, and the text for a page that shows no drawing.

        JupyterLab shows image/svg+xml as an `<img>`: without its theme, and without a name for a
        screen reader. Where a notebook is not trusted, it removes `<svg>` and leaves its bare
        words, removes a `display` that is not on its list, and unwraps a `<template>`: then the
        words are hidden and the text shows.

        Where the page is narrower than the drawing, the drawing shrinks a little, and then
        scrolls: by the pointer, or by the arrow keys once it has the focus.
        """
        return (
            '<div hidden="hidden" style="display:initial">'
            f'<div tabindex="0" style="overflow-x:auto">{_no_narrower(self.svg)}</div></div>'
            f"<template><pre>{escape(self.text)}</pre></template>"
        )


def _no_narrower(drawing: str) -> str:
    """The drawing in a box that keeps it wide enough to be read."""
    width = re.search(r'viewBox="0 0 (\d+)', drawing)
    least = SMALLEST * int(width[1]) if width else 0
    return f'<div style="min-width:{least:.0f}px">{drawing}</div>'

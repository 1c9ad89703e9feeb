"""Cards: a few words that a cell shows, such as a verdict, in HTML and as text."""

from __future__ import annotations

import html
import reprlib
import textwrap
from dataclasses import dataclass

WIDTH = 88
_BOX = (
    "border:1px solid var(--jp-border-color1,#8c959f);border-left-width:6px;padding:0.5em 0.9em;"
    "margin:0.3em 0;max-width:52em;line-height:1.45"
)
_REPR = reprlib.Repr()
_REPR.maxstring = _REPR.maxother = 80


@dataclass(frozen=True)
class Card:
    """What a cell shows: a title, a word or two that say the state, and a body.

    Attributes
    ----------
    title, state, body : str
        Each line of `body` is a paragraph; words between backticks are shown as code.
    code : bool
        The body is code and keeps its line breaks.
    """

    title: str
    state: str
    body: str
    code: bool = False

    def __str__(self) -> str:
        head = f"{self.title} · {self.state}" if self.state else self.title
        if self.code:
            return f"{head}\n{textwrap.indent(self.body, '    ')}"
        paragraphs = (
            textwrap.fill(line, WIDTH, break_long_words=False, break_on_hyphens=False)
            for line in self.body.splitlines()
        )
        return "\n".join([head, *paragraphs])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        state = f" · <strong>{html.escape(self.state)}</strong>" if self.state else ""
        body = (
            f"<pre>{html.escape(self.body)}</pre>"
            if self.code
            else "".join(f"<div>{_marked(line)}</div>" for line in self.body.splitlines())
        )
        return f'<div style="{_BOX}"><div>{html.escape(self.title)}{state}</div>{body}</div>'


def short(value: object, limit: int = 80) -> str:
    """A repr that never raises, never runs a generator, and fits a sentence."""
    try:
        text = _REPR.repr(value)
    except Exception:  # an object's own __repr__ may do anything
        text = f"an object of type {type(value).__name__}"
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _marked(line: str) -> str:
    """The line as HTML, `words` as code."""
    parts = line.split("`")
    if len(parts) % 2 == 0:
        return html.escape(line)
    return "".join(
        f"<code>{html.escape(part)}</code>" if number % 2 else html.escape(part)
        for number, part in enumerate(parts)
    )

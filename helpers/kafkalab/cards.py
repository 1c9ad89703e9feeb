"""Cards: a few words that a cell shows, such as a verdict, in HTML and as text."""

from __future__ import annotations

import html
import reprlib
import textwrap
from dataclasses import dataclass

WIDTH = 88
_BOX = (
    "border:1px solid #8c959f;border-left:6px solid {colour};padding:0.5em 0.9em;"
    "margin:0.3em 0;max-width:{width}em;line-height:1.45"
)
# plain colours that show on light and dark: an untrusted notebook drops the theme's variables
_COLOURS = {"correct": "#1a7f37", "not yet": "#bc4c00"}
_COLOUR = "#57606a"
_TEXT_WIDTH, _CODE_WIDTH = 52, 66  # em: lines that are read, and lines of 100 signs
_ITEM = "- "
_REPR = reprlib.Repr()
_REPR.maxstring = _REPR.maxother = 80
_REPR.maxlist = _REPR.maxtuple = _REPR.maxset = _REPR.maxfrozenset = _REPR.maxdict = 20
_REPR.maxlevel = 3  # deeper, a list that holds itself twenty times would take for ever


@dataclass(frozen=True)
class Card:
    """What a cell shows: a title, a word or two that say the state, and a body.

    Attributes
    ----------
    title, state, body : str
        Each line of `body` is a paragraph, or an item of a list where it begins with "- "; words
        between backticks are shown as code.
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
        return "\n".join([head, *map(_filled, self.body.splitlines())])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        state = f" · <strong>{html.escape(self.state)}</strong>" if self.state else ""
        body = (
            f"<pre>{html.escape(self.body)}</pre>"
            if self.code
            else "".join(map(_paragraph, self.body.splitlines()))
        )
        width = _CODE_WIDTH if self.code else _TEXT_WIDTH
        box = _BOX.format(colour=_COLOURS.get(self.state, _COLOUR), width=width)
        return f'<div style="{box}"><div>{html.escape(self.title)}{state}</div>{body}</div>'


def short(value: object, limit: int = 80) -> str:
    """A repr that never raises, never runs a generator, and fits a sentence."""
    try:
        text = _REPR.repr(value)
    except (Exception, SystemExit):  # an object's own __repr__ may do anything
        text = f"an object of type {type(value).__name__}"
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _filled(line: str) -> str:
    """The line as text, no longer than `WIDTH` where it has blanks."""
    indent = "  " if line.startswith(_ITEM) else ""
    return textwrap.fill(
        line, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _paragraph(line: str) -> str:
    """The line as an HTML element."""
    if line.startswith(_ITEM):
        marked = _marked(line.removeprefix(_ITEM))
        return f'<div style="margin:0.2em 0 0 1em">• {marked}</div>'
    return f'<div style="margin:0.4em 0 0 0">{_marked(line)}</div>'


def _marked(line: str) -> str:
    """The line as HTML, `words` as code."""
    parts = line.split("`")
    if len(parts) % 2 == 0:
        return html.escape(line)
    return "".join(
        f"<code>{html.escape(part)}</code>" if number % 2 else html.escape(part)
        for number, part in enumerate(parts)
    )

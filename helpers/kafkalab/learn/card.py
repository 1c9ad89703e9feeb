"""Cards: a few words that a cell shows, such as a verdict, in HTML and as text."""

from __future__ import annotations

import html
import reprlib
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

WIDTH = 88
_BOX = (
    "border:1px solid #8c959f;border-left:6px solid {color};padding:0.5em 0.9em;"
    "margin:0.3em 0;max-width:{width}em;line-height:1.45"
)
# plain colors that show on light and dark: an untrusted notebook drops the theme's variables
_COLORS = {"correct": "#1a7f37", "not yet": "#bc4c00"}
_COLOR = "#57606a"
_TEXT_WIDTH, _CODE_WIDTH = 52, 66  # em: lines that are read, and lines of 100 signs
_ITEM = "- "
_TAGS = {
    "em_open": "<em>",
    "em_close": "</em>",
    "strong_open": "<strong>",
    "strong_close": "</strong>",
}
_REPR = reprlib.Repr()
_REPR.maxstring = _REPR.maxother = 80
_REPR.maxlist = _REPR.maxtuple = _REPR.maxset = _REPR.maxfrozenset = _REPR.maxdict = 20
_REPR.maxlevel = 3  # deeper, a list that holds itself twenty times would take forever


@dataclass(frozen=True)
class Card:
    """What a cell shows: a title, a word or two that say the state, and a body.

    Attributes
    ----------
    title, state, body : str
        The body is Markdown, as far as paragraphs, lists, code and *emphasis* go; all else stays
        as it is written.
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
        return "\n".join([head, *(_as_text(block) for block in _blocks(self.body))])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        state = f" · <strong>{html.escape(self.state)}</strong>" if self.state else ""
        body = (
            f"<pre>{html.escape(self.body)}</pre>"
            if self.code
            else "".join(map(_as_html, _blocks(self.body)))
        )
        width = _CODE_WIDTH if self.code else _TEXT_WIDTH
        box = _BOX.format(color=_COLORS.get(self.state, _COLOR), width=width)
        return f'<div style="{box}"><div>{html.escape(self.title)}{state}</div>{body}</div>'


def short(value: object, limit: int = 80) -> str:
    """A repr that never raises, never runs a generator, and fits a sentence."""
    try:
        text = _REPR.repr(value)
    except (Exception, SystemExit):  # an object's own __repr__ may do anything
        text = f"an object of type {type(value).__name__}"
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def lined(text: str) -> str:
    """Markdown in which each line of `text` is a paragraph of its own."""
    return "\n\n".join(text.splitlines())


@dataclass(frozen=True)
class _Block:
    """A paragraph, an item of a list, or a block of code.

    Attributes
    ----------
    mark : str
        What an item begins with: "- ", or a number such as "1. "; else "".
    source : str
        As it was written.
    inline : tuple of Token
        Its text in pieces; none of a block of code.
    """

    mark: str
    source: str
    inline: tuple[Token, ...] | None


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("zero").enable(["list", "fence", "backticks", "emphasis"])


def _blocks(body: str) -> Iterator[_Block]:
    mark = ""
    for token in _parser().parse(body):
        if token.type == "list_item_open":
            mark = f"{token.info}. " if token.info else _ITEM
        elif token.type == "list_item_close":
            mark = ""
        elif token.type == "inline":
            yield _Block(mark, " ".join(token.content.split("\n")), tuple(token.children or ()))
            mark = " " * len(mark)
        elif token.type == "fence":
            yield _Block("", token.content.rstrip("\n"), None)


def _as_text(block: _Block) -> str:
    """The block as text, no wider than `WIDTH` where it has blanks."""
    if block.inline is None:
        return textwrap.indent(block.source, "    ")
    return textwrap.fill(
        block.mark + block.source,
        WIDTH,
        subsequent_indent=" " * len(block.mark),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _as_html(block: _Block) -> str:
    """The block as an HTML element."""
    if block.inline is None:
        return f"<pre>{html.escape(block.source)}</pre>"
    marked = "".join(map(_piece, block.inline))
    if block.mark:
        mark = "•" if block.mark == _ITEM else block.mark.strip()
        return f'<div style="margin:0.2em 0 0 1em">{mark} {marked}</div>'
    return f'<div style="margin:0.4em 0 0 0">{marked}</div>'


def _piece(token: Token) -> str:
    """A piece of a line as HTML."""
    if token.type == "code_inline":
        return f"<code>{html.escape(token.content)}</code>"
    return _TAGS.get(token.type) or html.escape(token.content)

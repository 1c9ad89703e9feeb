"""What the tests read in markdown: headings, bold terms, links, pictures."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import mistune

_parse = mistune.create_markdown(renderer=None, plugins=["table"])
Token = Mapping[str, Any]


@dataclass(frozen=True)
class Picture:
    """An image: where it is, and the text for those who cannot see it."""

    url: str
    alternative: str


@dataclass(frozen=True)
class Markdown:
    """The facts of one text; what is in code spans and blocks is no markup."""

    headings: tuple[tuple[int, str], ...]
    terms: tuple[str, ...]
    links: tuple[str, ...]
    pictures: tuple[Picture, ...]
    list_starts: tuple[int, ...]


@functools.cache  # the tests ask for the same texts again and again
def read(text: str) -> Markdown:
    """Read a markdown text."""
    tokens = list(_walk(cast(list[Token], _parse(text))))
    return Markdown(
        headings=tuple((t["attrs"]["level"], _text(t)) for t in tokens if t["type"] == "heading"),
        terms=tuple(_text(t) for t in tokens if t["type"] == "strong"),
        links=tuple(t["attrs"]["url"] for t in tokens if t["type"] == "link"),
        pictures=tuple(
            Picture(t["attrs"]["url"], _text(t).strip()) for t in tokens if t["type"] == "image"
        ),
        list_starts=tuple(
            t["attrs"].get("start", 1)
            for t in tokens
            if t["type"] == "list" and t["attrs"]["ordered"]
        ),
    )


def anchors(headings: tuple[tuple[int, str], ...]) -> set[str]:
    """The anchors that JupyterLab and GitHub give to headings."""
    texts = [text for _, text in headings]
    jupyterlab = {text.replace(" ", "-") for text in texts}
    github = {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in texts}
    return jupyterlab | github


def singular(term: str) -> str:
    """A term as it is looked up: lower case, singular."""
    word = re.sub(r"\s+", " ", term.strip().lower().rstrip(".,:;"))
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _walk(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _walk(token.get("children") or [])


def _text(token: Token) -> str:
    if "children" in token:
        return "".join(_text(child) for child in token["children"])
    return str(token.get("raw", " "))

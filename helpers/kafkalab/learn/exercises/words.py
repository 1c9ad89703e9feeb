"""The words of exercises: Markdown files whose headings name the texts in them.

`nb05_keys_and_partitions.md` stands beside `nb05_keys_and_partitions.py`. A heading of the first
level begins an exercise, one of the second level a text of it; what stands between them is the
question. `CONTRIBUTING.md` has the list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it.token import Token

ENGINE = Path(__file__).with_name("verdicts.md")
"""Texts that all exercises share; one of the same name in an exercise goes before it."""

FOUND = "Found:"
"""Begins what a check has found, in a text of its own paragraph."""

_NUMBERED = re.compile(r"(\d\d\.\d) (.+)")


@dataclass(frozen=True)
class Words:
    """All texts of one exercise, as Markdown.

    Attributes
    ----------
    number, title, question, ready : str
    hints : tuple of str
    solution : str
        Code.
    texts : mapping of str to str
        Named texts, such as those of verdicts; `$name` stands for a value.
    """

    number: str = ""
    title: str = ""
    question: str = ""
    ready: str = ""
    hints: tuple[str, ...] = ()
    solution: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)

    def say(self, name: str, /, **values: object) -> str:
        """The named text with its values; one without a value for a `$name` raises KeyError.

        What was found and looked for is told as in the text that all exercises share, where the
        exercise's own has only the cause.
        """
        shared = engine_texts().get(name, "")
        text = self.texts.get(name, shared)
        if FOUND not in text:
            text += shared[shared.find(f"\n\n{FOUND}") :] if FOUND in shared else ""
        return Template(text).substitute(values)


def words_of(path: Path) -> dict[str, Words]:
    """The words of all exercises in a file: number → words."""
    found = {}
    for heading, sections in _parts(path):
        numbered = _NUMBERED.fullmatch(heading)
        if numbered is None:
            raise ValueError(f"{path.name}: '# {heading}' is not like '# 05.1 A title'")
        found[numbered[1]] = _words(numbered[1], numbered[2], sections)
    return found


@cache
def engine_texts() -> Mapping[str, str]:
    """The texts that all exercises share."""
    [(_, sections)] = _parts(ENGINE)
    return dict(sections[1:])


def _words(number: str, title: str, sections: list[tuple[str, str]]) -> Words:
    texts = {name: text for name, text in sections if name not in ("", "hint")}
    return Words(
        number=number,
        title=title,
        question=sections[0][1],
        ready=texts.pop("ready", ""),
        hints=tuple(text for name, text in sections if name == "hint"),
        solution=_code(texts.pop("solution", "")),
        texts=texts,
    )


def _parts(path: Path) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Each heading of the first level with the texts under it: (name or "", text)."""
    source = path.read_text(encoding="utf-8")
    lines = source.splitlines()
    heads = list(_headings(_tokens(source)))
    ends = [start for _, _, start, _ in heads[1:]] + [len(lines)]
    part: tuple[str, list[tuple[str, str]]] | None = None
    for (level, name, _, begin), end in zip(heads, ends, strict=True):
        text = _unwrapped("\n".join(lines[begin:end]).strip("\n"))
        if level == 1:
            if part is not None:
                yield part
            part = (name, [("", text)])
        elif part is not None:
            part[1].append((name, text))
    if part is not None:
        yield part


def _unwrapped(text: str) -> str:
    """The text with each paragraph in one line; code blocks stay as they are."""
    lines: list[str | None] = list(text.splitlines())
    for token in _tokens(text):
        if token.type == "inline" and token.map:
            first, end = token.map
            parts = [line for line in lines[first:end] if line is not None]
            joined = " ".join([parts[0].rstrip(), *(part.strip() for part in parts[1:])])
            lines[first:end] = [joined, *[None] * (end - first - 1)]
    return "\n".join(line for line in lines if line is not None)


def _headings(tokens: list[Token]) -> Iterator[tuple[int, str, int, int]]:
    """(level, text, first line, line after it) of headings of the first two levels."""
    for token, inline in pairwise(tokens):
        if token.type == "heading_open" and token.tag in ("h1", "h2") and token.map:
            yield int(token.tag[1]), inline.content, token.map[0], token.map[1]


def _code(text: str) -> str:
    """The contents of the code blocks of a text."""
    return "\n".join(token.content for token in _tokens(text) if token.type == "fence")


def _tokens(source: str) -> list[Token]:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").parse(source)

"""Parts of the page that programs of their own write, each between its marks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_ANY = re.compile(r"<!-- (\w+): begin -->.*?<!-- \1: end -->\n", re.DOTALL)


def marked(name: str, text: str) -> str:
    """The text between the marks of its name."""
    return f"<!-- {name}: begin -->\n\n{text}\n\n<!-- {name}: end -->\n"


def with_section(page: str, name: str, section: str) -> str:
    """The page with the section of that name replaced, or added at its end."""
    old = re.compile(f"<!-- {name}: begin -->.*?<!-- {name}: end -->\n", re.DOTALL)
    if old.search(page):
        return old.sub(lambda _: section, page)
    return f"{page.rstrip()}\n\n{section}"


def keep(page: str, earlier: str) -> str:
    """`page` with all sections of the page before it."""
    for found in _ANY.finditer(earlier):
        page = with_section(page, found[1], found[0])
    return page


def table(head: Sequence[str], rows: Iterable[Sequence[str]], words: int = 1) -> str:
    """A table in Markdown: its first columns are words, the others numbers, set to the right."""
    lines = [head, ("---",) * words + ("---:",) * (len(head) - words), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)

"""Words that may not come back: where `wording.toml`'s phrases stand in what people read.

Of Python, comments and string constants are read (identifiers are no words); of a notebook, its
markdown, the comments and strings of its code, and the outputs that are not printed: cards, tables
and pictures are ours, what a cell prints is mostly the words of Kafka and its tools.
"""

from __future__ import annotations

import ast
import html
import io
import re
import tokenize
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat

from tests.notebooks import canonical
from tests.notebooks.structure import ROOT, all_notebooks

LIST = Path(__file__).with_name("wording.toml")
FOLDERS = ("docs", "helpers", "tests", "benchmarks", ".ci")
PLAIN = {".css", ".dockerfile", ".html", ".js", ".sh", ".yml"}
NOT_OURS = {"results.md"}  # what `make bench` has written

Passage = tuple[str, int, str]
"""Where (a file, a cell), the line at which it begins, and the text."""


@dataclass(frozen=True)
class Phrase:
    """A phrase that may not come back.

    Attributes
    ----------
    pattern : re.Pattern
        A blank in it is any white space, a line's end included.
    say : str
        What to say instead.
    catches, spares : tuple of str
        Texts that it must and must not find.
    """

    pattern: re.Pattern[str]
    say: str
    catches: tuple[str, ...]
    spares: tuple[str, ...]


def phrases() -> list[Phrase]:
    return [
        Phrase(
            re.compile(entry["pattern"].replace(" ", r"\s+"), re.IGNORECASE),
            entry["say"],
            tuple(entry["catches"]),
            tuple(entry.get("spares", ())),
        )
        for entry in tomllib.loads(LIST.read_text(encoding="utf-8"))["phrase"]
    ]


def faults(passages: Iterator[Passage], listed: list[Phrase]) -> Iterator[str]:
    """Each phrase that a passage holds: its file, its line, and what to say instead."""
    for where, line, text in passages:
        for phrase in listed:
            for found in phrase.pattern.finditer(text):
                at = line + text.count("\n", 0, found.start())
                words = " ".join(found[0].split())
                yield f"{where}:{at}: {words!r}; say: {phrase.say}"


# --- what is read -----------------------------------------------------------------------------


def files() -> list[Path]:
    """All pages, programs and notebooks of the project that hold words of its own."""
    below = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*"))
    found = [*ROOT.glob("*.md"), ROOT / "Makefile", ROOT / "conftest.py", *below]
    kinds = {".md", ".py", *PLAIN}
    read = [
        path
        for path in found
        if path.is_file()
        and (path.suffix in kinds or path.parent == ROOT or _is_script(path))
        and path.name not in NOT_OURS
        and "__pycache__" not in path.parts
    ]
    return sorted({*read, *all_notebooks()})


def _is_script(path: Path) -> bool:
    return not path.suffix and path.is_relative_to(ROOT / ".ci")


def passages(path: Path, text: str | None = None) -> Iterator[Passage]:
    """The words in a file (or in a text that stands for it)."""
    where = str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
    source = path.read_text(encoding="utf-8") if text is None else text
    if path.suffix == ".ipynb":
        yield from _of_notebook(where, source)
    elif path.suffix == ".py":
        yield from of_python(where, source)
    else:
        yield where, 1, source


def of_python(where: str, source: str) -> Iterator[Passage]:
    """Comments, those in a row as one, and string constants, adjacent parts as one."""
    yield from _comments(where, source)
    inside: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            inside |= {id(part) for part in node.values}
            parts = (p.value if isinstance(p, ast.Constant) else "…" for p in node.values)
            yield where, node.lineno, "".join(map(str, parts))
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in inside
        ):
            yield where, node.lineno, node.value


def _comments(where: str, source: str) -> Iterator[Passage]:
    first, told = 0, list[str]()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        if told and token.start[0] != first + len(told):
            yield where, first, "\n".join(told)
            told = []
        first = first if told else token.start[0]
        told.append(token.string.lstrip("# "))
    if told:
        yield where, first, "\n".join(told)


def _of_notebook(where: str, source: str) -> Iterator[Passage]:
    for number, cell in enumerate(nbformat.reads(source, as_version=4).cells, start=1):
        place = f"{where}, cell {number} of all"
        if cell.cell_type == "markdown":
            yield place, 1, cell.source
            continue
        try:
            yield from of_python(place, cell.source)
        except SyntaxError:  # a cell that shows one
            yield place, 1, cell.source
        for output in cell.outputs:
            if output.output_type != "stream":
                yield from _of_output(place, output)


def _of_output(place: str, output: nbformat.NotebookNode) -> Iterator[Passage]:
    for kind, text in canonical.texts(output):
        if kind == "traceback":
            continue
        words = html.unescape(re.sub(r"<[^>]*>", " ", text)) if "<" in text else text
        yield f"{place}, {kind}", 1, words

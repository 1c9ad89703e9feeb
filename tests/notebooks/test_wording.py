"""Words that may not come back are nowhere in what people read."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tests.notebooks import wording
from tests.notebooks.structure import ROOT

PHRASES = wording.phrases()
FIX, BROKEN = PHRASES[0], PHRASES[2]


def _folder(path: Path) -> str:
    inside = path.relative_to(ROOT).parts
    return inside[0] if len(inside) > 1 else "."


@pytest.mark.parametrize("folder", sorted({_folder(path) for path in wording.files()}))
def test_no_such_words(folder: str) -> None:
    read = [path for path in wording.files() if _folder(path) == folder]
    found = [fault for path in read for fault in wording.faults(wording.passages(path), PHRASES)]
    assert not found, "\n".join(found)


# --- it catches -------------------------------------------------------------------------------


@pytest.mark.parametrize("phrase", PHRASES, ids=lambda phrase: phrase.pattern.pattern[:40])
def test_each_phrase_catches_its_own_and_no_more(phrase: wording.Phrase) -> None:
    assert phrase.catches
    missed = [text for text in phrase.catches if not phrase.pattern.search(text)]
    hit = [text for text in phrase.spares if phrase.pattern.search(text)]
    assert (missed, hit) == ([], [])


BAD = FIX.catches[0]
HALVES = BROKEN.catches[0].split("\n")
STRING = f'"""Fine.\n\nNot so: {BAD}\n"""\n'


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("a.md", f"Fine.\n\n{BAD}\n", 3),
        ("a.py", STRING, 3),
        ("a.py", f"fine = 1\n# fine\n# {BAD}\n", 3),
        ("a.py", f"fine = 1  # {BAD}\n", 1),
        ("a.py", f'say(\n    f"{{fine}} {BAD}"\n)\n', 2),
        ("a.py", f'say(\n    "{HALVES[0]} "\n    "{HALVES[1]}"\n)\n', 2),
        ("a.py", f"# {HALVES[0]}\n# {HALVES[1]}\n", 1),
    ],
)
def test_it_names_file_line_phrase_and_what_to_say(name: str, text: str, line: int) -> None:
    [found] = wording.faults(wording.passages(Path(name), text), PHRASES)
    assert found.startswith(f"{name}:{line}: '")
    assert "; say: " in found


def test_identifiers_are_no_words() -> None:
    names = "def {0}(a: int) -> int:\n    return {0}(a)\n".format(FIX.catches[0].split()[1])
    assert not list(wording.faults(wording.passages(Path("a.py"), names), PHRASES))


def test_of_a_notebook_it_reads_all_but_what_cells_print() -> None:
    card = new_output("execute_result", {"text/plain": BAD, "text/html": f"<b>{BAD}</b>"})
    printed = new_output("stream", name="stdout", text=BAD)
    cells = [
        new_markdown_cell(f"Fine.\n\n{BAD}"),
        new_code_cell(f"# {BAD}\ntext = {BAD!r}", outputs=[printed, card]),
    ]
    text = nbformat.writes(new_notebook(cells=cells))
    found = wording.faults(wording.passages(Path("a.ipynb"), text), PHRASES)
    assert sorted(fault.split(": '")[0] for fault in found) == [
        "a.ipynb, cell 1 of all:3",
        "a.ipynb, cell 2 of all, text/html:1",
        "a.ipynb, cell 2 of all, text/plain:1",
        "a.ipynb, cell 2 of all:1",
        "a.ipynb, cell 2 of all:2",
    ]


def test_all_kinds_of_files_are_read() -> None:
    read = {str(path.relative_to(ROOT)) for path in wording.files()}
    assert {
        "README.md",
        "Makefile",
        ".ci/run",
        "docs/glossary.md",
        "helpers/kafkalab/errors.py",
        "helpers/kafkalab/learn/exercises/verdicts.md",
        "notebooks/00_start_here.ipynb",
        "tests/notebooks/test_wording.py",
    } <= read

"""The notebooks of the series, as the committed files have them: what there is to do in each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kafkalab.errors import KafkaLabError

RECORDED = 'predict("", why="")'
"""What a cell has in which a prediction is recorded."""

_NAME = re.compile(r"\d\d_\w+")
_TITLE = re.compile(r"^# (\d\d) · (.+)$", re.MULTILINE)
_EXERCISE = re.compile(r"^### Exercise (\d\d\.\d): (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Notebook:
    """What there is to do in a notebook.

    Attributes
    ----------
    number, title : str
        Such as "03" and "Write events".
    group : str
        The folder it is in, such as "use_cases"; "" for the first notebook.
    questions : tuple of str
        The ids of the cells in which a prediction is recorded.
    exercises : tuple of (str, str)
        Number and title, such as ("03.1", "Find the key").
    """

    number: str
    title: str
    group: str
    questions: tuple[str, ...]
    exercises: tuple[tuple[str, str], ...]


def notebooks(originals: Path) -> tuple[Notebook, ...]:
    """All notebooks in the order of the series; others that lie next to them are left out.

    Parameters
    ----------
    originals : Path
        The folder of the committed notebooks.

    Raises
    ------
    KafkaLabError
        Where one cannot be read.
    """
    paths = (path for path in originals.rglob("*.ipynb") if _belongs(path))
    return tuple(_read(path, originals) for path in sorted(paths, key=lambda path: path.name))


def _belongs(path: Path) -> bool:
    """Whether the file is named like one of the series, and not like a copy that Jupyter made."""
    return bool(_NAME.fullmatch(path.stem)) and ".ipynb_checkpoints" not in path.parts


def question_ids(originals: Path) -> frozenset[str]:
    """The ids of all cells in which a prediction is recorded: no two notebooks share one."""
    return frozenset(cell for notebook in notebooks(originals) for cell in notebook.questions)


def _read(path: Path, originals: Path) -> Notebook:
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        text = "\n".join(_sources(cells, "markdown"))
        number, title = _TITLE.findall(text)[0]
        asking = [c["id"] for c in cells if RECORDED in "".join(_sources([c], "code"))]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise KafkaLabError(
            f"{path} cannot be read as a notebook of the series ({type(error).__name__}).",
            fix=f'bring it back as it was committed: git checkout -- "{path}"',
        ) from error
    group = path.relative_to(originals).parent.name
    return Notebook(number, title, group, tuple(asking), tuple(_EXERCISE.findall(text)))


def _sources(cells: list[dict[str, Any]], kind: str) -> Iterator[str]:
    for cell in cells:
        if cell["cell_type"] == kind:
            yield "".join(cell["source"])

"""Where the learner's copies of the notebooks are, and whether this kernel runs one of them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from kafkalab.errors import KafkaLabError

ORIGINALS = "notebooks"
COPIES = "my-lab"
"""The folder of the copies, beside that of the originals."""
FIRST = "00_start_here.ipynb"


def repository(start: Path | None = None) -> Path:
    """The checkout: the folder that holds `notebooks/00_start_here.ipynb`.

    Looked for in `start` (by default the current folder) and the folders above it, then where an
    editable install of the package lies.

    Raises
    ------
    KafkaLabError
        Where there is none.
    """
    here = (start or Path.cwd()).absolute()
    for folder in (here, *here.parents, Path(__file__).resolve().parents[3]):
        if (folder / ORIGINALS / FIRST).is_file():
            return folder
    raise KafkaLabError(
        f"The notebooks are not here: no {ORIGINALS}/{FIRST}.",
        tried=f"to find it in {here} and the folders above it",
        fix="run the command in the folder of the repository that you cloned",
    )


def lab_around(folder: Path) -> Path | None:
    """The folder of copies that `folder` is or lies in; None where it lies in none."""
    for each in (folder, *folder.parents):
        if each.name == COPIES and (each.parent / ORIGINALS / FIRST).is_file():
            return each
    return None


def lab_of_this_kernel() -> Path | None:
    """The folder of copies in which this kernel runs; None elsewhere, and outside of kernels.

    Jupyter starts a kernel in the folder of its notebook.
    """
    if _shell() is None:
        return None
    try:
        return lab_around(Path.cwd())
    except OSError:  # the folder was removed meanwhile
        return None


def running_cell() -> str:
    """The id of the cell that runs now, which a copy has from its original; "" where unknown.

    JupyterLab sends it with each cell; not every client of kernels does.
    """
    shell = _shell()
    parent = {} if shell is None else shell.get_parent() or {}
    return str(parent.get("metadata", {}).get("cellId") or "")


def _shell() -> Any:
    """IPython's shell where this process is a kernel, else None."""
    if "ipykernel" not in sys.modules:
        return None
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    return shell if hasattr(shell, "kernel") else None

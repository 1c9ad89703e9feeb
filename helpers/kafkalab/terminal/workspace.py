"""The learner's own copies of the notebooks, and JupyterLab on them.

Committed notebooks hold outputs. A learner should predict first, so a copy without outputs is
what opens. The copies keep the repository's layout and lie beside `notebooks/`, so relative links
work in them as they do in the originals.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from kafkalab.errors import KafkaLabError
from kafkalab.learn.lab import COPIES, FIRST

if TYPE_CHECKING:
    from nbformat import NotebookNode

_NOT_COPIED = {".ipynb_checkpoints", "__pycache__"}


@dataclass(frozen=True)
class Reset:
    """What `reset` did.

    Attributes
    ----------
    fresh : Path
        The new copy, without outputs.
    kept : Path or None
        Where the learner's old copy lies now; None where there was none.
    """

    fresh: Path
    kept: Path | None


def prepare(source: Path, target: Path) -> list[Path]:
    """Copy what the learner does not have yet; what is there already is never touched.

    Parameters
    ----------
    source : Path
        The folder of the committed notebooks.
    target : Path
        The folder of the copies; made where it is missing.

    Returns
    -------
    list of Path
        The copies that were made now: notebooks without outputs and trusted, and the files
        that lie beside them.

    Raises
    ------
    KafkaLabError
        Where a copy cannot be written.
    """
    if not source.is_dir():
        raise KafkaLabError(
            f"There is no folder {source} to copy notebooks from.",
            fix="run the command in the folder of the repository that you cloned",
        )
    made = []
    for original in _files(source):
        copy = target / original.relative_to(source)
        if not _exists(copy):
            _copy(original, copy)
            made.append(copy)
    return made


def reset(name: str, source: Path, target: Path) -> Reset:
    """Bring a fresh copy of one notebook and keep the learner's own beside it.

    Parameters
    ----------
    name : str
        A number (`03` or `3`), a file name with or without `.ipynb`, or a path.
    source, target : Path
        As in `prepare`.

    Raises
    ------
    KafkaLabError
        Where no notebook has the name, or the copy cannot be written.
    """
    original = _find(name, source)
    fresh = target / original.relative_to(source)
    kept = None
    if _exists(fresh):
        kept = _free_name(fresh)
        try:
            fresh.rename(kept)
        except OSError as error:
            raise _not_writable(fresh, error) from error
    _copy(original, fresh)
    return Reset(fresh, kept)


def reset_all(source: Path, target: Path) -> list[Reset]:
    """Bring a fresh copy of every notebook, as `reset` does of one."""
    names = [path.relative_to(source).as_posix() for path in _notebooks(source)]
    return [reset(name, source, target) for name in names]


def lab_command(
    root: Path,
    notebook: Path | None = None,
    *,
    browser: bool = True,
    port: int | None = None,
) -> list[str]:
    """The command that opens JupyterLab on a copy.

    JupyterLab takes the next free port, makes a token and prints the address with both. Settings
    of the user's own stay, and win over the two that are given here: a kernel starts without
    asking, and nothing asks for news.

    Parameters
    ----------
    root : Path
        The folder that JupyterLab shows: the checkout, so that links to `docs/` work.
    notebook : Path, optional
        What opens; by default the copy of the first notebook.
    browser : bool
        Whether a browser is opened.
    port : int, optional
        Where to look for a free port from.
    """
    opened = notebook or root / COPIES / FIRST
    settings = resources.files("kafkalab") / "data" / "lab"
    address = quote(opened.absolute().relative_to(root.absolute()).as_posix())
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        f"--ServerApp.root_dir={root.absolute()}",
        f"--LabApp.default_url=/lab/tree/{address}",
        f"--LabApp.app_settings_dir={settings}",
    ]
    if port is not None:
        command.append(f"--ServerApp.port={port}")
    if not browser:
        command.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    return command


def _files(source: Path) -> Iterator[Path]:
    for path in sorted(source.rglob("*")):
        if path.is_file() and _NOT_COPIED.isdisjoint(path.relative_to(source).parts):
            yield path


def _notebooks(source: Path) -> list[Path]:
    return [path for path in _files(source) if path.suffix == ".ipynb"]


def _find(name: str, source: Path) -> Path:
    wanted = name.strip().replace("\\", "/").removesuffix(".ipynb")
    number = wanted.zfill(2) if wanted.isdecimal() else wanted
    known = _notebooks(source)
    for original in known:
        relative = original.relative_to(source).with_suffix("").as_posix()
        names = {relative, original.stem, original.stem.split("_")[0]}
        if number in names or Path(wanted).name == original.stem:
            return original
    existing = ", ".join(path.stem for path in known) or "none"
    raise KafkaLabError(
        f"There is no notebook {name!r}.",
        tried=f"to find it among {existing}",
        fix="give its number or its name: kafkalab reset 00",
    )


def _exists(copy: Path) -> bool:
    try:
        return copy.exists()
    except OSError as error:  # a folder that may not even be looked into
        raise _not_writable(copy, error) from error


def _free_name(copy: Path) -> Path:
    number = 1
    while True:
        kept = copy.with_name(f"{copy.stem}.before-reset-{number}{copy.suffix}")
        if not kept.exists():
            return kept
        number += 1


def _copy(original: Path, copy: Path) -> None:
    partial = copy.with_name(f".{copy.name}.partial")
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        if original.suffix == ".ipynb":
            partial.write_text(_without_outputs(original), encoding="utf-8", newline="\n")
        else:
            shutil.copyfile(original, partial)
        partial.replace(copy)
    except OSError as error:
        raise _not_writable(copy, error) from error


def _without_outputs(original: Path) -> str:
    """The notebook's text without outputs and counts; JupyterLab will trust that text."""
    import nbformat
    from nbconvert.preprocessors import ClearOutputPreprocessor

    notebook = nbformat.read(original, as_version=4)
    notebook, _ = ClearOutputPreprocessor().preprocess(notebook, {})
    # what the learner runs is trusted anyhow, so a copy without a signature is a copy all the same
    with contextlib.suppress(OSError):
        _trust(notebook)
    return str(nbformat.writes(notebook)) + "\n"


def _trust(notebook: NotebookNode) -> None:
    from jupyter_core.paths import jupyter_data_dir
    from nbformat.sign import NotebookNotary

    folder = Path(jupyter_data_dir())
    folder.mkdir(parents=True, exist_ok=True)
    # the folder is named, or the notary would read the configuration of every Jupyter app
    notary = NotebookNotary(data_dir=str(folder))
    notary.sign(notebook)
    notary.store.close()


def _not_writable(path: Path, error: OSError) -> KafkaLabError:
    return KafkaLabError(
        f"{path} cannot be written: {error.strerror or error}.",
        tried="to write your copy of a notebook",
        fix=f"free some disk space, or make the folder yours: "
        f'sudo chown -R "$USER" "{path.parent}"',
    )

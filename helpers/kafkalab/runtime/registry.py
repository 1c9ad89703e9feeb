"""What runs for this user: one folder a run in the cache, with a record in it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from kafkalab.errors import KafkaLabError
from kafkalab.runtime.owner import Owner

RECORD = "run.json"


@dataclass(frozen=True)
class RunRecord:
    """What another process must know about a run.

    Attributes
    ----------
    label : str
        Names its processes or containers, and its folder.
    program : str
        What runs, such as ``kafka`` or ``redis``.
    backend : str
        docker or process: where it runs.
    owner : Owner or None
        None for one that stands, which lives until `kafkalab stop`.
    name : str
        What its user called it; empty for a kernel's usual one.
    image : str
        The container image, for Docker; else empty.
    details : mapping of str to object
        What only this program has; plain data.
    engine : str
        The address of the engine that holds its containers; empty for the current one.
    """

    label: str
    program: str
    backend: str
    owner: Owner | None
    name: str = ""
    image: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    engine: str = ""

    @property
    def standing(self) -> bool:
        return self.owner is None

    @property
    def leftover(self) -> bool:
        """True where the owner has died and nobody will stop it."""
        return self.owner is not None and not self.owner.alive

    def write(self, run_dir: Path) -> None:
        target = run_dir / self.label / RECORD
        partial = target.with_suffix(".partial")
        partial.write_text(json.dumps(asdict(self)), encoding="utf-8")
        partial.replace(target)


def make_run_dir(run_dir: Path) -> None:
    """Make the folder of all runs, before anything of one is there."""
    _make_folder(run_dir, exist_ok=True)


def run_folder(run_dir: Path, label: str) -> Path:
    """Make the run's own folder, readable by its user only."""
    return _make_folder(run_dir / label, exist_ok=False)


def _make_folder(folder: Path, *, exist_ok: bool) -> Path:
    try:
        folder.mkdir(parents=True, mode=0o700, exist_ok=exist_ok)
    except OSError as error:
        raise KafkaLabError(
            f"The folder {folder} cannot be created: {error.strerror or error}.",
            tried="to make the folder that holds data and logs",
            fix="free some disk space, or choose a folder that you may write to: "
            "export KAFKALAB_CACHE=/path/to/a/folder",
        ) from error
    return folder


def records(run_dir: Path) -> Iterator[RunRecord]:
    """All runs that have a record; folders without a readable one are passed over."""
    try:
        paths = sorted(run_dir.glob(f"*/{RECORD}"))
    except OSError:  # another user's
        return
    for path in paths:
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            owner = Owner(**data.pop("owner")) if data["owner"] else data.pop("owner")
            yield RunRecord(owner=owner, **data)
        except (OSError, ValueError, KeyError, TypeError):
            continue

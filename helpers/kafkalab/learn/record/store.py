"""The file of a record: read, and changed by several kernels at once.

It is written whole and then put in its place, without waiting for the disk: after a power cut
the last entries may be missing, and a file that was cut off is set aside like any damaged one.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from kafkalab.learn.record.entries import DamagedError, NewerError, Record, dumps, loads

FILE = ".progress.json"
LOCK = ".progress.lock"
LOCK_SECONDS = 5.0
"""For other kernels, each of which takes milliseconds."""


@dataclass(frozen=True)
class Reading:
    """A record, and what to say of its file: "" where there is nothing to say."""

    record: Record
    said: str = ""


def read(lab: Path) -> Reading:
    """What is recorded in a lab; never raises. What is no record is set aside."""
    try:
        with contextlib.ExitStack() as held:
            with contextlib.suppress(OSError, NotImplementedError):  # such as a read-only folder
                held.enter_context(_locked(lab))
            return _read(lab)
    except NewerError:
        return Reading(
            Record(), f"{FILE} was written by a newer version of kafkalab and is left alone."
        )
    except OSError as error:
        return Reading(Record(), f"{FILE} cannot be read: {error.strerror or error}.")


def change(lab: Path, by: Callable[[Record], Record]) -> str:
    """Change the record of a lab; kernels that do so at once wait for each other.

    Returns
    -------
    str
        What to say of the file, such as that it was damaged and is set aside; mostly "".

    Raises
    ------
    OSError
        Where it cannot be written, or another kernel holds it for `LOCK_SECONDS`.
    NotImplementedError
        On a file system without locks.
    NewerError
        Where a newer version wrote it; it is left alone.
    """
    with _locked(lab):
        found = _read(lab)
        after = by(found.record)
        if after != found.record:
            _write(lab / FILE, dumps(after))
        return found.said


def forget(lab: Path, by: Callable[[Record], Record]) -> Path | None:
    """Take entries out of the record of a lab, and keep the file as it was beside it.

    Returns
    -------
    Path or None
        The file that was kept; None where there was nothing to forget.

    Raises
    ------
    OSError, NotImplementedError, NewerError
        As in `change`.
    """
    if not (lab / FILE).exists():
        return None
    with _locked(lab):
        before = _read(lab).record
        after = by(before)
        if after == before:
            return None
        kept = _free_name(lab, "before-reset")
        shutil.copyfile(lab / FILE, kept)
        _write(lab / FILE, dumps(after))
        return kept


@contextmanager
def _locked(lab: Path) -> Iterator[None]:
    with FileLock(lab / LOCK, timeout=LOCK_SECONDS):
        yield


def _read(lab: Path) -> Reading:
    path = lab / FILE
    try:
        return Reading(loads(path.read_bytes().decode("utf-8")))
    except FileNotFoundError:
        return Reading(Record())
    except (DamagedError, UnicodeDecodeError):
        kept = _free_name(lab, "damaged")
        path.rename(kept)
        return Reading(
            Record(),
            f"{FILE}, the record of your progress, could not be read. It is kept as {kept.name}, "
            "and a new record begins.",
        )


def _write(path: Path, text: str) -> None:
    partial = path.with_name(f"{path.stem}-{os.urandom(8).hex()}.partial")
    try:
        # half a surrogate pair in an answer becomes \udxxx, which JSON reads as the same
        partial.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _free_name(lab: Path, why: str) -> Path:
    number = 1
    while (kept := lab / f".progress.{why}-{number}.json").exists():
        number += 1
    return kept

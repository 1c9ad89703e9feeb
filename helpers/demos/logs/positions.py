"""How far an agent has come in each file, in a small file that survives it."""

from __future__ import annotations

import json
import os
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from pathlib import Path

from demos.logs.durable import sync

KEPT_SECONDS = 24 * 3600
"""How long a file that is nowhere to be seen is remembered."""


@dataclass
class Position:
    """One file, and how far it has come.

    Attributes
    ----------
    file_id : str
    log, path : str
        See `LogRecord`.
    device, inode : int
    head : str
        Its first bytes, as hexadecimal digits: an inode is used again, a file cut short and filled.
    ended : bool
        Whether it was cut short or deleted: what has its inode by now is another file.
    acked : int
        Kafka has acknowledged all bytes before this offset.
    cuts : list of int
        Ends of events beyond `acked` that the clock has closed. They are kept before the events
        are sent: who reads on from `acked` again closes them there, whatever has come since.
    born, seen : float
        When the file was first and last found, in seconds since 1970.
    """

    file_id: str
    log: str
    path: str
    device: int
    inode: int
    head: str = ""
    ended: bool = False
    acked: int = 0
    cuts: list[int] = field(default_factory=list)
    born: float = 0.0
    seen: float = 0.0

    def acknowledge(self, end: int) -> None:
        """All up to `end` has been acknowledged."""
        self.acked = max(self.acked, end)
        self.cuts = [cut for cut in self.cuts if cut > self.acked]


class Positions:
    """All files of an agent.

    Parameters
    ----------
    file : Path
        Where they are kept; read now, where it is there.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self.files: dict[tuple[int, int], Position] = {}
        self._saved = ""
        self._promised: set[tuple[str, int]] = set()
        if file.exists():
            for kept in json.loads(file.read_text(encoding="utf-8")):
                self.put(Position(**kept))

    def put(self, position: Position) -> None:
        """Remember a file; one that had its inode before is forgotten."""
        self.files[position.device, position.inode] = position

    def forget_old(self, now: float, followed: Collection[str]) -> None:
        """Forget files that are nowhere to be seen, but for those with a `followed` id."""
        self.files = {
            place: position
            for place, position in self.files.items()
            if now - position.seen < KEPT_SECONDS or position.file_id in followed
        }

    def save_promises(self, now: float) -> None:
        """Before events are sent: keep new files' ids and new cuts, also through a power failure.

        Sent again under another id, an event would count as another one.
        """
        promises = {(p.file_id, cut) for p in self.files.values() for cut in (0, *p.cuts)}
        if not promises <= self._promised:
            self._write(self._text(now), durable=True)
            self._promised = promises

    def save(self, now: float) -> None:
        """Keep all of it, if it has changed: after a power failure it may be older."""
        text = self._text(now)
        if text != self._saved:
            self._write(text, durable=False)

    def _text(self, now: float) -> str:
        kept = [p for p in self.files.values() if now - p.seen < KEPT_SECONDS]
        return json.dumps([asdict(position) for position in kept])

    def _write(self, text: str, *, durable: bool) -> None:
        """The old ones or the new ones, never a half."""
        new = self._file.with_suffix(".new")
        with new.open("w", encoding="utf-8") as file:
            file.write(text)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        new.replace(self._file)
        if durable:
            sync(self._file.parent)  # until then the rename may be undone
        self._saved = text

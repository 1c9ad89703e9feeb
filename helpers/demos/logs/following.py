"""All logs of a host: found, followed through rotation, the old file before the new one."""

from __future__ import annotations

import glob
import hashlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from demos.logs.positions import Position, Positions
from demos.logs.tail import HEAD_BYTES, Event, Tail

PACKED = (".gz", ".zst", ".bz2", ".xz", ".zip")
SEEN_SECONDS = 60
"""How old the time at which a file was last found may be."""
GROWING_SECONDS = 60
"""How long a file may have a first line that has no end yet, until it counts as it is."""
_LOG = re.compile(r"(.+?\.log)(?:[.-].*)?")


@dataclass(frozen=True)
class Source:
    """Which files are read, and how their lines are events.

    Attributes
    ----------
    pattern : str
        Such as ``/var/log/kafka/*.log*``; with the names that rotated files get, so that files
        rotated while no agent ran are found. Not where a rotation copies the file and cuts it
        short: its copies are the same lines once more.
    starts : str
        A regular expression of what a line begins with that begins an event; empty where each
        line is one.
    """

    pattern: str
    starts: str = ""


def log_name(path: str) -> str:
    """What a log's rotated files share: `server.log` of `server.log.2026-11-29-01`."""
    name = Path(path).name
    found = _LOG.fullmatch(name)
    return found[1] if found else name


class Follower:
    """Reads what the sources' files get.

    Parameters
    ----------
    sources : sequence of Source
    positions : Positions
    clock : callable
        Seconds since 1970.
    quiet_seconds : float
        How long a file may rest until the last event in it counts as whole.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        positions: Positions,
        clock: Callable[[], float],
        quiet_seconds: float,
    ) -> None:
        self._sources = [
            (source.pattern, re.compile(source.starts.encode()) if source.starts else None)
            for source in sources
        ]
        self._positions = positions
        self._clock = clock
        self._quiet = quiet_seconds
        self._logs: dict[str, list[Tail]] = {}
        """Path of the log without what rotation adds → its files, the oldest first."""
        self._tails: dict[str, Tail] = {}

    def step(self) -> list[tuple[Position, Event]]:
        """Look for files, and read a part of each log.

        The caller saves the positions before it sends the events.
        """
        for pattern, starts in self._sources:
            self._discover(pattern, starts)
        self._tidy(self._clock())
        return [found for tails in self._logs.values() for found in self._read(tails)]

    def close(self) -> None:
        """Close the files; the positions stay."""
        for tail in self._tails.values():
            tail.close_file()

    # --- finding ------------------------------------------------------------------------------

    def _discover(self, pattern: str, starts: re.Pattern[bytes] | None) -> None:
        for path, stat in sorted(_files(pattern), key=lambda found: found[1].st_mtime_ns):
            tails = self._logs.setdefault(str(Path(path).with_name(log_name(path))), [])
            known = self._positions.files.get((stat.st_dev, stat.st_ino))
            if known is None or known.ended:
                self._begin(path, stat, starts, tails, known)
            else:
                self._go_on(known, path, stat, starts, tails)

    def _begin(
        self,
        path: str,
        stat: os.stat_result,
        starts: re.Pattern[bytes] | None,
        tails: list[Tail],
        before: Position | None,
    ) -> None:
        """Follow a file, once it is clear how it begins; `before` had its inode."""
        now = self._clock()
        position = Position("", log_name(path), path, stat.st_dev, stat.st_ino, seen=now)
        position.born = max([now, *(t.position.born + 1e-6 for t in tails)])
        tail = Tail(position, starts)
        if stat.st_size == 0 or not tail.open(path):
            return
        head = tail.head()
        grows = now - stat.st_mtime < GROWING_SECONDS
        if not head or (grows and not head.endswith(b"\n") and len(head) < HEAD_BYTES):
            tail.close_file()
            return
        position.head = head.hex()
        position.file_id = f"{stat.st_ino}-{hashlib.sha256(head).hexdigest()[:8]}"
        if before is not None and before.file_id.startswith(position.file_id):
            position.file_id += f"-{int(now * 1000)}"
        self._positions.put(position)
        self._tails[position.file_id] = tail
        tails.append(tail)

    def _go_on(
        self,
        known: Position,
        path: str,
        stat: os.stat_result,
        starts: re.Pattern[bytes] | None,
        tails: list[Tail],
    ) -> None:
        known.path = path
        if self._clock() - known.seen > SEEN_SECONDS:
            known.seen = self._clock()
        tail = self._tails.get(known.file_id)
        if tail is None:  # the agent is new, the file is not
            tail = self._tails[known.file_id] = Tail(known, starts)
            tails.append(tail)
            tails.sort(key=lambda each: each.position.born)
        same = tail.end == stat.st_size and tail.modified == stat.st_mtime_ns
        done = tail.sent_whole and same and tail is not tails[-1]
        if (done and not tail.is_open) or not tail.open(path):
            return
        if tail.is_another():
            known.ended = True
            self._drop(tail, tails)
            self._begin_again(path, starts, tails, known)

    def _begin_again(
        self, path: str, starts: re.Pattern[bytes] | None, tails: list[Tail], before: Position
    ) -> None:
        try:
            stat = os.stat(path)  # noqa: PTH116
        except OSError:  # it was rotated since: the next step finds it
            return
        self._begin(path, stat, starts, tails, before)

    def _drop(self, tail: Tail, tails: list[Tail]) -> None:
        tail.close_file()
        del self._tails[tail.position.file_id]
        if tail in tails:
            tails.remove(tail)

    def _tidy(self, now: float) -> None:
        """Forget files that are closed and gone: each rotation leaves one."""
        for tails in self._logs.values():
            for tail in list(tails):
                if not tail.is_open and now - tail.position.seen > 2 * SEEN_SECONDS:
                    self._drop(tail, tails)
        self._logs = {log: tails for log, tails in self._logs.items() if tails}
        self._positions.forget_old(now, self._tails.keys())

    # --- reading ------------------------------------------------------------------------------

    def _read(self, tails: list[Tail]) -> Iterator[tuple[Position, Event]]:
        """What the oldest files bring; a newer one waits until they are read to their ends."""
        for tail in list(tails):
            superseded = tail is not tails[-1] or tail.is_deleted
            if tail.is_open:
                now = self._clock()
                events = tail.read(now)
                if not events and tail.at_end():
                    events = tail.close_event(now, self._quiet, superseded=superseded)
                yield from ((tail.position, event) for event in events)
                if not tail.at_end() or (superseded and tail.waits(superseded=True)):
                    return
            if superseded and tail.sent_whole:
                self._leave(tail, tails)

    def _leave(self, tail: Tail, tails: list[Tail]) -> None:
        """Close a file that has been sent whole.

        The position of a deleted one stays: a file that gets its inode, and may begin as it did,
        must get another id.
        """
        if tail.is_deleted:
            tail.position.ended = True
            self._drop(tail, tails)
        tail.close_file()


def _files(pattern: str) -> Iterator[tuple[str, os.stat_result]]:
    for path in glob.glob(pattern):  # noqa: PTH207 - the pattern may be absolute
        if path.endswith(PACKED):
            continue
        try:
            stat = os.stat(path)  # noqa: PTH116
        except OSError:  # it was rotated since, or its folder may not be read
            continue
        if not os.path.isdir(path):  # noqa: PTH112
            yield path, stat

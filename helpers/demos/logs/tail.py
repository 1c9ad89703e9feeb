"""One file that grows, cut into events."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import BinaryIO

from demos.logs.positions import Position

MOST_BYTES = 128 * 1024
"""Of an event: a record has to be under 1 MB, also where each byte takes six in JSON."""
CHUNK = 64 * 1024
HEAD_BYTES = 64


@dataclass(frozen=True)
class Event:
    """Some bytes of a file, from `offset`."""

    offset: int
    data: bytes

    @property
    def end(self) -> int:
        return self.offset + len(self.data)


class Cutter:
    """Bytes come in, events go out.

    Where an event ends depends on the bytes alone, or on the clock, by `close`.

    Parameters
    ----------
    offset : int
        Where the first bytes stand in the file; an event begins there.
    starts : re.Pattern, optional
        What a line begins with that begins an event; others go on with the one before. By default
        each line is one.
    cuts : iterable of int
        Where events end, whatever follows.
    """

    def __init__(
        self, offset: int, starts: re.Pattern[bytes] | None = None, cuts: list[int] | None = None
    ) -> None:
        self.offset = offset
        self._starts = starts
        self._cuts = frozenset(cuts or ())
        self._waiting = b""
        self._whole = 0  # how many bytes of it are lines with their ends

    @property
    def end(self) -> int:
        """Where the next bytes belong."""
        return self.offset + len(self._waiting)

    @property
    def holds_whole_lines(self) -> bool:
        return self._whole > 0

    def add(self, data: bytes) -> list[Event]:
        """The events that these bytes bring to an end."""
        self._waiting += data
        events: list[Event] = []
        while (size := self._next_line()) is not None:
            self._take_line(size, events)
        return events

    def _next_line(self) -> int | None:
        """The length of the next line with its end, None where that has not come yet."""
        found = self._waiting.find(b"\n", self._whole)
        size = (found + 1 if found >= 0 else len(self._waiting)) - self._whole
        forced = [c - self.offset - self._whole for c in self._cuts]
        ahead = min((c for c in forced if 0 < c <= size), default=None)
        if ahead is not None:
            return ahead
        return size if found >= 0 or size > MOST_BYTES else None

    def _take_line(self, size: int, events: list[Event]) -> None:
        line = self._waiting[self._whole : self._whole + size]
        if self._whole and (self._whole + size > MOST_BYTES or self._begins(line)):
            events.append(self._cut(self._whole))
        self._whole += min(size, MOST_BYTES)
        full = size > MOST_BYTES or self._starts is None
        if full or self.offset + self._whole in self._cuts:
            events.append(self._cut(self._whole))

    def _begins(self, line: bytes) -> bool:
        return self._starts is not None and self._starts.match(line) is not None

    def _cut(self, size: int) -> Event:
        event = Event(self.offset, self._waiting[:size])
        self._waiting = self._waiting[size:]
        self.offset, self._whole = event.end, 0
        return event

    def close(self, *, all_of_it: bool) -> list[Event]:
        """The event that waits, ended now; with `all_of_it` a line without its end, too."""
        events = [self._cut(self._whole)] if self._whole else []
        if all_of_it and self._waiting:
            events.append(self._cut(len(self._waiting)))
        return events


class Tail:
    """A file that is read as it grows; it may be renamed meanwhile.

    Parameters
    ----------
    position : Position
        Reads on from what is acknowledged.
    starts : re.Pattern, optional
        See `Cutter`.
    """

    def __init__(self, position: Position, starts: re.Pattern[bytes] | None) -> None:
        self.position = position
        self._cutter = Cutter(position.acked, starts, position.cuts)
        self._file: BinaryIO | None = None
        self._grown = 0.0
        self._last = b""
        self.modified = 0
        """When the file was last modified before it was closed, in nanoseconds since 1970."""

    @property
    def end(self) -> int:
        """All before this has been read."""
        return self._cutter.end

    @property
    def sent_whole(self) -> bool:
        """Whether all that was read is acknowledged."""
        return self.position.acked == self.end

    def open(self, path: str) -> os.stat_result | None:
        """Open it where it is closed.

        None where the path leads to another file by now, or it may not be read: yet.
        """
        if self._file is None:
            try:
                self._file = open(path, "rb", buffering=0)  # noqa: SIM115, PTH123 - stays open
            except OSError:
                return None
        stat = os.fstat(self._file.fileno())
        if (stat.st_dev, stat.st_ino) != (self.position.device, self.position.inode):
            self.close_file()
            return None
        return stat

    def close_file(self) -> None:
        if self._file is not None:
            self.modified = os.fstat(self._file.fileno()).st_mtime_ns
            self._file.close()
            self._file = None

    @property
    def is_open(self) -> bool:
        return self._file is not None

    @property
    def is_deleted(self) -> bool:
        return self._file is not None and os.fstat(self._file.fileno()).st_nlink == 0

    def is_another(self) -> bool:
        """Whether the file was cut short or filled again since it was read.

        Also where its inode is that of a file which was deleted while this program had it closed:
        it may begin as that one did, but the last bytes that were read are others.
        """
        assert self._file is not None, "it has been opened"
        head = bytes.fromhex(self.position.head)
        size = os.fstat(self._file.fileno()).st_size
        last = self._at(self.end - len(self._last), len(self._last))
        return size < self.end or self._at(0, len(head)) != head or last != self._last

    def head(self) -> bytes:
        """The first line, or what there is of it in the first bytes."""
        first, end, _ = self._at(0, HEAD_BYTES).partition(b"\n")
        return first + end

    def _at(self, offset: int, size: int) -> bytes:
        assert self._file is not None, "it has been opened"
        self._file.seek(offset)
        return self._file.read(size)

    def read(self, now: float) -> list[Event]:
        """The events that end in the next bytes; nothing where the file has not grown."""
        data = self._at(self.end, CHUNK)
        if not data:
            return []
        self._grown, self._last = now, (self._last + data)[-HEAD_BYTES:]
        return self._cutter.add(data)

    def at_end(self) -> bool:
        """Whether all of the file has been read."""
        return self._file is None or os.fstat(self._file.fileno()).st_size <= self.end

    def waits(self, *, superseded: bool) -> bool:
        """Whether bytes were read that only the clock can make an event.

        A line without its end is left to wait, but not in a file that a newer one has `superseded`.
        """
        return self._cutter.holds_whole_lines or (superseded and self._cutter.offset < self.end)

    def close_event(self, now: float, seconds: float, *, superseded: bool) -> list[Event]:
        """The event that waits, where the file has not grown for so long; its end is remembered."""
        if now - self._grown < seconds or not self.waits(superseded=superseded):
            return []
        events = self._cutter.close(all_of_it=superseded)
        self.position.cuts.extend(event.end for event in events)
        return events

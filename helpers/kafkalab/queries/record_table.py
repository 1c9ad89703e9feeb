"""Records as columns: taken out of the client's messages batch by batch, as they come.

A message holds its record a second time, so none is kept; and what is done for each record costs
more than the reading, so each column is filled by functions that loop in C.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from confluent_kafka import Message

if TYPE_CHECKING:
    from confluent_kafka._types import HeadersType
    from numpy.typing import NDArray

Headers = list[tuple[str, str | bytes | None]]

NO_TIME = -1
"""The timestamp of a record that has none: of a format older than Kafka 0.10."""


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Let the garbage collector rest while many rows are made.

    It would look at all of them again and again, and none is garbage: a third of the time.
    """
    worked = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if worked:
            gc.enable()


@dataclass
class Table:
    """Records of a topic, in the order in which they came."""

    partitions: list[NDArray[np.int32]] = field(default_factory=list)
    offsets: list[NDArray[np.int64]] = field(default_factory=list)
    times: list[NDArray[np.int64]] = field(default_factory=list)
    keys: list[str | bytes | None] = field(default_factory=list)
    values: list[str | bytes | None] = field(default_factory=list)
    headers: list[Headers] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.values)

    def add(self, partition: int, run: list[Message]) -> None:
        """Add records of one partition, in the order of their offsets."""
        stamps = map(itemgetter(1), map(Message.timestamp, run))
        self.partitions.append(np.full(len(run), partition, np.int32))
        self.offsets.append(np.fromiter(map(Message.offset, run), np.int64, len(run)))
        self.times.append(np.fromiter(stamps, np.int64, len(run)))
        self.keys += _texts(list(map(Message.key, run)))
        self.values += _texts(list(map(Message.value, run)))
        self.headers += _headers(list(map(Message.headers, run)))

    def frame(self) -> pd.DataFrame:
        """All by partition and offset; what was added is given away."""
        partitions = _joined(self.partitions)
        columns = {
            "partition": partitions,
            "offset": _joined(self.offsets),
            "timestamp": _moments(_joined(self.times)),
            "key": _objects(self.keys),
            "value": _objects(self.values),
            "headers": _objects(self.headers),
        }
        frame = pd.DataFrame(columns, copy=False)
        if (np.diff(partitions) < 0).any():
            order = np.argsort(partitions, kind="stable")
            frame = frame.take(order).reset_index(drop=True)
        return frame


def _texts(data: list[bytes | None]) -> list[str | bytes | None]:
    if data.count(None) == len(data):
        return [*data]
    try:
        return [each.decode() for each in data]  # type: ignore[union-attr]  # what is None raises
    except (AttributeError, UnicodeDecodeError):
        return [_text_or_bytes(each) for each in data]


def _text_or_bytes(data: bytes | None) -> str | bytes | None:
    """Text where `data` is UTF-8, else `data`."""
    try:
        return None if data is None else data.decode()
    except UnicodeDecodeError:
        return data


def _headers(found: list[HeadersType | None]) -> list[Headers]:
    if found.count(None) == len(found):
        return [[] for _ in found]
    return [
        [
            (name, value if isinstance(value, str) else _text_or_bytes(value))
            for name, value in (each.items() if isinstance(each, dict) else each or ())
        ]
        for each in found
    ]


def _joined(parts: list[NDArray[Any]]) -> NDArray[np.int64]:
    joined = np.concatenate(parts, dtype=np.int64) if parts else np.empty(0, np.int64)
    parts.clear()
    return joined


def _moments(milliseconds: NDArray[np.int64]) -> pd.Series[pd.Timestamp]:
    moments = milliseconds.astype("datetime64[ms]")
    moments[milliseconds == NO_TIME] = np.datetime64("NaT")
    return pd.Series(moments).dt.tz_localize("UTC")


def _objects(column: list[Any]) -> pd.Series[Any]:
    # object: None stays None, and text and bytes may stand in one column
    objects: pd.Series[Any] = pd.Series(column, dtype=object)
    column.clear()
    return objects

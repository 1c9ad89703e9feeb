"""One partition on its way into the store, with what the store has of it already."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from confluent_kafka import Message

from demos.logs.parts import Part
from demos.logs.record import LogRecord
from demos.logs.store import SCHEMA, Store, as_whole

STRANGE = "unreadable"
"""The host of records that no agent of this kind has written: kept, as all are."""
_STRANGE_ERRORS = (
    *(ValueError, KeyError, TypeError),
    *(AttributeError, OverflowError, RecursionError),  # a list for an object, 1e999, deep nesting
)
REMEMBERED = 1000
"""Of how many files of a host it is known how far they are landed: more than an agent follows."""


@dataclass
class _Host:
    """What is known of a host, and what of it waits to be landed."""

    last: int = -1
    """Kafka's offset up to which the store has everything of it."""
    ends: dict[str, int] = field(default_factory=dict)
    """File id → up to which byte it has been landed, or waits."""
    date: str = ""
    rows: list[dict[str, Any]] = field(default_factory=list)


class Landing:
    """One partition.

    Parameters
    ----------
    store : Store
    series : str
        The topic as the files' names have it.
    partition : int

    Attributes
    ----------
    position : int
        The offset after the last record that was taken.
    moved : bool
        Whether it has taken any since its owner last committed.
    """

    def __init__(self, store: Store, series: str, partition: int) -> None:
        self._store = store
        self._series = series
        self._partition = partition
        self._hosts: dict[str, _Host] = defaultdict(_Host)
        self.position = 0
        self.moved = False

    @classmethod
    def recover(cls, store: Store, series: str, partition: int, parts: Iterable[Part]) -> Landing:
        """Go on from what the store holds: its files' names say how far each host has come.

        Each file also says how far each of the host's files had come with it: so what an agent
        sends again, at another offset of Kafka's, is known.
        """
        landing = cls(store, series, partition)
        found = list(parts)

        def look() -> None:
            for part in _newest(p for p in found if (p.series, p.partition) == (series, partition)):
                host = landing._hosts[part.host]
                host.last, host.ends = part.last, store.ends(part)

        def look_again() -> None:
            try:
                look()
            except FileNotFoundError:  # merged since
                found[:] = store.parts()
                raise

        as_whole(look_again)
        return landing

    @property
    def has_landed(self) -> bool:
        """Whether the store holds anything of this partition."""
        return any(host.last >= 0 for host in self._hosts.values())

    @property
    def rows(self) -> int:
        """How many events wait."""
        return sum(len(host.rows) for host in self._hosts.values())

    def take(self, message: Message) -> None:
        """Let a record wait, where the store does not have it."""
        offset = message.offset() or 0
        self.position, self.moved = offset + 1, True
        came = _record(message)
        host = self._hosts[came.host]
        if offset <= host.last:
            return  # it was landed and not committed
        record = came.beyond(host.ends.get(came.file_id, -1))
        if record is None:
            return  # the agent has sent it again
        date = _date(message)
        if host.rows and host.date != date:
            # each file has one date, and they are made one after the other: so the last one knows
            # of all before it
            self._land(record.host)
        host.date = date
        host.rows.append(_row(record, self._partition, offset))
        host.ends.pop(record.file_id, None)
        host.ends[record.file_id] = record.end

    def land(self) -> int:
        """Make files of all that waits; return how many events were landed."""
        return sum(self._land(name) for name, host in self._hosts.items() if host.rows)

    def _land(self, name: str) -> int:
        host = self._hosts[name]
        rows, first, last = host.rows, host.rows[0]["kafka_offset"], host.rows[-1]["kafka_offset"]
        part = Part(host.date, name, self._series, self._partition, first, last)
        for old in list(host.ends)[:-REMEMBERED]:
            del host.ends[old]
        self._store.add(part, pa.Table.from_pylist(rows, SCHEMA), host.ends)
        print(f"landed {len(rows)} events: {part.path}", flush=True)
        host.last, host.rows = last, []
        return len(rows)


def _newest(parts: Iterable[Part]) -> Iterable[Part]:
    """Of each host the part that reaches furthest."""
    newest: dict[str, Part] = {}
    for part in parts:
        if part.host not in newest or part.last > newest[part.host].last:
            newest[part.host] = part
    return newest.values()


def _date(message: Message) -> str:
    """The day on which it was written to Kafka, in UTC."""
    _, milliseconds = message.timestamp()
    return datetime.fromtimestamp(milliseconds / 1000, UTC).date().isoformat()


def _record(message: Message) -> LogRecord:
    value = message.value() or b""
    try:
        return LogRecord.from_json(value)
    except _STRANGE_ERRORS:
        place = f"{message.topic()}-{message.partition()}"
        return LogRecord.of_bytes(
            value,
            host=STRANGE,
            log=STRANGE,
            path=place,
            file_id=f"{place}@{message.offset()}",
            offset=0,
            observed=datetime.fromtimestamp(message.timestamp()[1] / 1000, UTC),
        )


def _row(record: LogRecord, partition: int, offset: int) -> dict[str, Any]:
    return {
        "observed": record.observed,
        "log": record.log,
        "body": record.body,
        "raw": record.raw,
        "path": record.path,
        "file_id": record.file_id,
        "file_offset": record.offset,
        "file_end": record.end,
        "kafka_partition": partition,
        "kafka_offset": offset,
    }

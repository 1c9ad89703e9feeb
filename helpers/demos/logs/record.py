"""One event of a log on its way: its bytes, and where they stand in which file."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

MOST_OFFSET = 2**63 - 1
"""What a column of the store can hold."""


@dataclass(frozen=True)
class LogRecord:
    """An event: mostly a line, a stack trace with the line that it belongs to, or a piece.

    On the way it has the names of OpenTelemetry's log data model.

    Attributes
    ----------
    host : str
        The node that the agent runs on.
    log : str
        The name that a log's rotated files share, such as ``server.log``.
    path : str
        Where the file was when the event was read.
    file_id : str
        Tells apart all files that a host ever had: inode, and a hash of how it begins.
    offset, end : int
        The event's bytes in the file, its line end included: from `offset`, up to `end`.
    observed : datetime
        When the agent read it.
    body : str
        Without the last line end. A byte that is no UTF-8 shows as U+FFFD.
    raw : bytes or None
        The exact bytes, where the body does not have them.

    Notes
    -----
    Host, `file_id` and `offset` are its id. An agent that has not lost its positions cuts the same
    bytes in the same way each time.

    https://opentelemetry.io/docs/specs/otel/logs/data-model/
    """

    host: str
    log: str
    path: str
    file_id: str
    offset: int
    end: int
    observed: datetime
    body: str
    raw: bytes | None = None

    @classmethod
    def of_bytes(cls, data: bytes, **where: Any) -> LogRecord:
        """The event of these bytes; `where` has all other attributes but `end`."""
        line = data.removesuffix(b"\n")
        end = where["offset"] + len(data)
        try:
            return cls(**where, end=end, body=line.decode("utf-8"))
        except UnicodeDecodeError:
            return cls(**where, end=end, body=line.decode("utf-8", "replace"), raw=line)

    @property
    def data(self) -> bytes:
        """Its bytes as they stand in the file."""
        line = self.body.encode() if self.raw is None else self.raw
        return line if len(line) == self.end - self.offset else line + b"\n"

    def beyond(self, end: int) -> LogRecord | None:
        """What it has behind that byte of the file; None where that is nothing."""
        if end <= self.offset:
            return self
        if end >= self.end:
            return None
        where = {name: getattr(self, name) for name in ("host", "log", "path", "file_id")}
        data = self.data[end - self.offset :]
        return LogRecord.of_bytes(data, **where, offset=end, observed=self.observed)

    @property
    def key(self) -> str:
        """All of one log of one host has one key: so it stays in order."""
        return f"{self.host}/{self.log}"

    def as_json(self) -> bytes:
        """The value of a Kafka record."""
        attributes: dict[str, str | int] = {
            "log.file.name": self.log,
            "log.file.path": self.path,
            "log.file.id": self.file_id,
            "log.file.offset": self.offset,
            "log.file.end": self.end,
        }
        if self.raw is not None:
            attributes["log.record.original.base64"] = base64.b64encode(self.raw).decode()
        value = {
            "observed_timestamp": self.observed.isoformat(timespec="milliseconds"),
            "body": self.body,
            "resource": {"host.name": self.host},
            "attributes": attributes,
        }
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, value: bytes) -> LogRecord:
        """The event in a Kafka record.

        Raises
        ------
        ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError
            The value is not what `as_json` writes.
        """
        given = json.loads(value.decode("utf-8"))  # `loads` alone lets lone surrogates pass
        if b"\\u" in value:
            json.dumps(given, ensure_ascii=False).encode()  # a lone surrogate cannot be encoded
        attributes = given["attributes"]
        raw = attributes.get("log.record.original.base64")
        host = str(given["resource"]["host.name"])
        if not host:
            raise ValueError("an event without a host")
        offset, end = int(attributes["log.file.offset"]), int(attributes["log.file.end"])
        if not 0 <= offset <= end <= MOST_OFFSET:
            raise ValueError(f"no place in a file: from {offset} to {end}")
        return cls(
            host=host,
            log=str(attributes["log.file.name"]),
            path=str(attributes["log.file.path"]),
            file_id=str(attributes["log.file.id"]),
            offset=offset,
            end=end,
            observed=datetime.fromisoformat(given["observed_timestamp"]).astimezone(UTC),
            body=str(given["body"]),
            raw=None if raw is None else base64.b64decode(raw),
        )

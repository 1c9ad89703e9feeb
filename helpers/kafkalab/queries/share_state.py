"""How far a share group is, from the topic in which its coordinator keeps it.

No client can ask for it, and Kafka's own tool starts a JVM: ten seconds on a busy machine. Read are
ShareSnapshot and ShareUpdate of KIP-932, with the count of KIP-1226.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

STATE_TOPIC = "__share_group_state"

_KEY = struct.Struct(">hh")
"""Kind and length of the group's name; the name, the topic's ID and a partition come after it."""
_SNAPSHOT, _UPDATE = struct.Struct(">hiiiqqq"), struct.Struct(">hiiq")
_START = {0: (_SNAPSHOT, 4), 1: (_UPDATE, 3)}
"""Kind → the fixed fields, and which of them is the start offset; -1 leaves it as it was."""
_BATCH_BYTES = 20
_COUNT = b"\x01\x00\x04"
"""One tagged field, number 0, of four bytes."""


def done(records: Iterable[tuple[str | bytes, str | bytes | None]], group: str) -> int | None:
    """The offset up to which the group would be done, were its records answered in order.

    Parameters
    ----------
    records : iterable of (key, value)
        Of `STATE_TOPIC`, in the order of time; of the group's topics the last one counts that was
        not deleted, and one partition of it.
    group : str

    Returns
    -------
    int or None
        The start offset plus the answered records after it; None where the group has begun nothing.
    """
    starts: dict[bytes, tuple[int, int]] = {}
    for key, value in records:
        kind, name, place = _place(_raw(key))
        if name != group:
            continue
        before, _ = starts.pop(place, (0, 0))
        if value is not None:
            start, answered = _progress(kind, _raw(value))
            starts[place] = (before if start < 0 else start), answered
    return sum(list(starts.values())[-1]) if starts else None


def _raw(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


def _place(key: bytes) -> tuple[int, str, bytes]:
    kind, length = _KEY.unpack_from(key)
    end = _KEY.size + length
    return kind, key[_KEY.size : end].decode(), key[end:]


def _progress(kind: int, value: bytes) -> tuple[int, int]:
    fields, place = _START[kind]
    start: int = fields.unpack_from(value)[place]
    batches, at = _varint(value, fields.size)
    tags = value[at + (batches - 1) * _BATCH_BYTES :]
    return start, int.from_bytes(tags[len(_COUNT) :], "big") if tags.startswith(_COUNT) else 0


def _varint(value: bytes, at: int) -> tuple[int, int]:
    """An unsigned number of seven bits a byte, and where it ends."""
    found, shift = 0, 0
    while value[at] & 0x80:
        found |= (value[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
    return found | value[at] << shift, at + 1

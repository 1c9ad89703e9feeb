"""How wrong records are like the right ones, where that has a name in every exercise."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from kafkalab.learn.exercises.answers import number
from kafkalab.learn.exercises.fault import Row

Back = Callable[[Any], str | None]
"""What the learner's value is without the mistake, or None where it has not made it."""


def likeness(found: Sequence[Row], wanted: Sequence[Row], fields: Sequence[str]) -> str:
    """The mistake that all wrong records have in common: the name of the text that tells it, or "".

    Parameters
    ----------
    found, wanted : sequence of tuple
        What the topic holds, and what it should hold.
    fields : sequence of str
        The columns of `read_topic` that the tuples have.
    """
    have, want = Counter(map(plain, found)), Counter(map(plain, wanted))
    strange, missing = [*(have - want).elements()], [*(want - have).elements()]
    if not strange or len(strange) != len(missing):
        return ""
    return next(_mistakes(strange, missing, list(fields)), "")


def plain(row: Row) -> tuple[Hashable, ...]:
    """A row that can be counted, whatever the learner has written."""
    return tuple(value if isinstance(value, Hashable) else repr(value) for value in row)


def _mistakes(strange: list[Row], missing: list[Row], fields: list[str]) -> Iterator[str]:
    if "value" in fields:
        at = fields.index("value")
        for name, back in _BACK.items():
            values = [back(row[at]) for row in strange]
            if None not in values and _same(
                [_put(row, v, at) for row, v in zip(strange, values, strict=True)], missing
            ):
                yield name
    if "key" not in fields:
        return
    key = fields.index("key")
    if "value" in fields:
        at = fields.index("value")
        if _same([_put(_put(row, row[at], key), row[key], at) for row in strange], missing):
            yield "swapped"
    if _same([_put(row, None, key) for row in strange], [_put(row, None, key) for row in missing]):
        yield "no key" if all(row[key] is None for row in strange) else "keys changed"


def _same(rows: Sequence[Row], others: Sequence[Row]) -> bool:
    return Counter(rows) == Counter(others)


def _put(row: Row, value: object, at: int) -> Row:
    return (*row[:at], value, *row[at + 1 :])


# --- values without the mistake -------------------------------------------------------------------


def _out_of_json(value: Any) -> str | None:
    """A text in quotes; of an object or a list with a single value, that value."""
    if not isinstance(value, str) or not value.startswith(("{", "[", '"')):
        return None
    with suppress(ValueError, RecursionError):
        found = json.loads(value)
        while isinstance(found, dict | list) and len(found) == 1:
            found = next(iter(found.values() if isinstance(found, dict) else found))
        return str(found)
    return None


def _out_of_view(value: Any) -> str | None:
    """What is in `b'…'`, as `str` writes bytes."""
    is_view = isinstance(value, str) and value[:2] in ("b'", 'b"') and value[-1] == value[1]
    return value[2:-1] if is_view else None


def _out_of_binary(value: Any) -> str | None:
    """The number in four or eight bytes, as Java's serializers write it."""
    raw = value.encode() if isinstance(value, str) else value
    is_number = isinstance(raw, bytes) and len(raw) in (4, 8)
    return str(int.from_bytes(raw, signed=True)) if is_number else None


def _moved(value: Any, by: int) -> str | None:
    found = number(value) if isinstance(value, str) else None
    return None if found is None else str(found + by)


_BACK: Mapping[str, Back] = {
    "json": _out_of_json,
    "view of bytes": _out_of_view,
    "binary numbers": _out_of_binary,
    "high by one": lambda value: _moved(value, -1),
    "low by one": lambda value: _moved(value, 1),
    "blanks around": lambda value: value.strip() if isinstance(value, str) else None,
}

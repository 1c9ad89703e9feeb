"""What learners hand over, made plain: numbers, texts and lists of them.

A right answer is right in whatever type a program has it: the offset as a number of numpy, the
keys as bytes, the counts as a column of pandas.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from itertools import islice
from numbers import Real
from typing import TypeGuard, cast

MOST = 10_000
LARGEST = 2**63
"""Kafka's offsets and times are smaller, and so are all sums of its exercises."""

_WHOLE = re.compile(r"\s*[+-]?[0-9]{1,19}\s*")
_BYTES = bytes | bytearray | memoryview


def number(answer: object) -> int | None:
    """The whole number that was handed over, also as 3.0 or as text; None where it is none."""
    if isinstance(answer, bool):
        return None
    if isinstance(answer, str | _BYTES):
        return int(digits) if _WHOLE.fullmatch(digits := _decoded(answer)) else None
    with suppress(TypeError):
        return operator.index(answer)  # type: ignore[arg-type]
    if isinstance(answer, Real | Decimal):
        with suppress(ArithmeticError):  # to compare Decimal("NaN") raises
            found = cast(float, answer)
            return int(found) if abs(found) < LARGEST and found == int(found) else None
    return None


def text(answer: object) -> str | None:
    """The text that was handed over, as text, as UTF-8 or as a whole number; or None."""
    if isinstance(answer, str | _BYTES):
        return _decoded(answer)
    found = number(answer)
    return None if found is None or abs(found) >= LARGEST else str(found)


def header(headers: Iterable[tuple[str, object]], name: str) -> str | None:
    """A record's header as text, or None where it has none of that name."""
    return text(dict(headers).get(name))


def texts(answer: object) -> list[str] | None:
    """The texts of a list, a set, a view of a dictionary, an array or a column, or None."""
    if _is_of_pandas(answer):
        answer = _column(answer)
    if not isinstance(answer, Collection) or isinstance(answer, str | _BYTES | Mapping):
        return None
    items = list(islice(answer, MOST + 1))
    found = [item for item in map(text, items) if item is not None]
    return found if len(found) == len(items) <= MOST else None


def numbers_by_text(answer: object) -> dict[str, int] | None:
    """The whole numbers of a dictionary or a pandas Series with texts as keys, or None."""
    if not _has_pairs(answer) or len(answer) > MOST:
        return None
    pairs = [(text(key), number(value)) for key, value in answer.items()]
    found = {key: value for key, value in pairs if key is not None and value is not None}
    return found if len(found) == len(pairs) else None


def some(items: Sequence[str], most: int = 4) -> str:
    """A few items for a sentence: "a, b, c, … (12 in all)"."""
    if len(items) <= most:
        return ", ".join(items) or "none"
    return f"{', '.join(items[:most])}, … ({len(items)} in all)"


def _decoded(answer: str | bytes | bytearray | memoryview) -> str:
    if isinstance(answer, str):
        return answer
    return bytes(answer).decode("utf-8", errors="replace")


def _is_of_pandas(answer: object) -> bool:
    """Whether it is of pandas or numpy, which need not be loaded to say no."""
    return type(answer).__module__.partition(".")[0] in ("pandas", "numpy")


def _has_pairs(answer: object) -> TypeGuard[Mapping[object, object]]:
    """Whether it is a dictionary, or a Series, which has keys and values as one has."""
    if _is_of_pandas(answer):
        return getattr(answer, "ndim", 0) == 1 and hasattr(answer, "items")
    return isinstance(answer, Mapping)


def _column(answer: object) -> object:
    """The items of an array, a Series, an Index or a table of one column; else nothing."""
    import numpy as np

    found = np.asarray(answer)
    if found.ndim == 2 and found.shape[1] == 1:
        found = found[:, 0]
    return found.tolist() if found.ndim == 1 and found.size <= MOST else None

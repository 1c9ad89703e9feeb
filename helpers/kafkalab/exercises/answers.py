"""What learners hand over, made plain: numbers, texts and lists of them."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence

MOST = 10_000


def number(answer: object) -> int | None:
    """The whole number that was handed over, or None."""
    if isinstance(answer, bool):
        return None
    try:
        return operator.index(answer)  # type: ignore[arg-type]
    except TypeError:
        return None


def text(answer: object) -> str | None:
    """The text that was handed over, as text or as UTF-8, or None."""
    if isinstance(answer, str):
        return answer
    if isinstance(answer, bytes):
        return answer.decode("utf-8", errors="replace")
    return None


def texts(answer: object) -> list[str] | None:
    """The texts of a list, tuple, set or pandas column in its order, or None."""
    if type(answer).__module__.partition(".")[0] in ("pandas", "numpy"):
        answer = answer.tolist() if hasattr(answer, "tolist") else None
    if not isinstance(answer, list | tuple | set | frozenset) or len(answer) > MOST:
        return None
    found = [text(item) for item in answer]
    return None if None in found else [item for item in found if item is not None]


def numbers_by_text(answer: object) -> dict[str, int] | None:
    """The whole numbers of a dictionary with texts as keys, or None."""
    if not isinstance(answer, Mapping) or len(answer) > MOST:
        return None
    found = {text(key): number(value) for key, value in answer.items()}
    if None in found or None in found.values():
        return None
    return {key: value for key, value in found.items() if key is not None and value is not None}


def some(items: Sequence[str], most: int = 4) -> str:
    """A few items for a sentence: "a, b, c, … (12 in all)"."""
    if len(items) <= most:
        return ", ".join(items) or "none"
    return f"{', '.join(items[:most])}, … ({len(items)} in all)"

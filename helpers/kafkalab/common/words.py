"""Names, keys and numbers as short printable words, and lines that hold them."""

from __future__ import annotations

from collections.abc import Iterable

import wcwidth

NOTHING = "\N{EN DASH}"
ELLIPSIS = "…"
_JOINER = "\u200d"  # holds emoji together that are made of several


def printable(data: bytes | None) -> str:
    """Bytes as one line of text: UTF-8 where it is, else hexadecimal; never a control character."""
    if data is None:
        return NOTHING
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return f"0x{data.hex()}"
    if not text.strip():
        return f'"{_escaped(text)}"'
    return _escaped(text)


def _escaped(text: str) -> str:
    return "".join(
        character
        if character.isprintable() or character == _JOINER
        else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def columns(text: str) -> int:
    """How many columns of a fixed-width font the text takes: 2 for a wide sign or an emoji."""
    return wcwidth.width(text)


def clipped(text: str, most: int) -> str:
    """`text` within `most` columns, cut between whole signs and marked where it was cut."""
    if columns(text) <= most:
        return text
    kept, used = [], 0
    for sign in wcwidth.iter_graphemes(text):
        used += columns(sign)
        if used > most - 1:
            break
        kept.append(sign)
    return "".join(kept) + ELLIPSIS


def span(start: int, end: int) -> str:
    """Offsets from `start` to before `end`, as they are said: 3, or 3 to 7 with a dash."""
    return str(start) if end - start == 1 else f"{start}{NOTHING}{end - 1}"


def number_ranges(numbers: Iterable[int], most: int = 88) -> str:
    """Numbers in order, runs of them with a dash: 0-2, 5; cut before one that has no room."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1]:
            runs[-1][1] = number + 1
        else:
            runs.append([number, number + 1])
    text = ""
    for start, end in runs:
        more = f"{', ' if text else ''}{span(start, end)}"
        if text and len(text) + len(more) > most - len(", …"):
            return f"{text}, {ELLIPSIS}"
        text += more
    return text


def count(number: int, noun: str) -> str:
    """1 record, 2 records, 1,101 records."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def listing(words: list[str]) -> str:
    """One, two and three."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def wrapped(head: str, pieces: list[str], separator: str, most: int = 88) -> list[str]:
    """`head` and the pieces after it, in lines of about `most` columns that end between pieces."""
    lines = [head]
    for i, piece in enumerate(pieces):
        more = f"{separator if i else ' '}{piece}"
        if columns(lines[-1]) + columns(more) > most:
            lines[-1] += separator.rstrip() if i else ""
            lines.append(f"    {piece}")
        else:
            lines[-1] += more
    return lines


def in_lines(line: str, most: int = 88) -> list[str]:
    """A long line as several, which end after a comma."""
    first, *more = line.split(", ")
    return wrapped(f"{first},", more, ", ", most) if more else [line]

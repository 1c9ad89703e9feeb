"""What a broker or a worker wrote, as a notebook shows it."""

from __future__ import annotations

from typing import Self


class LogText(str):
    """A log that a notebook shows as it is, line by line."""

    __slots__ = ()

    @classmethod
    def of(cls, text: str, last: int | None) -> Self:
        """All of a log, or its `last` lines."""
        return cls(text if last is None else "\n".join(text.splitlines()[-last:]))

    def __repr__(self) -> str:
        return str(self)

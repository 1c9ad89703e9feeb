"""What runs as long as a `with` block."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class RunsInBlock(ABC):
    """Something that a block starts, and that has stopped when the block has ended."""

    @abstractmethod
    def start(self, timeout: float = 60) -> Self:
        """Start it; it can be used when this returns."""

    @abstractmethod
    def stop(self) -> None:
        """Stop it and remove all of it; harmless when it is stopped."""

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

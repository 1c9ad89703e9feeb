"""Waiting for a state, never for a while."""

from __future__ import annotations

import time
from collections.abc import Callable


class Deadline:
    """A point in time that several waits share.

    Parameters
    ----------
    seconds : float
        How long from now.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    @property
    def remaining(self) -> float:
        """Seconds left; 0.0 once the deadline has passed."""
        return max(0.0, self._end - time.monotonic())

    @property
    def passed(self) -> bool:
        return self.remaining == 0.0

    def wait_for(self, state: Callable[[], bool], *, poll: float = 0.02) -> bool:
        """Poll `state` until it holds; False if the deadline passes first."""
        while not state():
            if self.passed:
                return False
            time.sleep(min(poll, self.remaining))
        return True

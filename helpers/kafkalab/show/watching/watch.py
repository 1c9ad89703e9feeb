"""Looks that are taken again and again, in a thread of their own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from kafkalab.common.deadline import Deadline

logger = logging.getLogger(__name__)

JOIN_SECONDS = 1.0

WAIT_SECONDS = 0.5
"""One wait takes no longer: on Windows ■ is answered only when it returns."""

LATE_SECONDS = 8.0
"""After this long without an answer, too, it matters whether to wait on."""

T = TypeVar("T")


class Span(Protocol):
    """The time over which is watched."""

    @property
    def now(self) -> float:
        """Seconds since its beginning."""

    def over(self) -> bool: ...


class Watch(Generic[T]):
    """One thread that asks again and again, and keeps each answer that differs from the last."""

    def __init__(
        self,
        ask: Callable[[], T | None] | None,
        seconds: float,
        history: Span,
        close: Callable[[], None] | None = None,
    ) -> None:
        self._ask = ask
        self._seconds = seconds
        self._history = history
        self._close = close
        self._changed = threading.Condition()
        self._begun = self._done = self._answered = 0
        self._poked = False
        self._thread: threading.Thread | None = None
        self.looks: list[tuple[float, T | None]] = []

    def begin(self) -> None:
        if self._ask is not None:
            self._thread = threading.Thread(target=self._run, daemon=True, name="kafkalab-timeline")
            self._thread.start()

    def ask(self) -> int:
        """Look now; the number of the first look that begins after this call."""
        with self._changed:
            self._poked = True
            self._changed.notify_all()
            return self._begun + 1

    def wait(self, number: int, deadline: Deadline, patient: Callable[[], bool]) -> None:
        """Wait until the look of that number, or a later one, is answered.

        Parameters
        ----------
        number : int
        deadline : Deadline
        patient : callable
            Says after a silent look, or a late one, if an answer is worth the wait.
        """
        seen, late = number - 1, Deadline(LATE_SECONDS)
        while self._thread is not None and not deadline.passed:
            with self._changed:
                if self._done <= seen:
                    self._changed.wait(min(WAIT_SECONDS, deadline.remaining))
                done, answered = self._done, self._answered
            if answered >= number or not self._thread.is_alive():
                return
            if (done > seen or late.passed) and not patient():
                return
            seen = max(seen, done)

    def end(self) -> None:
        with self._changed:
            self._changed.notify_all()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(JOIN_SECONDS)

    def _run(self) -> None:
        try:
            while not self._history.over():
                self._look()
                with self._changed:
                    self._changed.wait_for(
                        lambda: self._poked or self._history.over(), self._seconds
                    )
                    self._poked = False
        except Exception:  # a thread's traceback would stand in whatever cell runs now
            logger.exception("a timeline ended")
            with self._changed:
                self._keep(self._history.now, None)
        finally:
            if self._close is not None:
                self._close()
            with self._changed:
                self._done = self._answered = self._begun + 1_000_000
                self._changed.notify_all()

    def _look(self) -> None:
        assert self._ask is not None
        with self._changed:
            self._begun += 1
            number = self._begun
        before = self._history.now
        found = self._ask()
        with self._changed:
            if not self._history.over():
                self._keep(before if found is None else self._history.now, found)
            self._done = number
            if found is not None:
                self._answered = number
            self._changed.notify_all()

    def _keep(self, seconds: float, found: T | None) -> None:
        if not self.looks or self.looks[-1][1] != found:
            self.looks.append((seconds, found))

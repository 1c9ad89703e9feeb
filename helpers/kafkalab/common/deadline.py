"""Waiting for a state, never for a while."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from kafkalab.errors import KafkaLabError


def check_seconds(name: str, value: object, fix: str = "") -> float:
    """The number of seconds that was asked for, or an error where it is none.

    Parameters
    ----------
    name : str
        What the caller calls it.
    value : object
    fix : str
        The line that is right; by default `name` with 30 seconds.

    Raises
    ------
    KafkaLabError
        It is no number, not more than 0, or has no end.
    """
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf:
        return value
    raise KafkaLabError(f"{name}={value!r} is not a number of seconds.", fix=fix or f"{name}=30")


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


def wait_until(what: str, state: Callable[[], object], timeout: float = 60) -> None:
    """Wait until something is as expected; ■ ends the wait at once.

    Parameters
    ----------
    what : str
        What is waited for, as the rest of "Waited 60 seconds until …".
    state : callable
        Asked again and again until its answer is true.
    timeout : float
        Seconds after which to give up.

    Raises
    ------
    KafkaLabError
        It was not so in time.

    Examples
    --------
    >>> wait_until("the record is there", lambda: len(read_topic(cluster, "orders")) == 1)
    """
    if not Deadline(timeout).wait_for(lambda: bool(state()), poll=0.1):
        raise KafkaLabError(
            f"Waited {timeout:g} seconds until {what}, but it did not happen.",
            fix=f'look for the reason; on a slow machine wait longer: wait_until("{what}", …, '
            f"timeout={3 * timeout:g})",
        )

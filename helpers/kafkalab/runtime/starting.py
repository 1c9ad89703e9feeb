"""Brings programs up, or leaves nothing of them."""

from __future__ import annotations

import contextlib
import logging
from typing import Protocol

from kafkalab.common.deadline import Deadline
from kafkalab.common.interrupts import is_press, uninterrupted
from kafkalab.errors import KafkaLabError
from kafkalab.runtime.ports import PortTakenError

log = logging.getLogger(__name__)


class Startable(Protocol):
    """What is started as a whole: the nodes of a cluster, or one service."""

    def start(self, deadline: Deadline) -> None:
        """Plan and start all of it; return without waiting until it answers."""

    def wait_until_ready(self, deadline: Deadline) -> None:
        """Return once every client can connect."""

    def remove(self) -> None:
        """Remove everything; harmless when called twice or after half a start."""


def bring_up(started: Startable, deadline: Deadline) -> None:
    """Start it and wait until every client can connect.

    Where another program binds a port between the look at it and the program's own bind, all of
    it is planned again, since a quorum's voters are static.

    Raises
    ------
    KafkaLabError
        It did not come up; nothing that was started is left.
    KeyboardInterrupt
        ■ was pressed; nothing is left either.
    """
    while True:
        try:
            started.start(deadline)
            started.wait_until_ready(deadline)
            return
        except BaseException as error:
            _clear_away(started)
            if is_press(error):
                raise KeyboardInterrupt from None
            if not isinstance(error, PortTakenError) or deadline.passed:
                raise
            log.info("a port was taken meanwhile; starting again with other ports")


def _clear_away(started: Startable) -> None:
    """Remove what was started; an engine that does not answer has been named already."""
    with uninterrupted(), contextlib.suppress(KafkaLabError):
        started.remove()

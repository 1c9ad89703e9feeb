"""A Connect worker, wherever it runs: a program, and what goes with each of its starts."""

from __future__ import annotations

from collections.abc import Callable

from kafkalab.common.deadline import Deadline
from kafkalab.runtime.program import Program, ProgramState


class Worker:
    """A Connect worker that can be started more than once; it is not running at first.

    Parameters
    ----------
    program : Program
    port : int
        The host port of its REST API, the same for every start.
    bring_connectors : callable
        Puts the connectors' files, as they are now, where the worker reads them.
    remove : callable
        Ends it and removes all of it but the learner's folder; harmless when called twice.
    """

    def __init__(
        self,
        program: Program,
        port: int,
        bring_connectors: Callable[[], None],
        remove: Callable[[], None],
    ) -> None:
        self.port = port
        self._program = program
        self._bring_connectors = bring_connectors
        self._remove = remove

    @property
    def running(self) -> bool:
        return self._program.state is not ProgramState.STOPPED

    def start(self) -> None:
        """Start it, and return without waiting until it answers; harmless when it runs."""
        if not self.running:
            self._bring_connectors()
            self._program.start()

    def stop(self, deadline: Deadline) -> None:
        """A clean stop (SIGTERM); SIGKILL once the deadline has passed."""
        self._program.stop(deadline)

    def kill(self) -> None:
        """SIGKILL; returns when the worker is gone."""
        self._program.kill()

    def log(self) -> str:
        """All that the worker wrote, in all its starts."""
        return self._program.log()

    def remove(self) -> None:
        """End it and remove all of it but the learner's folder; harmless when called twice."""
        self._remove()

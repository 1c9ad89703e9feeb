"""Several programs that serve together, started and ended as one."""

from __future__ import annotations

from collections.abc import Sequence

from kafkalab.common.deadline import Deadline
from kafkalab.runtime.program import Program, ProgramState


class ProgramGroup:
    """See `Program`: it runs as long as all of them do.

    Parameters
    ----------
    members : sequence of Program
        In the order in which they start; they end in the opposite one. They write one log.
    """

    def __init__(self, members: Sequence[Program]) -> None:
        self._members = tuple(members)

    @property
    def state(self) -> ProgramState:
        states = {member.state for member in self._members}
        for worst in (ProgramState.STOPPED, ProgramState.PAUSED):
            if worst in states:
                return worst
        return ProgramState.RUNNING

    def start(self) -> None:
        for member in self._members:
            member.start()

    def stop(self, deadline: Deadline) -> None:
        for member in reversed(self._members):
            member.stop(deadline)

    def kill(self) -> None:
        for member in reversed(self._members):
            member.kill()

    def pause(self) -> None:
        for member in self._members:
            member.pause()

    def resume(self) -> None:
        for member in self._members:
            member.resume()

    def log(self) -> str:
        return self._members[0].log()

"""One service that runs: from its guardian until nothing of it is left."""

from __future__ import annotations

import contextlib
import socket

from kafkalab.common.deadline import Deadline
from kafkalab.common.interrupts import uninterrupted
from kafkalab.errors import KafkaLabError, telling_lines
from kafkalab.install.cache_files import cache_error
from kafkalab.runtime.docker_engine import plain_words
from kafkalab.runtime.owner import Owner
from kafkalab.runtime.ports import HOST, SERVICE_PORTS, PortTakenError, says_port_taken
from kafkalab.runtime.program import Program, ProgramState
from kafkalab.runtime.registry import RunRecord
from kafkalab.runtime.run import Run
from kafkalab.services.description import Server
from kafkalab.services.rooms import Room
from kafkalab.settings import Settings

_LOG_LINES = 12
_ANSWER_SECONDS = 2.0


class Instance:
    """Started by `kafkalab.runtime.starting.bring_up`, and again after a stop or a kill.

    Parameters
    ----------
    service : Server
    room : Room
    settings : Settings
    name : str
        What its user calls it.
    """

    def __init__(self, service: Server, room: Room, settings: Settings, name: str) -> None:
        self._service = service
        self.room = room
        self._settings = settings
        self._name = name
        self._run: Run | None = None
        self._program: Program | None = None
        self._seen = 0
        self._fresh = True
        self.port = 0

    @property
    def program(self) -> Program:
        assert self._program is not None, "it has been started"
        return self._program

    def start(self, deadline: Deadline) -> None:
        """Guard a new run, reserve its ports, write its record, and start the program."""
        owner = Owner.this_process()
        self._run = run = Run(self._settings.run_dir, self.room.name, owner)
        self._fresh = True
        try:
            run.open(self.room.environment())
            digits = self._service.digits
            self.port = run.reserve(digits, bases=SERVICE_PORTS) + digits[0]
            details = {"port": self.port}
            RunRecord(
                run.label,
                self._service.name,
                self.room.name,
                owner,
                self._name,
                self.room.image,
                details,
                run.engine,
            ).write(run.run_dir)
            with uninterrupted():  # whole, and then ■: half a call brings its part after a removal
                self._program = self.room.prepare(run, self.port, self._port_taken)
                self._start_program()
        except OSError as error:
            raise cache_error(self._settings.cache, error) from error

    def start_again(self, deadline: Deadline) -> None:
        """With the data and the port that it has; harmless when it runs."""
        self._fresh = False
        self._start_program()
        self.wait_until_ready(deadline)

    def _start_program(self) -> None:
        self._seen = len(self.program.log())
        self.program.start()

    def wait_until_ready(self, deadline: Deadline) -> None:
        """Return once it answers a client's first words.

        Raises
        ------
        PortTakenError
            It found its port in use at its first start.
        KafkaLabError
            It has ended, or the deadline has passed.
        """

        def answered() -> bool:
            if self.program.state is ProgramState.STOPPED:
                raise self._why_ended()
            return self._answers()

        if not deadline.wait_for(answered, poll=0.05):
            title = self._service.title
            raise KafkaLabError(
                f"{title} did not answer within {deadline.seconds:g} seconds.",
                tried=f"to start it ({self.room.name}) and to connect to {HOST}:{self.port}",
                fix="give it more time: start(timeout=180); "
                "kafkalab doctor says what slows this machine down",
                log=telling_lines(self.program.log(), _LOG_LINES),
            )

    def _answers(self) -> bool:
        """An open port is not enough: in front of a container the engine's own proxy listens."""
        service, heard = self._service, b""
        with (
            contextlib.suppress(OSError),
            socket.create_connection((HOST, self.port), timeout=_ANSWER_SECONDS) as connection,
        ):
            connection.sendall(service.greeting)
            while service.telling is not None or len(heard) < len(service.answer):
                more = connection.recv(4096)
                if not more:
                    break
                heard += more
        told = service.telling is None or service.telling.search(heard) is not None
        return heard.startswith(service.answer) and told

    def _why_ended(self) -> KafkaLabError:
        said = self.program.log()[self._seen :]
        if says_port_taken(said):
            return self._port_taken()
        return KafkaLabError(
            f"{self._service.title} ended while it was starting.",
            tried=f"to start it ({self.room.name})",
            fix="read its last lines below; too little memory or disk space are the usual "
            "causes: kafkalab doctor",
            log=telling_lines(said, _LOG_LINES),
        )

    def _port_taken(self) -> KafkaLabError:
        title = self._service.title
        if self._fresh:
            return PortTakenError(f"The port {self.port} of {title} was taken by another program.")
        return KafkaLabError(
            f"The port of {title} was taken while it was down.",
            tried=f"to listen on {HOST}:{self.port}",
            fix="end the program that uses it; or stop() and start(), which begins with no data",
        )

    def remove(self) -> None:
        """Remove all of it; harmless when repeated.

        Raises
        ------
        KafkaLabError
            The engine that holds it does not answer; the guardian stays, and it can be tried again.
        """
        try:
            if self._run is not None:
                self._remove_run(self._run)
                self._run = None
        finally:
            self.room.leave()
        self._program = None

    def _remove_run(self, run: Run) -> None:
        if self.room.name == "docker":
            with plain_words(f"to remove {self._service.title}"):
                run.remove()
            return
        try:
            run.remove()
        except OSError as error:
            raise cache_error(self._settings.cache, error) from error

"""The bank as a program of its own, seen from outside: what it is asked, and when it is killed."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict
from typing import Self

from demos.bank.account import Command
from demos.bank.bank import ClientConfig


class BankProgram:
    """Starts the bank when it is needed, and again after it was killed; ends it with the block.

    Parameters
    ----------
    client_config : mapping
    events, snapshots : str
        As `Bank` has them; `snapshots` may be "".
    naive : bool
        Whether it is a `NaiveBank`.
    """

    def __init__(
        self,
        client_config: ClientConfig,
        events: str,
        snapshots: str = "",
        *,
        naive: bool = False,
    ) -> None:
        told = {"events": events, "snapshots": snapshots, "naive": naive}
        self._settings = json.dumps({**told, "client_config": dict(client_config)})
        self._process: subprocess.Popen[str] | None = None
        self.deaths = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def send(self, command: Command, death: str = "", count: int = 1) -> str:
        """Send a command until it is answered.

        Parameters
        ----------
        command : Command
        death : str
            The moment at which the bank is killed while it works on the command for the first
            time: "decided", "written" or "committed"; "" for none.
        count : int
            Which time it passes that moment: 1 for the first.

        Returns
        -------
        str
            "done", or "refused: …".

        Raises
        ------
        RuntimeError
            It died twice; why is on its standard error.
        """
        told = {"command": asdict(command)}
        return self._ask_twice({**told, "death": [death, count]}, {**told, "death": ["", 0]})

    def take_snapshot(self) -> None:
        """Raises RuntimeError where it dies twice."""
        self._ask_twice("snapshot", "snapshot")

    def kill(self) -> None:
        """End it with SIGKILL; harmless where it does not run."""
        if self._process is not None:
            with suppress(BrokenPipeError), self._process as process:
                process.kill()
            self._process = None

    def _ask_twice(self, first: object, second: object) -> str:
        answer = self._ask(first) or self._ask(second)
        if not answer:
            raise RuntimeError("the bank has died twice; why is on its standard error")
        return answer

    def _ask(self, question: object) -> str:
        """Its answer, or "" where it died."""
        lines = [json.dumps(question)]
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "demos.bank.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            lines.insert(0, self._settings)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):  # it has died: there is no answer either
            print(*lines, sep="\n", file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        if not line:
            self.deaths += 1
            self.kill()
        return str(json.loads(line)) if line else ""

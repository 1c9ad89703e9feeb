"""The bank as a program of its own, seen from outside: what it is asked, and when it is killed."""

from __future__ import annotations

import json
import subprocess
import sys
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
        """
        answer = self._ask({"command": asdict(command), "death": [death, count]})
        return answer or self._ask({"command": asdict(command), "death": ["", 0]})

    def take_snapshot(self) -> None:
        self._ask("snapshot")

    def kill(self) -> None:
        """End it with SIGKILL; harmless where it does not run."""
        if self._process is not None:
            with self._process as process:
                process.kill()
            self._process = None

    def _ask(self, question: object) -> str:
        """Its answer, or "" where it died."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "demos.bank.worker", self._settings],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(question), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        if not line:
            self.deaths += 1
            self.kill()
        return str(json.loads(line)) if line else ""

"""The bank as a program of its own, so that it can be killed.

`python -m demos.bank.worker` reads its settings from the first line of its standard input, where
nobody else sees a password in them, and commands from the others; it answers each command with a
line. All are JSON. A command can name the moment at which the program ends itself with SIGKILL.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Mapping
from typing import Any

from demos.bank.account import Command, RefusedError
from demos.bank.bank import Bank
from demos.bank.naive import NaiveBank


class Death:
    """Ends the program the n-th time that it passes a moment.

    Attributes
    ----------
    moment : str
        "" for none.
    count : int
    """

    def __init__(self) -> None:
        self.moment, self.count = "", 0

    def __call__(self, moment: str) -> None:
        self.count -= moment == self.moment
        if moment == self.moment and self.count <= 0:
            os.kill(os.getpid(), signal.SIGKILL)


def main(settings: Mapping[str, Any]) -> None:
    death = Death()
    bank = (
        NaiveBank(settings["client_config"], settings["events"], at=death)
        if settings["naive"]
        else Bank(
            settings["client_config"],
            settings["events"],
            snapshots=settings["snapshots"],
            name=settings["events"],
            at=death,
        )
    )
    for line in sys.stdin:
        asked = json.loads(line)
        if asked == "snapshot":
            death.moment = ""
            assert isinstance(bank, Bank)
            bank.take_snapshot()
            print(json.dumps("done"), flush=True)
            continue
        death.moment, death.count = asked["death"]
        try:
            bank.handle(Command(**asked["command"]))
            print(json.dumps("done"), flush=True)
        except RefusedError as refusal:
            print(json.dumps(f"refused: {refusal}"), flush=True)


if __name__ == "__main__":
    main(json.loads(sys.stdin.readline()))

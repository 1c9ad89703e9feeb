"""The programs seen from outside: what they are asked, and when they are killed."""

from __future__ import annotations

import multiprocessing
import signal
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Literal, Self

from demos.outbox import progress
from demos.outbox.databases import Databases
from demos.outbox.order import ClientConfig, DatabaseConfig, Order
from demos.outbox.worker import Told, main

WAIT_SECONDS = 60.0
MOMENTS: Mapping[str, tuple[str, ...]] = {
    "shop": ("ordered", "written", "committed"),
    "relay": ("read", "sent", "marked"),
    "warehouse": ("received", "packed", "committed"),
}
"""Where a program can be killed; a naive shop only "between" and "done"."""

if sys.platform == "win32":
    _context = multiprocessing.get_context("spawn")
else:  # one process imports what each program needs, and each is a copy of it: half a second less
    _context = multiprocessing.get_context("forkserver")
    _context.set_forkserver_preload(["demos.outbox.worker"])


class Program:
    """A process that is started again when it was killed.

    Parameters
    ----------
    kind : str
        What it is: see `demos.outbox.worker`.
    client_config : mapping
    database : mapping
    prefix : str

    Attributes
    ----------
    kind : str
    deaths : int
        How often it was killed.
    """

    def __init__(
        self, kind: str, client_config: ClientConfig, database: DatabaseConfig, prefix: str
    ) -> None:
        self.kind = kind
        self._told = Told(kind, dict(client_config), dict(database), prefix)
        self._process: BaseProcess | None = None
        self._connection: Connection | None = None
        self.deaths = 0

    def launch(self) -> None:
        """Start the process; `wait_until_ready` tells when it works."""
        self._connection, theirs = _context.Pipe()
        self._process = _context.Process(target=main, args=(theirs, self._told), daemon=True)
        self._process.start()
        theirs.close()  # its end is this program's end

    def wait_until_ready(self) -> None:
        """Raises RuntimeError where it ends instead; why is on its standard error."""
        if self._answer() != "ready":
            raise RuntimeError(f"{self.kind} has ended while it was starting")

    def revive(self) -> None:
        """Start it again."""
        self.kill()
        self.launch()
        self.wait_until_ready()

    def place(self, order: Order) -> str:
        """Send an order to the shop: "done", or "" where the shop dies."""
        self._say("order", order)
        return self._answer()

    def die(self, moment: str) -> None:
        """It kills itself by SIGKILL when it next comes to this moment.

        A relay or a warehouse may be there before it has answered.
        """
        self._say("die", moment)
        if self._answer() != "will die" and not self._has_killed_itself():
            raise RuntimeError(f"{self.kind} has ended")

    def _has_killed_itself(self) -> bool:
        assert self._process is not None, "it has been started"
        self._process.join(WAIT_SECONDS)
        return self._process.exitcode == -signal.SIGKILL

    def wait_until_dead(self) -> None:
        """Raises TimeoutError where it lives on for 60 seconds."""
        if self._process is not None:
            self._process.join(WAIT_SECONDS)
            if self._process.is_alive():
                raise TimeoutError(f"{self.kind} is not dead after {WAIT_SECONDS:g} seconds")
            self.kill()
            self.deaths += 1

    def kill(self) -> None:
        """End it by SIGKILL; harmless where it does not run."""
        if self._process is not None:
            self._process.kill()
            self.hang_up()
            self._process.close()
            self._process = None

    def hang_up(self) -> int | None:
        """Leave it alone, as somebody who has died; its exit code, once it has ended by itself."""
        assert self._process is not None, "it has been started"
        assert self._connection is not None
        self._connection.close()
        self._process.join(WAIT_SECONDS)
        return self._process.exitcode

    def _say(self, what: str, wanted: object) -> None:
        assert self._connection is not None, "it has been started"
        self._connection.send((what, wanted))

    def _answer(self) -> str:
        """A word, or "" where it has ended.

        Raises
        ------
        TimeoutError
            It says nothing for 60 seconds.
        """
        assert self._connection is not None, "it has been started"
        try:
            if not wait([self._connection], WAIT_SECONDS):
                raise TimeoutError(f"{self.kind} has said nothing for {WAIT_SECONDS:g} seconds")
            return str(self._connection.recv())
        except (EOFError, ConnectionError):
            return ""


class Company:
    """Shop, relay and warehouse, each a process; ended with the block.

    Parameters
    ----------
    client_config : mapping
    databases : Databases
    prefix : str
        Events go to the topic PREFIX.order, which exists.
    shop : str
        "shop" for the one with an outbox; "shop, database first" or "shop, Kafka first".
    warehouse : str
        "warehouse", or "naive warehouse".
    relay : bool
        Whether there is one; not where Debezium does its work.
    """

    def __init__(
        self,
        client_config: ClientConfig,
        databases: Databases,
        prefix: str = "shop",
        *,
        shop: Literal["shop", "shop, database first", "shop, Kafka first"] = "shop",
        warehouse: Literal["warehouse", "naive warehouse"] = "warehouse",
        relay: bool = True,
    ) -> None:
        def program(kind: str, database: DatabaseConfig) -> Program:
            return Program(kind, client_config, database, prefix)

        self._client_config, self._databases = client_config, databases
        self._topic = f"{prefix}.order"
        self.programs = {"shop": program(shop, databases.shop)}
        if relay and shop == "shop":
            self.programs["relay"] = program("relay", databases.shop)
        self.programs["warehouse"] = program(warehouse, databases.warehouse)

    def __enter__(self) -> Self:
        with ExitStack() as unless_ready:
            unless_ready.callback(self.stop)
            for program in self.programs.values():
                program.launch()
            for program in self.programs.values():
                program.wait_until_ready()
            unless_ready.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def place(self, order: Order, kill: tuple[str, str] | None = None) -> bool:
        """Send an order; False where the shop died before its answer.

        Parameters
        ----------
        order : Order
        kill : tuple of (str, str), optional
            A program and the moment at which it is killed while the order is on its way. When this
            returns, it has been started again.
        """
        if kill:
            self.programs[kill[0]].die(kill[1])
        done = self.programs["shop"].place(order) == "done"
        for name in [kill[0]] if kill else [] if done else ["shop"]:
            self.programs[name].wait_until_dead()
            self.programs[name].revive()
        return done

    def is_settled(self) -> bool:
        """Whether the relay has sent everything, and the warehouse has handled everything."""
        naive = self.programs["warehouse"].kind == "naive warehouse"
        if "relay" in self.programs and progress.unsent(self._databases.shop):
            return False
        warehouse = None if naive else self._databases.warehouse
        return progress.behind(self._client_config, self._topic, warehouse) == 0

    def stop(self) -> None:
        for program in self.programs.values():
            program.kill()

    @property
    def deaths(self) -> int:
        return sum(program.deaths for program in self.programs.values())

"""One of the programs as a process of its own, so that it can be killed.

It is asked by a connection, and answers each question with a word: ``("die", MOMENT)``, and the
shop ``("order", ORDER)``. It ends when the connection does: the process that started it is gone.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Literal

from demos.outbox.relay import Relay
from demos.outbox.shop import NaiveShop, Shop
from demos.outbox.warehouse import NaiveWarehouse, Warehouse

_LOOK_SECONDS = 0.2
"""How long a program without work waits before it looks again."""


@dataclass(frozen=True)
class Told:
    """What a program is told when it starts."""

    kind: str
    client_config: dict[str, Any]
    database: dict[str, Any]
    prefix: str

    @property
    def topic(self) -> str:
        return f"{self.prefix}.order"


class Death:
    """Ends the program when it next comes to a moment.

    Attributes
    ----------
    moment : str
        "" for none.
    """

    def __init__(self) -> None:
        self.moment = ""

    def __call__(self, moment: str) -> None:
        if moment == self.moment:
            os.kill(os.getpid(), signal.SIGKILL)


def questions(connection: Connection) -> Iterator[tuple[str, Any]]:
    """Until the one who asks is gone."""
    while True:
        try:
            yield connection.recv()
        except (EOFError, ConnectionError):  # the second, where an answer was not read
            return


def sell(connection: Connection, shop: Shop | NaiveShop, death: Death) -> None:
    connection.send("ready")
    for what, wanted in questions(connection):
        if what == "die":
            death.moment = wanted
            connection.send("will die")
        else:
            shop.place(wanted)
            connection.send("done")


def listen(connection: Connection, death: Death) -> None:
    """What is asked of a program that works by itself."""
    with suppress(ConnectionError):  # the one who asked does not wait for the answer
        for _, moment in questions(connection):
            death.moment = moment
            connection.send("will die")
    os._exit(0)


def naive_shop(told: Told, death: Death, first: Literal["database", "Kafka"]) -> NaiveShop:
    return NaiveShop(told.client_config, told.database, told.topic, first=first, at=death)


def relay_forever(connection: Connection, told: Told, death: Death) -> None:
    relay = Relay(told.client_config, told.database, told.prefix, at=death)
    connection.send("ready")
    while True:
        if not relay.work():
            relay.wait(_LOOK_SECONDS)


def pack_forever(connection: Connection, told: Told, death: Death) -> None:
    kind = Warehouse if told.kind == "warehouse" else NaiveWarehouse
    warehouse = kind(told.client_config, told.database, told.topic, at=death)
    connection.send("ready")
    while True:
        warehouse.work(_LOOK_SECONDS)


def main(connection: Connection, told: Told) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ■ is for the notebook
    death = Death()
    if told.kind == "shop":
        sell(connection, Shop(told.database, at=death), death)
    elif told.kind == "shop, database first":
        sell(connection, naive_shop(told, death, "database"), death)
    elif told.kind == "shop, Kafka first":
        sell(connection, naive_shop(told, death, "Kafka"), death)
    else:
        threading.Thread(target=listen, args=(connection, death), daemon=True).start()
        forever = relay_forever if told.kind == "relay" else pack_forever
        forever(connection, told, death)

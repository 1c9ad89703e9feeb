"""The shop and the warehouse of notebook 29, through kills: what has to be true in the end."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal
from uuid import uuid4

from confluent_kafka.admin import AdminClient, NewTopic

from demos.outbox.databases import Databases, connect, new_databases
from demos.outbox.order import DatabaseConfig, Order
from demos.outbox.programs import MOMENTS, Company
from kafkalab import KafkaCluster, wait_until

ANY_MOMENT = "whenever"


@dataclass(frozen=True)
class Kill:
    """A program is killed while orders come in.

    Attributes
    ----------
    program : str
    moment : str
        Where it kills itself, or `ANY_MOMENT`: it is killed from outside.
    orders : int
        How many come before that is looked at.
    again : bool
        Whether a customer who got no answer sends the order once more.
    """

    program: str
    moment: str
    orders: int
    again: bool


@dataclass(frozen=True)
class Outcome:
    """What is in the two databases.

    Attributes
    ----------
    orders : Counter of str
    parcels : Counter of str
        Each by the order's ID.
    """

    orders: Counter[str]
    parcels: Counter[str]

    @property
    def lost(self) -> Counter[str]:
        return self.orders - self.parcels

    @property
    def invented(self) -> Counter[str]:
        """Parcels without an order, and second parcels."""
        return self.parcels - self.orders


@dataclass(frozen=True)
class Place:
    """A topic and two databases that nobody else uses."""

    prefix: str
    databases: Databases

    @property
    def topic(self) -> str:
        return f"{self.prefix}.order"


def new_place(cluster: KafkaCluster, server: DatabaseConfig, partitions: int = 2) -> Place:
    name = f"t{uuid4().hex[:8]}"
    place = Place(name, new_databases(server, f"{name}_"))
    new = [NewTopic(place.topic, partitions, 1)]
    admin = AdminClient(cluster.client_config)  # it has to live as long as its futures
    for future in admin.create_topics(new).values():
        future.result(timeout=60)
    return place


def settle(company: Company) -> None:
    wait_until("all has been sent and handled", company.is_settled, timeout=120)


def outcome(databases: Databases) -> Outcome:
    with connect(databases.shop) as shop, connect(databases.warehouse) as warehouse:
        orders = shop.execute("SELECT id FROM orders").fetchall()
        parcels = warehouse.execute('SELECT "order" FROM parcels').fetchall()
    return Outcome(Counter(id for (id,) in orders), Counter(id for (id,) in parcels))


def random_kills(seed: int, count: int) -> list[Kill]:
    """The same ones for a seed; each program in turn, so that none is left out."""
    chance = random.Random(seed)
    names = list(MOMENTS)
    return [
        Kill(
            name := names[number % len(names)],
            chance.choice((*MOMENTS[name], ANY_MOMENT)),
            chance.randint(1, 5),
            chance.random() < 0.5,
        )
        for number in range(count)
    ]


def prove(cluster: KafkaCluster, server: DatabaseConfig, kills: Sequence[Kill]) -> Outcome:
    """Kill the programs while orders come in; then all orders are there once, and no others.

    Raises
    ------
    AssertionError
        An order was lost, invented, or packed twice.
    """
    place = new_place(cluster, server)
    ids = map("o{}".format, range(1_000_000))
    answered: set[str] = set()
    sent: set[str] = set()
    with Company(cluster.client_config, place.databases, place.prefix) as company:
        for kill in kills:
            victim = company.programs[kill.program]
            if kill.moment != ANY_MOMENT:
                victim.die(kill.moment)
            orders = [Order(next(ids)) for _ in range(kill.orders)]
            sent |= {order.id for order in orders}
            answered |= {o.id for o in orders if company.place(o) or _again(company, o, kill)}
            if kill.moment == ANY_MOMENT:
                victim.kill()
                victim.deaths += 1
                victim.revive()
            elif kill.program != "shop":  # that one was started again by its next customer
                victim.wait_until_dead()
                victim.revive()
        settle(company)
        assert company.deaths == len(kills)
    found = outcome(place.databases)
    assert not found.lost
    assert not found.invented
    assert answered <= set(found.orders) <= sent
    return found


def _again(company: Company, order: Order, kill: Kill) -> bool:
    return kill.again and company.place(order)


def naive(
    cluster: KafkaCluster, server: DatabaseConfig, first: Literal["database", "Kafka"]
) -> Outcome:
    """Of ten orders, each third kills the shop between its two writes."""
    place = new_place(cluster, server)
    shop: Literal["shop, database first", "shop, Kafka first"] = (
        "shop, database first" if first == "database" else "shop, Kafka first"
    )
    with Company(cluster.client_config, place.databases, place.prefix, shop=shop) as company:
        for number in range(10):
            dies = number % 3 == 1
            kill = ("shop", "between") if dies else None
            assert company.place(Order(f"o{number}"), kill) is not dies
        settle(company)
    return outcome(place.databases)


@contextmanager
def running(
    cluster: KafkaCluster,
    server: DatabaseConfig,
    warehouse: Literal["warehouse", "naive warehouse"] = "warehouse",
) -> Iterator[tuple[Company, Place]]:
    """A company on one partition."""
    place = new_place(cluster, server, partitions=1)
    config = cluster.client_config
    with Company(config, place.databases, place.prefix, warehouse=warehouse) as company:
        yield company, place

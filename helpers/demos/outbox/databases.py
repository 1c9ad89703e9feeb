"""The two databases, and their tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, LiteralString, Self

import psycopg
from psycopg import sql

from demos.outbox.order import PATIENCE_SECONDS, DatabaseConfig

SHOP: LiteralString = """
CREATE TABLE orders (
    id text PRIMARY KEY,
    item text NOT NULL,
    pieces integer NOT NULL CHECK (pieces > 0)
);
CREATE TABLE outbox (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
    aggregatetype text NOT NULL,
    aggregateid text NOT NULL,
    type text NOT NULL,
    payload jsonb NOT NULL,
    sent boolean NOT NULL DEFAULT false
);
CREATE INDEX ON outbox (number) WHERE NOT sent;
"""
"""The outbox has the columns that Debezium's event router expects; it has no use for the last."""

WAREHOUSE: LiteralString = """
CREATE TABLE parcels (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    "order" text NOT NULL,
    item text NOT NULL,
    pieces integer NOT NULL
);
CREATE TABLE handled (event uuid PRIMARY KEY);
CREATE TABLE progress (
    topic text,
    partition integer,
    next bigint NOT NULL,
    PRIMARY KEY (topic, partition)
);
"""
"""A parcel for the same order twice is not refused: packed is packed."""

_LET_GO: LiteralString = """
SELECT pg_terminate_backend(active_pid, %s) FROM pg_replication_slots WHERE database = %s AND active
"""
_NO_SLOT: LiteralString = """
SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = %s
"""
"""A database of which somebody reads a slot, such as Debezium, is not dropped by force either."""


@dataclass(frozen=True)
class Databases:
    """Where both are: what `psycopg.connect` takes."""

    shop: DatabaseConfig
    warehouse: DatabaseConfig


def connect(database: DatabaseConfig) -> psycopg.Connection[tuple[Any, ...]]:
    """A connection on which each statement is a transaction, unless a block says otherwise."""
    connection = psycopg.connect("", **database, autocommit=True)  # type: ignore[arg-type]
    connection.execute(
        sql.SQL("SET lock_timeout = {}").format(sql.Literal(f"{PATIENCE_SECONDS:.0f}s"))
    )
    return connection


class Connected:
    """Works on a database, over a connection of its own, which ends with the block or by `close`.

    Parameters
    ----------
    database : mapping
    """

    def __init__(self, database: DatabaseConfig) -> None:
        self._connection = connect(database)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; what was not committed is rolled back."""
        self._connection.close()


def new_databases(server: DatabaseConfig, name: str = "") -> Databases:
    """The databases NAMEshop and NAMEwarehouse, empty; what had these names is removed.

    Parameters
    ----------
    server : mapping
        What `psycopg.connect` takes to reach a database of this server as a user who may create
        others.
    name : str
        What tells them from others of the same server.
    """
    made: list[DatabaseConfig] = []
    for which, tables in (("shop", SHOP), ("warehouse", WAREHOUSE)):
        database = f"{name}{which}"
        with connect(server) as connection:
            there = sql.Identifier(database)
            connection.execute(_LET_GO, (round(PATIENCE_SECONDS * 1000), database))
            connection.execute(_NO_SLOT, (database,))
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(there))
            connection.execute(sql.SQL("CREATE DATABASE {}").format(there))
        made.append({**server, "dbname": database})
        with connect(made[-1]) as connection:
            connection.execute(tables)
    return Databases(*made)

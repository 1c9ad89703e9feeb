"""`PostgreSQL`: what a notebook holds of a database, and how Kafka Connect reaches it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kafkalab.services import debezium, postgresql
from kafkalab.services.description import Description
from kafkalab.services.rooms import HasTools, address_from
from kafkalab.services.service import InEitherRoom
from kafkalab.settings import Settings


class PostgreSQL(InEitherRoom):
    """A real PostgreSQL that this process owns; see `Service` for the parameters.

    Its user is a superuser with a random password, and its changes can be decoded
    (``wal_level=logical``).

    Examples
    --------
    >>> database = services.PostgreSQL().start()
    >>> connection = psycopg.connect(**database.client_config)
    """

    description = postgresql.POSTGRESQL

    def __init__(
        self, *, backend: str | None = None, name: str = "", settings: Settings | None = None
    ) -> None:
        super().__init__(backend=backend, name=name, settings=settings)
        self._password = postgresql.new_password()

    @property
    def client_config(self) -> dict[str, Any]:
        """What `psycopg.connect` takes by these names; a cell that shows it shows no password."""
        own = {"user": postgresql.USER, "password": self._password, "dbname": postgresql.USER}
        return {**super().client_config, **own}

    def seen_from(self, cluster: HasTools) -> dict[str, Any]:
        """The same for programs that run where the cluster's Connect workers do.

        On Docker these are containers in the cluster's network, which the database joins.

        Raises
        ------
        KafkaLabError
            The cluster runs on Docker, and the database does not.
        """
        live = self._live
        host, port = address_from(cluster, live.room, self.description.title, live.port)
        return {**self.client_config, "host": host, "port": port}

    def bring_debezium(self, folder: str | Path) -> str:
        """Put Debezium's connector into the folder of a Connect worker.

        Its jars are fetched first where they are missing (8 MB, through Maven).

        Returns
        -------
        What the worker's setting `plugin.path` has to say.

        Examples
        --------
        >>> plugins = database.bring_debezium("connect-files")
        >>> cluster.connect(line, folder="connect-files", config={"plugin.path": plugins})
        """
        return debezium.bring(self._settings or Settings.from_environment(), folder)

    def _own_description(self) -> Description:
        return postgresql.description(self._password)

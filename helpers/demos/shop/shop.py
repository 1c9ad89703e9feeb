"""`Shop`: what a notebook holds."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import httpx

from demos.shop.schema import TOPICS
from demos.shop.server import LAST_WORD, Options
from kafkalab.common.deadline import Deadline
from kafkalab.common.interrupts import uninterrupted
from kafkalab.errors import KafkaLabError
from kafkalab.queries.clients import admin_client
from kafkalab.runtime import removal
from kafkalab.runtime.ports import HOST
from kafkalab.runtime.process import Command, ProcessProgram
from kafkalab.services.description import Server
from kafkalab.services.service import Service

if TYPE_CHECKING:
    from IPython.display import IFrame

    from kafkalab import KafkaCluster
    from kafkalab.runtime.program import Program
    from kafkalab.runtime.run import Run
    from kafkalab.services.instance import Instance
    from kafkalab.services.rooms import Room
    from kafkalab.settings import Settings

_ADMIN_SECONDS = 15
_ASK_SECONDS = 60
_LONGER_THAN_FLUSH = 10
_OPTIONS = "options.json"
SHOP = Server(
    name="shop",
    title="Shop",
    port=0,
    greeting=b"GET /collector/health HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n",
    answer=b"HTTP/1.1 200",
)


class Shop(Service):
    """A small shop with a collector of its own: a process that this process owns.

    Parameters
    ----------
    cluster : KafkaCluster or mapping
        Where the events go: a cluster, or a client configuration by librdkafka's names.
    name : str, optional
        A kernel holds one shop without a name; give names to hold several at once.
    settings : Settings, optional
        By default read from the environment at `start`.
    **limits
        Any of the other attributes of `demos.shop.server.Options`, such as ``capacity=100``.

    Examples
    --------
    >>> shop = Shop(cluster).start()
    >>> shop.frame()
    """

    description: ClassVar[Server] = SHOP

    def __init__(
        self,
        cluster: KafkaCluster | Mapping[str, Any],
        *,
        name: str = "",
        settings: Settings | None = None,
        **limits: Any,
    ) -> None:
        super().__init__(name=name, settings=settings)
        self._cluster = cluster
        self._limits = limits

    def _choose_room(self, settings: Settings) -> tuple[Room, str]:
        given = self._cluster
        config = dict(given if isinstance(given, Mapping) else given.client_config)
        options = Options(client_config=config, host=HOST, **self._limits)
        return _Room(options), "the shop is a Python program of this environment"

    def _bring_up(self, timeout: float) -> Instance:
        instance = super()._bring_up(timeout)
        if not isinstance(self._cluster, Mapping):
            self._cluster.ends_with(self)
        return instance

    # --- what a notebook asks -----------------------------------------------------------------

    @property
    def url(self) -> str:
        """The address of the front page."""
        return f"http://{self.address}/"

    def stats(self) -> dict[str, Any]:
        """What became of the events so far, as `/collector/stats` says it.

        Raises
        ------
        KafkaLabError
            The shop does not answer.
        """
        try:
            answer = httpx.get(f"{self.url}collector/stats", timeout=_ASK_SECONDS, trust_env=False)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise KafkaLabError(
                f"The shop does not answer: {error}.",
                tried=f"to read {self.url}collector/stats",
                fix="read its log: print(shop.logs(last=20)); then start it: shop.start()",
            ) from error
        counts: dict[str, Any] = answer.json()
        return counts

    def frame(self, height: int = 700) -> IFrame:
        """The shop inside the notebook, to click in."""
        from IPython.display import IFrame

        return IFrame(self.url, width="100%", height=height)

    def stop(self) -> None:
        """Deliver what waits, stop it and remove all of it; harmless when it is stopped.

        It prints how many events could not be delivered, if there are any.
        """
        with self._lock, uninterrupted():
            if self._instance is not None:
                seconds = self._limits.get("flush_seconds", Options({}).flush_seconds)
                program = self._instance.program
                program.stop(Deadline(seconds + _LONGER_THAN_FLUSH))
                lost = _undelivered(program.log())
                if lost:
                    print(f"The shop has ended, and {lost} accepted events were not delivered.")
            super().stop()


def _undelivered(log: str) -> int:
    """What the collector's last word says; 0 where it was killed, since nobody knows."""
    _, found, word = log.rpartition(LAST_WORD)
    if not found:
        return 0
    counts = json.loads(word.splitlines()[0])
    return int(counts["waiting"]) + int(counts["failed"])


class _Room:
    """The shop as a process of this machine; see `kafkalab.services.rooms.Room`."""

    name = "process"
    image = ""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._program: ProcessProgram | None = None

    def fetch(self) -> None:
        create_topics(self._options.client_config)

    def environment(self) -> Mapping[str, str]:
        return {}

    def prepare(self, run: Run, port: int, port_taken: Callable[[], KafkaLabError]) -> Program:
        file = run.folder / _OPTIONS
        replace(self._options, port=port).write(file)
        arguments = (sys.executable, "-P", "-m", "demos.shop.server", str(file))
        command = Command((*arguments, removal.mark(run.label)), run.folder, os.environ)
        self._program = ProcessProgram(SHOP.title, SHOP.log_file(run), lambda: command)
        return self._program

    def leave(self) -> None:
        if self._program is not None:
            self._program.reap()


def create_topics(
    client_config: Mapping[str, Any], topics: Sequence[str] = tuple(TOPICS.values())
) -> None:
    """Create those topics that are not there, with three partitions each, on up to three brokers.

    Raises
    ------
    KafkaLabError
        The cluster does not answer, or refuses.
    """
    from confluent_kafka import KafkaException

    from demos.topics import lasting_topic

    admin = admin_client(client_config)
    try:
        found = admin.list_topics(timeout=_ADMIN_SECONDS)
        missing = [topic for topic in topics if topic not in found.topics]
        new = [lasting_topic(topic, 3, len(found.brokers)) for topic in missing]
        for future in (admin.create_topics(new) if new else {}).values():
            future.result(_ADMIN_SECONDS)
    except KafkaException as error:
        raise KafkaLabError(
            f"The shop's topics cannot be created: {error.args[0].str()}.",
            tried=f"to create {', '.join(topics)}",
            fix="start the cluster first: cluster.start()",
        ) from error

"""`RabbitMQ`, `Redis`, `Prometheus`, `HDFS` and `Flink`: what a notebook holds."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from kafkalab.common.blocks import RunsInBlock
from kafkalab.common.deadline import Deadline, check_seconds
from kafkalab.common.interrupts import uninterrupted
from kafkalab.common.log_text import LogText
from kafkalab.common.tables import html_table, text_table
from kafkalab.errors import KafkaLabError
from kafkalab.runtime.ports import HOST
from kafkalab.runtime.starting import bring_up
from kafkalab.services import choice, flink, hdfs
from kafkalab.services.choice import Decision
from kafkalab.services.description import Description, Server
from kafkalab.services.instance import Instance
from kafkalab.services.outside import engine_info, trouble
from kafkalab.services.prometheus import PROMETHEUS, Addresses, Scraping, description
from kafkalab.services.rabbitmq import RABBITMQ
from kafkalab.services.redis import REDIS
from kafkalab.services.rooms import Room, room_of
from kafkalab.settings import Settings, check_backend

_HEADER = ("service", "address", "state")
_STOP_SECONDS = 30

# One kernel holds one of each service and name: a cell that is run again replaces its own.
_running: dict[tuple[str, str], Service] = {}
_running_lock = threading.Lock()


class Service(RunsInBlock):
    """A real server beside Kafka that this process owns.

    Parameters
    ----------
    backend : str, optional
        auto, docker or process; by default what `KAFKALAB_BACKEND` says, else auto.
    name : str, optional
        A kernel holds one of each service without a name; give names to hold several at once.
    settings : Settings, optional
        By default read from the environment at `start`.
    """

    description: ClassVar[Server]

    def __init__(
        self, *, backend: str | None = None, name: str = "", settings: Settings | None = None
    ) -> None:
        self._choice = None if backend is None else check_backend(backend, "backend=")
        self._name = name
        self._settings = settings
        self._instance: Instance | None = None
        self._reason = ""
        self._lock = threading.RLock()

    # --- life ---------------------------------------------------------------------------------

    def start(self, timeout: float = 60) -> Self:
        """Start it; afterwards clients can connect. A killed one comes back with its data.

        What is missing is fetched first. One of the same name that this process started before
        is stopped.

        Parameters
        ----------
        timeout : float
            Seconds from the end of fetching until it answers.

        Raises
        ------
        KafkaLabError
            It did not come up, and nothing that was started is left; or it can be had in no way
            on this machine.
        """
        check_seconds("timeout", timeout, fix="start(timeout=60)")
        with self._lock:
            if self._instance is not None:
                self._instance.start_again(Deadline(timeout))
                return self
            key = (self.description.name, self._name)
            with _running_lock:
                earlier = _running.pop(key, None)
            if earlier is not None:
                earlier.stop()
            self._instance = self._bring_up(timeout)
            with _running_lock:
                _running[key] = self
        return self

    def _bring_up(self, timeout: float) -> Instance:
        settings = self._settings or Settings.from_environment()
        room, reason = self._choose_room(settings)
        room.fetch()
        instance = Instance(self.description, room, settings, self._name)
        bring_up(instance, Deadline(timeout))
        self._reason = reason
        return instance

    @abstractmethod
    def _choose_room(self, settings: Settings) -> tuple[Room, str]:
        """Where it is started, and why there."""

    def stop(self) -> None:
        """Stop it and remove all of it, its data too; harmless when it is stopped."""
        with self._lock, uninterrupted():
            if self._instance is not None:
                self._instance.remove()
                self._instance = None
            with _running_lock:
                key = (self.description.name, self._name)
                if _running.get(key) is self:
                    del _running[key]

    def restart(self, timeout: float = 60) -> None:
        """Stop the server cleanly, as an operator does, and start it with its data and port."""
        check_seconds("timeout", timeout, fix="restart(timeout=60)")
        self._live.program.stop(Deadline(_STOP_SECONDS))
        self._live.start_again(Deadline(timeout))

    def kill(self) -> None:
        """End the server at once: no goodbye; `start` brings it back with its data and port."""
        self._live.program.kill()

    def pause(self) -> None:
        """Freeze the server: it keeps its connections and answers nothing."""
        self._live.program.pause()

    def resume(self) -> None:
        """Let a paused server go on."""
        self._live.program.resume()

    # --- what clients need --------------------------------------------------------------------

    @property
    def address(self) -> str:
        """Host and port, joined by a colon."""
        return f"{HOST}:{self._live.port}"

    @property
    def client_config(self) -> dict[str, Any]:
        """What its ordinary Python client takes by these names."""
        return {"host": HOST, "port": self._live.port}

    # --- looks --------------------------------------------------------------------------------

    @property
    def is_running(self) -> bool:
        """Whether it was started and not stopped since; the server itself may have been killed."""
        return self._instance is not None

    @property
    def state(self) -> str:
        """Whether the server is running, paused or stopped now."""
        return str(self._live.program.state)

    @property
    def backend(self) -> str:
        """docker or process; chosen at `start`."""
        return self._live.room.name

    @property
    def backend_reason(self) -> str:
        """Why this backend was chosen; names things of this machine, so it is not for outputs."""
        return self._reason if self._live else ""

    def logs(self, last: int | None = None) -> LogText:
        """What the server wrote so far, in all its starts, or the `last` lines of it."""
        return LogText.of(self._live.program.log(), last)

    @property
    def _live(self) -> Instance:
        if self._instance is None:
            title = self.description.title
            raise KafkaLabError(f"This {title} is stopped.", fix="start it: call its start()")
        return self._instance

    def _row(self) -> tuple[str, str, str]:
        return (self.description.title, self.address, self.state)

    def __repr__(self) -> str:
        if self._instance is None:
            return f"{type(self).__name__}(), stopped"
        return text_table(_HEADER, [self._row()])

    def _repr_html_(self) -> str | None:
        if self._instance is None:
            return None
        return html_table(f"{self.description.title}: 1 server", _HEADER, [self._row()])


class InEitherRoom(Service):
    """A service that is started from its image, or from a program of this machine."""

    description: ClassVar[Description]

    def _choose_room(self, settings: Settings) -> tuple[Room, str]:
        service = self._own_description()
        decision = choice.decide(settings, service, self._choice or settings.backend)
        if decision.name == "docker" and service.container.beside is not None:
            decision = self._reachable(decision, settings, service)
        return room_of(decision, settings, service), decision.reason

    def _own_description(self) -> Description:
        return self.description

    @staticmethod
    def _reachable(decision: Decision, settings: Settings, service: Description) -> Decision:
        """For one that has to reach programs of this machine: Docker only where it can."""
        install = choice.install_lines(service)
        same = service.container.same_loopback
        refused = trouble(engine_info(), service.title, install, same_loopback=same)
        if refused is None:
            return decision
        if decision.asked or choice.find_program(settings, service) is None:
            raise refused
        return Decision("process", refused.what)


class RabbitMQ(InEitherRoom):
    """A real RabbitMQ that this process owns; see `Service` for the parameters.

    Examples
    --------
    >>> rabbit = services.RabbitMQ().start()
    >>> connection = pika.BlockingConnection(pika.ConnectionParameters(**rabbit.client_config))
    """

    description = RABBITMQ


class Redis(InEitherRoom):
    """A real Redis that this process owns; see `Service` for the parameters.

    Examples
    --------
    >>> server = services.Redis().start()
    >>> client = redis.Redis(**server.client_config)
    """

    description = REDIS


class HDFS(InEitherRoom):
    """A real HDFS that this process owns: a NameNode and a DataNode; see `Service`.

    Clients reach it through WebHDFS, over HTTP. Everybody may read and write everything in it.

    Examples
    --------
    >>> hdfs = services.HDFS().start()
    >>> files = fsspec.filesystem("webhdfs", **hdfs.client_config)
    >>> frame.to_parquet(f"{hdfs.url}/lake/a.parquet", storage_options=hdfs.storage_options)
    """

    description = hdfs.HDFS

    @property
    def url(self) -> str:
        """What the address of a file begins with, such as ``webhdfs://127.0.0.1:32001``."""
        return f"webhdfs://{self.address}"

    @property
    def storage_options(self) -> dict[str, Any]:
        """What goes with `url` to pandas and fsspec: whose files they will be."""
        return {"user": hdfs.USER}

    @property
    def client_config(self) -> dict[str, Any]:
        """What fsspec's `webhdfs` takes by these names: where it is, and as whom."""
        return {**super().client_config, **self.storage_options}


class Flink(InEitherRoom):
    """A real Flink that this process owns: a SQL gateway, and a cluster of 8 slots; see `Service`.

    Tables on topics name the brokers as any client does: by `KafkaCluster.bootstrap_servers`.
    A session's tables, and its jobs, end with a restart; checkpoints and savepoints are kept.

    Examples
    --------
    >>> flink = services.Flink().start()
    >>> session = requests.post(f"{flink.url}/v1/sessions", json={}).json()["sessionHandle"]
    >>> requests.get(f"{flink.rest_url}/jobs/overview").json()
    """

    description = flink.FLINK

    @property
    def url(self) -> str:
        """The address of the SQL gateway, which takes statements over HTTP."""
        return f"http://{self.address}"

    @property
    def rest_url(self) -> str:
        """The address of Flink's own page, and of its HTTP API: jobs, checkpoints, slots."""
        return f"http://{HOST}:{flink.rest_port(self._live.port)}"


class Prometheus(InEitherRoom):
    """A real Prometheus that this process owns and that scrapes exporters of this machine.

    Its HTTP API is at `address`, as is its own page.

    Parameters
    ----------
    targets : mapping of str to mapping or iterable, optional
        Job → its exporters: addresses on 127.0.0.1, such as ``"127.0.0.1:8000"`` or
        ``"http://127.0.0.1:8000/metrics"``. Where they have names, as in
        `KafkaCluster.metrics_urls`, a name becomes the label `instance`; else the address does.
    scrape_interval : float
        Seconds from one scrape to the next; a scrape that takes longer counts as failed.
    backend, name, settings
        As for every `Service`.

    Examples
    --------
    >>> prom = services.Prometheus({"brokers": cluster.metrics_urls}).start()
    >>> requests.get(f"{prom.address}/api/v1/query", params={"query": "up"}).json()
    """

    description = PROMETHEUS

    def __init__(
        self,
        targets: Mapping[str, Addresses] | None = None,
        *,
        scrape_interval: float = 1,
        backend: str | None = None,
        name: str = "",
        settings: Settings | None = None,
    ) -> None:
        super().__init__(backend=backend, name=name, settings=settings)
        self._scraping = Scraping.of({} if targets is None else targets, scrape_interval)

    @property
    def address(self) -> str:
        """The address of its page, and of its HTTP API."""
        return f"http://{super().address}"

    @property
    def configuration(self) -> str:
        """What its file `prometheus.yml` says; in a container, 127.0.0.1 may have another name."""
        return self._scraping.text()

    def _own_description(self) -> Description:
        return description(self._scraping)

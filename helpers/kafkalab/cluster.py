"""`KafkaCluster`: what a notebook holds."""

from __future__ import annotations

import contextlib
import logging
import shutil
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from kafkalab import librdkafka
from kafkalab.backends import Backend, NodeState
from kafkalab.connect_config import OFFICIAL_LINE
from kafkalab.deadline import Deadline
from kafkalab.errors import KafkaLabError, telling_lines
from kafkalab.groups import committed_offsets
from kafkalab.interrupts import uninterrupted
from kafkalab.log_text import LogText
from kafkalab.node_config import check_broker_count
from kafkalab.registry import ClusterRecord, Owner
from kafkalab.settings import Settings, check_backend

if TYPE_CHECKING:
    from confluent_kafka.admin import AdminClient, DescribeClusterResult

    from kafkalab.connect import ConnectWorker
    from kafkalab.console import BackgroundTool, ToolResult

log = logging.getLogger(__name__)

DEFAULT_NAME = ""
LOG_LINES_IN_ERRORS = 12
_LITTLE_DISK = 2**20
_WARM_GROUP = "warm"
_PORT_TAKEN = ("Address already in use", "BindException")

# One kernel holds one cluster a name: a cell that is run again replaces its own cluster.
_running: dict[str, KafkaCluster] = {}


@dataclass(frozen=True)
class Broker:
    """One broker as it is now.

    Attributes
    ----------
    node_id : int
        Kafka's `node.id`.
    address : str
        `host:port` for clients on this machine.
    state : str
        running, paused or stopped.
    """

    node_id: int
    address: str
    state: str


class Stoppable(Protocol):
    """What runs beside the cluster, and ends with it at the latest."""

    def stop(self) -> object: ...


class KafkaCluster:
    """A real Kafka cluster of one or three brokers that this process owns.

    Parameters
    ----------
    brokers : int
        1 or 3. Each is a broker and a KRaft controller.
    backend : str, optional
        auto, docker, process or existing; by default what `KAFKALAB_BACKEND` says, else auto.
    name : str, optional
        A kernel holds one cluster without a name; give names to hold several at once.
    config : mapping, optional
        Broker settings that differ from the package's, such as
        ``{"log.retention.check.interval.ms": 1000}``.
    settings : Settings, optional
        By default read from the environment at `start`.

    Examples
    --------
    >>> with KafkaCluster() as cluster:
    ...     producer = Producer(cluster.client_config)
    """

    def __init__(
        self,
        brokers: int = 1,
        *,
        backend: str | None = None,
        name: str = DEFAULT_NAME,
        config: Mapping[str, object] | None = None,
        settings: Settings | None = None,
    ) -> None:
        self._brokers = check_broker_count(brokers)
        self._choice = None if backend is None else check_backend(backend, "backend=")
        self._name = name
        self._config = {str(key): _setting_text(value) for key, value in (config or {}).items()}
        self._settings = settings
        self._backend: Backend | None = None
        self._reason = ""
        self._background: list[Stoppable] = []
        self._workers: list[ConnectWorker] = []

    # --- life ---------------------------------------------------------------------------------

    def start(self, timeout: float = 60) -> Self:
        """Start the cluster, or return it when it runs; afterwards every client can connect.

        What is missing (image, Kafka) is fetched first. A cluster of the same name that this
        process started before is stopped.

        Parameters
        ----------
        timeout : float
            Seconds from the end of fetching until the cluster answers.

        Raises
        ------
        KafkaLabError
            Where it did not come up; nothing that was started is left.
        """
        if self._backend is not None:
            return self
        if not isinstance(timeout, int | float) or timeout <= 0:
            raise KafkaLabError(
                f"timeout={timeout!r} is not a number of seconds.", fix="cluster.start(timeout=60)"
            )
        earlier = _running.get(self._name)
        if earlier is not None and earlier is not self:
            earlier.stop()
        librdkafka.route_stderr()
        self._start_new(timeout, owner=Owner.this_process())
        _running[self._name] = self
        return self

    def _start_new(
        self, timeout: float, *, owner: Owner | None, client_ports: tuple[int, ...] = ()
    ) -> None:
        from kafkalab.backends import choice

        settings = self._settings or Settings.from_environment()
        decision = choice.decide(settings, self._choice or settings.backend)
        backend = choice.make(
            decision,
            settings,
            self._brokers,
            owner=owner,
            config=self._config,
            name=self._name,
            client_ports=client_ports,
        )
        backend.fetch()
        self._reason = decision.reason
        self._start(backend, Deadline(timeout))

    def _start(self, backend: Backend, deadline: Deadline) -> None:
        while True:
            self._backend = backend
            try:
                backend.start(deadline)
                self._wait_until_ready(deadline)
                return
            except _PortTakenError:
                # another program bound a port after it was found free; voters are static, so
                # all nodes are planned again
                log.info("a port was taken meanwhile; starting again with other ports")
                self._remove(backend)
                if deadline.passed:
                    raise
            except BaseException:
                self._remove(backend)
                raise

    def _remove(self, backend: Backend) -> None:
        with uninterrupted():
            backend.remove()
            self._backend = None

    def stop(self) -> None:
        """Stop the cluster and remove all of it, its data too; harmless when it is stopped."""
        with uninterrupted():
            tools, self._background = self._background, []
            for tool in tools:
                tool.stop()
            workers, self._workers = self._workers, []
            for worker in workers:
                if self._backend is not None and not self._backend.owns_brokers:
                    worker.stop()  # cleanly: what it has read and written stays
                worker.remove()
            if self._backend is not None:
                self._remove(self._backend)
            if _running.get(self._name) is self:
                del _running[self._name]

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def is_running(self) -> bool:
        """Whether it was started and not stopped since; its brokers may be stopped one by one."""
        return self._backend is not None

    # --- what clients need --------------------------------------------------------------------

    @property
    def backend(self) -> str:
        """docker, process or existing; chosen at `start`."""
        return self._live.name

    @property
    def backend_reason(self) -> str:
        """Why this backend was chosen; names things of this machine, so it is not for outputs."""
        _ = self._live
        return self._reason

    @property
    def bootstrap_servers(self) -> str:
        """Addresses for a client's `bootstrap.servers`, joined by commas."""
        return self.client_config["bootstrap.servers"]

    @property
    def client_config(self) -> dict[str, str]:
        """What a client needs to reach this cluster, security included, and nothing else."""
        return dict(self._live.client_config)

    @property
    def brokers(self) -> list[Broker]:
        """The brokers as they are now, by node id."""
        backend = self._live
        servers = self.bootstrap_servers.split(",")
        ids = list(backend.node_ids)
        if len(servers) != len(ids):  # an existing cluster may be reached through some of them
            servers = [servers[0]] * len(ids)
        return [
            Broker(node_id, address, str(backend.node_state(node_id)))
            for node_id, address in zip(ids, servers, strict=True)
        ]

    @property
    def _live(self) -> Backend:
        if self._backend is None:
            raise KafkaLabError("This cluster is stopped.", fix="start it: cluster.start()")
        return self._backend

    # --- brokers ------------------------------------------------------------------------------

    def stop_broker(self, node_id: int, timeout: float = 30) -> None:
        """Stop a broker cleanly, as an operator does: its leaders move away first."""
        self._own(node_id).stop_node(node_id, Deadline(timeout))

    def kill_broker(self, node_id: int) -> None:
        """End a broker at once, as a power cut does."""
        self._own(node_id).kill_node(node_id)

    def pause_broker(self, node_id: int) -> None:
        """Freeze a broker: it keeps its connections and answers nothing."""
        self._own(node_id).pause_node(node_id)

    def resume_broker(self, node_id: int) -> None:
        """Let a paused broker go on."""
        self._own(node_id).resume_node(node_id)

    def start_broker(self, node_id: int, timeout: float = 60) -> None:
        """Start a stopped or killed broker with the data it has; return once the cluster sees it.

        With fewer running brokers than a majority of the controllers the cluster cannot see
        anything: then the broker is started and the call returns.
        """
        backend = self._own(node_id)
        backend.start_node(node_id)
        running = [n for n in backend.node_ids if backend.node_state(n) is NodeState.RUNNING]
        if len(running) * 2 > len(backend.node_ids):
            self._wait_for_broker(node_id, Deadline(timeout))

    def logs(self, node_id: int = 1, last: int | None = None) -> LogText:
        """What a broker wrote so far, or its `last` lines."""
        self._check_id(node_id)
        return LogText.of(self._live.node_log(node_id), last)

    def _own(self, node_id: int) -> Backend:
        backend = self._live
        if not backend.owns_brokers:
            raise KafkaLabError(
                "The brokers of an existing cluster cannot be stopped or started from here.",
                tried=f"to change broker {node_id!r}",
                fix="unset KAFKALAB_CLIENT_CONFIG and KAFKALAB_BOOTSTRAP_SERVERS, restart the "
                "kernel, and run the notebook on a cluster of its own",
            )
        self._check_id(node_id)
        return backend

    def _check_id(self, node_id: object) -> None:
        ids = list(self._live.node_ids)
        if node_id not in ids or isinstance(node_id, bool):
            known = ", ".join(map(str, ids))
            raise KafkaLabError(
                f"There is no broker {node_id!r} in this cluster.",
                fix=f"use one of the ids that it has: {known}",
            )

    # --- console tools ------------------------------------------------------------------------

    def console(
        self,
        line: str,
        *,
        input: str = "",
        background: bool = False,
        timeout: float | None = None,
        quiet: bool = False,
    ) -> ToolResult | BackgroundTool:
        """Run a line of the official documentation with the official tool, on this cluster.

        See `kafkalab.console.run`, which has the rules.
        """
        from kafkalab import console

        result = console.run(
            self._live,
            line,
            input=input,
            background=background,
            timeout=timeout,
            quiet=quiet,
        )
        if isinstance(result, console.BackgroundTool):
            self._background.append(result)
        return result

    # --- Connect ------------------------------------------------------------------------------

    def connect(
        self,
        line: str = OFFICIAL_LINE,
        *,
        folder: str | Path,
        config: Mapping[str, object] | None = None,
        port: int | None = None,
        timeout: float = 60,
    ) -> ConnectWorker:
        """Start a standalone Connect worker; return once its connectors run or have failed.

        The worker runs in the background until `worker.stop()` or `cluster.stop()`. One that
        this cluster has in the same folder is stopped first.

        Parameters
        ----------
        line : str
            The official line; names in it count from `folder`. The release's own files in
            config/ are put there where they are missing.
        folder : str or Path
            Where the worker runs: connectors read and write files by names relative to it. It
            also gets the worker's file of offsets. Made where it does not exist.
        config : mapping, optional
            Settings of the worker that differ from its file.
        port : int, optional
            The port of its REST API on this machine; by default any free one.
        timeout : float
            Seconds until the connectors run.

        Raises
        ------
        KafkaLabError
            The worker did not come up; nothing of it is left but the folder.
        """
        from kafkalab import connect

        changes = {str(key): _setting_text(value) for key, value in (config or {}).items()}
        earlier = [w for w in self._workers if connect.same_folder(w, folder)]
        for worker in earlier:
            worker.stop()  # cleanly: its successor goes on from the same offsets
            worker.remove()
            self._workers.remove(worker)
        worker = connect.new_worker(self._live, line, folder, changes, port)
        self._workers.append(worker)
        try:
            worker.start(timeout)
        except BaseException:
            worker.remove()
            self._workers.remove(worker)
            raise
        return worker

    @property
    def workers(self) -> list[ConnectWorker]:
        """The Connect workers that `connect` started, running or stopped."""
        return [worker for worker in self._workers if not worker.ended]

    # --- waiting ------------------------------------------------------------------------------

    def _wait_until_ready(self, deadline: Deadline) -> None:
        backend = self._live
        if "advertised.listeners" in self._config:
            # a wrong one is a lesson of its own: behind the first address there may be nothing
            self._wait_for_metadata(set(backend.node_ids), deadline)
            return
        self._wait_for_nodes(backend.client_config, set(backend.node_ids), deadline)
        if backend.owns_brokers:
            self._warm_group_coordinator(deadline)

    def _wait_for_metadata(self, wanted: set[int], deadline: Deadline) -> None:
        """Wait until the address that clients begin with names the wanted nodes."""
        from confluent_kafka import KafkaException

        self._wait_for_listeners(self.bootstrap_servers, wanted, deadline)
        while not deadline.passed:
            self._check_ended_early(self._live, wanted)
            # a new client each time: one that was told a wrong address forgets the first one
            admin = _admin(self._live.client_config)
            with contextlib.suppress(KafkaException):
                seen = admin.list_topics(timeout=min(0.5, deadline.remaining))
                if wanted <= seen.brokers.keys():
                    return
            time.sleep(0.02)
        raise self._timed_out(deadline, "the cluster did not answer")

    def _wait_for_broker(self, node_id: int, deadline: Deadline) -> None:
        """Ask the broker itself: the others list it until its session times out."""
        address = next(b.address for b in self.brokers if b.node_id == node_id)
        config = {**self._live.client_config, "bootstrap.servers": address}
        self._wait_for_nodes(config, {node_id}, deadline)

    def _wait_for_nodes(
        self, client_config: Mapping[str, str], wanted: set[int], deadline: Deadline
    ) -> None:
        """Wait until the cluster names a controller and the wanted nodes."""
        backend = self._live
        if backend.owns_brokers:
            self._wait_for_listeners(client_config["bootstrap.servers"], wanted, deadline)
        admin = _admin(client_config)
        while not deadline.passed:
            self._check_ended_early(backend, wanted)
            seen = _describe(admin, min(0.5, deadline.remaining))
            if seen is None:
                # one that is kept can ask for ever a broker that it was told of and that has died
                admin = _admin(client_config)
            elif seen.controller is not None:
                ids = {node.id for node in seen.nodes}
                if wanted <= ids or not backend.owns_brokers:
                    return
            time.sleep(0.02)
        raise self._timed_out(deadline, "the cluster did not answer")

    def _wait_for_listeners(self, servers: str, wanted: set[int], deadline: Deadline) -> None:
        """Wait until every port is open: a client that asks before waits out its time-out."""
        addresses = [server.rsplit(":", 1) for server in servers.split(",")]

        def open_now() -> bool:
            self._check_ended_early(self._live, wanted)
            return all(_listens(host, int(port)) for host, port in addresses)

        deadline.wait_for(open_now)

    def _warm_group_coordinator(self, deadline: Deadline) -> None:
        """Ask for a group until its coordinator has loaded: it saves the first consumer 3 s."""
        backend = self._live
        wanted = set(backend.node_ids)
        while not deadline.passed:
            self._check_ended_early(backend, wanted)
            attempt = Deadline(min(1.0, deadline.remaining))
            group = topic = _WARM_GROUP
            if committed_offsets(backend.client_config, group, topic, [0], attempt) is not None:
                return
        raise self._timed_out(deadline, "the group coordinator did not answer")

    def _check_ended_early(self, backend: Backend, node_ids: set[int]) -> None:
        if not backend.owns_brokers:
            return
        for node_id in node_ids:
            if backend.node_state(node_id) is NodeState.STOPPED:
                text = backend.node_log(node_id)
                if any(mark in text for mark in _PORT_TAKEN):
                    raise _PortTakenError(node_id)
                if self._disk_full(text):
                    raise KafkaLabError(
                        f"Broker {node_id} ended while it was starting: No space left on device.",
                        tried=f"to start it on the {backend.name} backend",
                        fix="free some disk space (Docker: docker system prune), or choose a "
                        "folder on another disk: export KAFKALAB_CACHE=/path/to/a/folder",
                        log=telling_lines(text, LOG_LINES_IN_ERRORS),
                    )
                raise KafkaLabError(
                    f"Broker {node_id} ended while it was starting.",
                    tried=f"to start it on the {backend.name} backend",
                    fix="read its last lines below; a wrong value in config={…} or too little "
                    "memory are the usual causes: kafkalab doctor",
                    log=telling_lines(text, LOG_LINES_IN_ERRORS),
                )

    def _disk_full(self, text: str) -> bool:
        """The broker says so, where its log still had room; else look at the disk."""
        settings = self._settings or Settings.from_environment()
        with contextlib.suppress(OSError):
            if shutil.disk_usage(settings.run_dir).free < _LITTLE_DISK:
                return True
        return "No space left on device" in text

    def _timed_out(self, deadline: Deadline, what: str) -> KafkaLabError:
        backend = self._live
        text = backend.node_log(backend.node_ids[0]) if backend.owns_brokers else ""
        return KafkaLabError(
            f"The cluster did not come up within {deadline.seconds:g} seconds: {what}.",
            tried=f"to start {self._brokers} broker(s) on the {backend.name} backend",
            fix="give it more time: KafkaCluster().start(timeout=180); "
            "kafkalab doctor says what slows this machine down",
            log=telling_lines(text, LOG_LINES_IN_ERRORS),
        )

    # --- looks --------------------------------------------------------------------------------

    def _table(self) -> tuple[str, str]:
        from kafkalab.show.table import cluster_table

        return cluster_table(self.brokers)

    def __repr__(self) -> str:
        if self._backend is None:
            return f"KafkaCluster(brokers={self._brokers}), stopped"
        return self._table()[0]

    def _repr_html_(self) -> str | None:
        return None if self._backend is None else self._table()[1]


class _PortTakenError(KafkaLabError):
    """A broker found its port in use."""

    def __init__(self, node_id: int) -> None:
        super().__init__(
            f"A port of broker {node_id} was taken by another program, again and again.",
            fix="end what uses ports 20000-31999 of 127.0.0.1, or run this again",
        )


def start_standing(
    brokers: int,
    *,
    settings: Settings,
    backend: str | None,
    name: str,
    client_ports: tuple[int, ...],
    timeout: float,
) -> KafkaCluster:
    """Start a cluster that has no owner: it lives until `kafkalab stop`."""
    cluster = KafkaCluster(brokers, backend=backend, name=name, settings=settings)
    cluster._start_new(timeout, owner=None, client_ports=client_ports)
    return cluster


def take_up(settings: Settings, record: ClusterRecord, timeout: float) -> KafkaCluster:
    """The cluster of a record; its brokers that are stopped (a reboot) are started again."""
    from kafkalab.backends import choice

    cluster = KafkaCluster(record.brokers, name=record.name, settings=settings)
    cluster._backend = backend = choice.attach(settings, record)
    for node_id in backend.node_ids:
        backend.start_node(node_id)
    cluster._wait_until_ready(Deadline(timeout))
    return cluster


def _setting_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _listens(host: str, port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=0.5):
        return True
    return False


def _admin(client_config: Mapping[str, str]) -> AdminClient:
    from confluent_kafka.admin import AdminClient

    return AdminClient({**client_config, **librdkafka.client_defaults()})


def _describe(admin: AdminClient, seconds: float) -> DescribeClusterResult | None:
    """The nodes and controller that the cluster names, or None where it does not answer yet."""
    from confluent_kafka import KafkaException

    try:
        future = admin.describe_cluster(request_timeout=seconds)
        return future.result(timeout=seconds + 1.0)
    except (KafkaException, TimeoutError):
        return None

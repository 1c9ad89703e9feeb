"""`KafkaCluster`: what a notebook holds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self, overload
from weakref import WeakValueDictionary

from kafkalab.backends.log_files import folders
from kafkalab.backends.properties import check_broker_count
from kafkalab.backends.protocol import Backend, ClusterRequest, OfficialTools
from kafkalab.cluster.broker import Broker, brokers_of, program_of, start_again
from kafkalab.cluster.folders import new_folder
from kafkalab.cluster.table import cluster_table
from kafkalab.common.blocks import RunsInBlock
from kafkalab.common.deadline import Deadline, check_seconds
from kafkalab.common.interrupts import uninterrupted
from kafkalab.common.log_text import LogText
from kafkalab.errors import KafkaLabError
from kafkalab.lines.connect_line import OFFICIAL_LINE
from kafkalab.queries import clients
from kafkalab.queries.clients import ClientConfig
from kafkalab.runtime.owner import Owner
from kafkalab.runtime.program import Program
from kafkalab.runtime.starting import bring_up
from kafkalab.settings import Settings, check_backend

if TYPE_CHECKING:
    from kafkalab.cluster.background import BackgroundTool, Stoppable
    from kafkalab.cluster.connect import ConnectWorker
    from kafkalab.cluster.console import ToolResult

DEFAULT_NAME = ""

# One kernel holds one cluster a name: a cell that is run again replaces its own cluster.
_running: dict[str, KafkaCluster] = {}

# The one of a name that was started last, which may be stopped by now.
_latest: WeakValueDictionary[str, KafkaCluster] = WeakValueDictionary()


class KafkaCluster(RunsInBlock):
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
    jmx_exporter : bool
        Whether each broker carries the Prometheus JMX exporter; see `metrics_urls`.
    log_files : bool
        Whether each broker writes its logs into files, too; see `log_folders`.
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
        jmx_exporter: bool = False,
        log_files: bool = False,
        settings: Settings | None = None,
    ) -> None:
        self._brokers = check_broker_count(brokers)
        self._choice = None if backend is None else check_backend(backend, "backend=")
        self.name = name
        self._config = {str(key): _setting_text(value) for key, value in (config or {}).items()}
        self._asked = {"jmx_exporter": bool(jmx_exporter), "log_files": bool(log_files)}
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
        check_seconds("timeout", timeout, fix="cluster.start(timeout=60)")
        earlier = _running.get(self.name)
        if earlier is not None and earlier is not self:
            earlier.stop()
        clients.route_stderr()
        self.start_owned(timeout, owner=Owner.this_process())
        _running[self.name] = _latest[self.name] = self
        return self

    def start_owned(
        self, timeout: float, *, owner: Owner | None, client_ports: tuple[int, ...] = ()
    ) -> None:
        """Start it for an owner; None for a cluster that stands until it is stopped."""
        from kafkalab.backends import choice

        settings = self._settings or Settings.from_environment()
        decision = choice.decide(settings, self._choice or settings.backend)
        request = ClusterRequest(
            self._brokers, owner, self._config, self.name, client_ports, **self._asked
        )
        backend = choice.make(decision, settings, request)
        backend.fetch()
        bring_up(backend, Deadline(timeout))
        self.take(backend, decision.reason)

    def take(self, backend: Backend, reason: str = "") -> None:
        """Hold the cluster of a backend that has been started."""
        self._backend, self._reason = backend, reason

    def stop(self) -> None:
        """Stop the cluster and remove all of it, its data too; harmless when it is stopped."""
        with uninterrupted():
            tools, self._background = self._background, []
            for tool in tools:
                tool.stop()
            workers, self._workers = self._workers, []
            for worker in workers:
                worker.remove()
            if self._backend is not None:
                self._backend.remove()
                self._backend = None
            if _running.get(self.name) is self:
                del _running[self.name]

    @property
    def is_running(self) -> bool:
        """Whether it was started and not stopped since; brokers may be stopped one by one."""
        return self._backend is not None

    @property
    def is_replaced(self) -> bool:
        """Whether this kernel has started another cluster in its place since."""
        return _latest.get(self.name, self) is not self

    # --- what clients need --------------------------------------------------------------------

    @property
    def backend(self) -> str:
        """docker, process or existing; chosen at `start`."""
        return self._live.name

    @property
    def backend_reason(self) -> str:
        """Why this backend was chosen; names things of this machine, so it is not for outputs."""
        return self._reason if self._live else ""

    @property
    def bootstrap_servers(self) -> str:
        """Addresses for a client's `bootstrap.servers`, joined by commas."""
        return self._live.client_config["bootstrap.servers"]

    @property
    def client_config(self) -> ClientConfig:
        """What a client needs to reach this cluster, security included."""
        return {**self._live.client_config}

    @property
    def metrics_urls(self) -> dict[int, str]:
        """Broker id → the address under which its JMX exporter tells its metrics as text."""
        urls = dict(self._live.metrics_urls)
        if not urls:
            fix = "start it with KafkaCluster(jmx_exporter=True)"
            raise KafkaLabError("The brokers of this cluster carry no JMX exporter.", fix=fix)
        return urls

    @property
    def brokers(self) -> list[Broker]:
        """The brokers as they are now, by node id."""
        return brokers_of(self._live)

    def ends_with(self, thing: Stoppable) -> None:
        """Stop `thing` when the cluster stops; for what shows the cluster in the background."""
        self._background.append(thing)

    def official_tools(self) -> OfficialTools | None:
        """Where Kafka's own tools run; None where they would first have to be fetched."""
        return self._live if self._live.tools_at_hand else None

    @property
    def _live(self) -> Backend:
        if self._backend is None:
            raise KafkaLabError("This cluster is stopped.", fix="start it: cluster.start()")
        return self._backend

    # --- brokers ------------------------------------------------------------------------------

    def stop_broker(self, node_id: int, timeout: float = 30) -> None:
        """Stop a broker cleanly, as an operator does: its leaders move away first."""
        check_seconds("timeout", timeout)
        self._node(node_id).stop(Deadline(timeout))

    def kill_broker(self, node_id: int) -> None:
        """End a broker's process at once: no goodbye, nothing put in order."""
        self._node(node_id).kill()

    def pause_broker(self, node_id: int) -> None:
        """Freeze a broker: it keeps its connections and answers nothing."""
        self._node(node_id).pause()

    def resume_broker(self, node_id: int) -> None:
        """Let a paused broker go on."""
        self._node(node_id).resume()

    def start_broker(self, node_id: int, timeout: float = 60) -> None:
        """Start a stopped or killed broker with the data it has; return once the cluster sees it.

        With fewer running brokers than a majority of the controllers the cluster cannot see
        anything: then the broker is started and the call returns.
        """
        check_seconds("timeout", timeout)
        start_again(self._live, node_id, timeout)

    def logs(self, node_id: int = 1, last: int | None = None) -> LogText:
        """What a broker wrote so far, or its `last` lines."""
        return LogText.of(self._node(node_id).log(), last)

    @property
    def log_folders(self) -> dict[int, Path]:
        """Broker id → where it writes server.log, controller.log and kafkaServer-gc.log."""
        return folders(self._live, self._asked["log_files"])

    def _node(self, node_id: int) -> Program:
        return program_of(self._live, node_id)

    # --- console tools ------------------------------------------------------------------------

    @overload
    def console(
        self,
        line: str,
        *,
        input: str = "",
        background: Literal[False] = False,
        timeout: float | None = None,
        quiet: bool = False,
    ) -> ToolResult: ...

    @overload
    def console(
        self,
        line: str,
        *,
        input: str = "",
        background: Literal[True],
        timeout: float | None = None,
        quiet: bool = False,
    ) -> BackgroundTool: ...

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

        See `kafkalab.cluster.console.run` and `run_in_background`, which have the rules.
        """
        from kafkalab.cluster import command, console
        from kafkalab.cluster.background import EndsWithCluster

        settings = self._settings or Settings.from_environment()
        read = command.prepare(
            self._live, line, input=input, configured=command.configured_servers(settings)
        )
        if not background:
            return console.run(self._live, read, timeout=timeout, quiet=quiet)
        tool = console.run_in_background(self._live, read, timeout=timeout)
        self.ends_with(EndsWithCluster(tool))
        return tool

    # --- files --------------------------------------------------------------------------------

    def folder(self, name: str) -> Path:
        """Make a new, empty folder on this machine that is removed with the cluster.

        It also goes when the kernel is killed. Each call makes another one.

        Parameters
        ----------
        name : str
            What the folder's name begins with, such as ``"connect-files"``.

        Raises
        ------
        KafkaLabError
            The name is no plain name of a folder, or the folder cannot be made.
        """
        return new_folder(self._live.guarded_folder() / "files", name)

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
        from kafkalab.cluster import connect

        check_seconds("timeout", timeout)
        changes = {str(key): _setting_text(value) for key, value in (config or {}).items()}
        for earlier in [w for w in self._workers if connect.same_folder(w, folder)]:
            earlier.stop()  # cleanly: its successor goes on from the same offsets
            earlier.remove()
        worker = connect.new_worker(self._live, line, folder, changes, port)
        self._workers = [*self.workers, worker]
        try:
            worker.start(timeout)
        except BaseException:
            worker.remove()
            raise
        return worker

    @property
    def workers(self) -> list[ConnectWorker]:
        """The Connect workers that `connect` started, running or stopped."""
        return [worker for worker in self._workers if not worker.ended]

    # --- looks --------------------------------------------------------------------------------

    def __repr__(self) -> str:
        if self._backend is None:
            return f"KafkaCluster(brokers={self._brokers}), stopped"
        return cluster_table(self.brokers)[0]

    def _repr_html_(self) -> str | None:
        return None if self._backend is None else cluster_table(self.brokers)[1]


def _setting_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)

"""A cluster that exists: connected to, looked at, never started or stopped."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from kafkalab.backends.processes.nodes import APPLICATION_STATE
from kafkalab.backends.processes.tools import JavaTools
from kafkalab.backends.processes.worker import process_worker, worker_place
from kafkalab.backends.protocol import NEW, TerminalCommand, ToolProcess
from kafkalab.backends.worker import Worker
from kafkalab.common import java_text
from kafkalab.common.deadline import Deadline
from kafkalab.errors import KafkaLabError
from kafkalab.install.kafka import Distribution, provide
from kafkalab.lines import client_properties
from kafkalab.lines.calls import PrivateFile, ToolCall, Word, WorkerCall, WorkerPlace
from kafkalab.queries import clients
from kafkalab.runtime import ports
from kafkalab.runtime.owner import Owner
from kafkalab.runtime.program import Program, ProgramState
from kafkalab.runtime.run import Run
from kafkalab.settings import Settings

if TYPE_CHECKING:
    from confluent_kafka import KafkaError
    from confluent_kafka.admin import AdminClient

PATIENCE_SECONDS = 10.0
"""A cluster that exists answers within this or is not there."""
CLIENT_FILE = "client.properties"
_UNSET = "unset KAFKALAB_CLIENT_CONFIG and KAFKALAB_BOOTSTRAP_SERVERS"

_WITHOUT_CLIENT = ("kafka-storage.sh", "kafka-dump-log.sh", "kafka-replica-verification.sh")
_OLD_OPTIONS = {
    "kafka-console-producer.sh": "--producer.config",
    "kafka-console-consumer.sh": "--consumer.config",
    "kafka-console-share-consumer.sh": "--consumer-config",
    "kafka-leader-election.sh": "--admin.config",
    "kafka-cluster.sh": "--config",
}
"""What 4.2 and newer call --command-config everywhere (KIP-1147)."""


class ExistingBackend:
    """A cluster that somebody else runs; see `kafkalab.backends.protocol.Backend`.

    Parameters
    ----------
    settings : Settings
        With `client_config` or `bootstrap_servers`.
    config : mapping of str to str
        Broker settings that the notebook asks for: there must be none.
    jmx_exporter : bool
        Whether the notebook asks for JMX exporters: it must not.
    log_files : bool
        Whether the notebook asks for log files: it must not.
    """

    name = "existing"

    def __init__(
        self,
        settings: Settings,
        *,
        config: Mapping[str, str] | None = None,
        jmx_exporter: bool = False,
        log_files: bool = False,
    ) -> None:
        if jmx_exporter:
            raise KafkaLabError(
                "The brokers of an existing cluster are not started from here, so they cannot be "
                "given a JMX exporter.",
                tried="to start a cluster with jmx_exporter=True",
                fix=f"leave jmx_exporter= out, or run this on a cluster of its own: {_UNSET}",
            )
        if log_files:
            raise KafkaLabError(
                "The brokers of an existing cluster have their log files on their own machines.",
                tried="to start a cluster with log_files=True",
                fix=f"leave log_files= out, or run this on a cluster of its own: {_UNSET}",
            )
        if config:
            raise KafkaLabError(
                "The brokers of an existing cluster keep their own settings.",
                tried=f"to set {', '.join(sorted(config))}",
                fix=f"leave config= out, or run this on a cluster of its own: {_UNSET}",
            )
        self._settings = settings
        self._client = _client_settings(settings)
        self._node_ids: tuple[int, ...] = ()
        self._distribution: Distribution | None = None
        self._run = Run(settings.run_dir, "process", Owner.this_process())

    @property
    def client_config(self) -> Mapping[str, str]:
        return dict(self._client)

    network_name = None

    @property
    def tools_at_hand(self) -> bool:
        """Once a console line has fetched them."""
        return self._distribution is not None

    @property
    def tool_servers(self) -> str:
        return self._client["bootstrap.servers"]

    @property
    def controllers(self) -> Mapping[int, str]:
        """None: its brokers do not tell how its controllers are reached."""
        return {}

    @property
    def metrics_urls(self) -> Mapping[int, str]:
        """None: whatever its brokers carry is not ours."""
        return {}

    @property
    def state_dir(self) -> str:
        return str(self._run.folder / APPLICATION_STATE)

    def guarded_folder(self) -> Path:
        self._guard()
        return self._run.folder

    @property
    def node_ids(self) -> Sequence[int]:
        return self._node_ids

    def fetch(self) -> None:
        """Nothing: clients need nothing, and the tools' Kafka comes with the first tool."""

    def start(self, deadline: Deadline) -> None:
        """Connect, and learn which brokers there are."""
        patience = Deadline(min(deadline.remaining, PATIENCE_SECONDS))
        self._node_ids = _connect(self._client, _source(self._settings), patience)

    def wait_until_ready(self, deadline: Deadline, before: Mapping[int, int] = NEW) -> None:
        """Nothing: it has answered, and how it is run is not ours to judge."""

    def wait_for_node(self, node_id: int, deadline: Deadline, before: int) -> None:
        """Nothing: no broker is started from here."""

    # --- brokers that are not ours ------------------------------------------------------------

    def node(self, node_id: int) -> Program:
        return ForeignBroker(node_id)

    def node_with_files(self) -> int | None:
        """None: their files are on their own machines."""
        return None

    # --- tools --------------------------------------------------------------------------------

    def prepare_tools(self) -> None:
        if self._distribution is None:
            self._distribution = provide(self._settings)

    def run_tool(self, call: ToolCall) -> ToolProcess:
        tools = self._tools()
        return tools.run(self._with_client_settings(call, tools))

    def terminal_command(self, call: ToolCall, *, tty: bool) -> TerminalCommand:
        tools = self._tools()
        return tools.terminal_command(self._with_client_settings(call, tools))

    def _with_client_settings(self, call: ToolCall, tools: JavaTools) -> ToolCall:
        option = option_name(call.script, tools.distribution)
        return with_client_settings(call, self._client, option)

    def worker_place(self, port: int | None) -> WorkerPlace:
        tools = self._tools()
        return worker_place(
            tools.distribution, self._settings, port, label=tools.label, client=self._client
        )

    def release_worker_place(self, place: WorkerPlace) -> None:
        ports.release_worker_port(self._run.run_dir, self._run.label, place.port)

    def connect_worker(self, call: WorkerCall) -> Worker:
        tools = self._tools()
        return process_worker(
            tools.distribution, self._settings, call, label=tools.label, ends_cleanly=True
        )

    def _tools(self) -> JavaTools:
        """Kafka's tools, and a private folder that goes when this process goes."""
        self.prepare_tools()
        assert self._distribution is not None
        self._guard()
        run = self._run
        return JavaTools(self._distribution, self._settings.cache, run.label, run.folder)

    def _guard(self) -> None:
        """See that there is a folder that goes when this process goes."""
        if not self._run.is_guarded:
            self._run.open()

    def remove(self) -> None:
        """End the tools that still run, and remove their files; the cluster stays as it is."""
        if self._run.is_guarded:
            self._run.remove()


class ForeignBroker:
    """A broker of a cluster that exists; see `Program`."""

    def __init__(self, node_id: int) -> None:
        self._name = f"broker {node_id}"

    @property
    def state(self) -> ProgramState:
        """Running, as far as the cluster's metadata told at the start."""
        return ProgramState.RUNNING

    def start(self) -> None:
        _not_ours(f"to start {self._name}")

    def stop(self, deadline: Deadline) -> None:
        _not_ours(f"to stop {self._name}")

    def kill(self) -> None:
        _not_ours(f"to kill {self._name}")

    def pause(self) -> None:
        _not_ours(f"to pause {self._name}")

    def resume(self) -> None:
        _not_ours(f"to resume {self._name}")

    def log(self) -> str:
        _not_ours(f"to read the log of {self._name}, which is on the broker's own machine")


def with_client_settings(call: ToolCall, settings: Mapping[str, str], option: str) -> ToolCall:
    """The call with a private file of Java client settings, where the cluster needs some.

    A client file that the line itself names is kept, and its settings win.
    """
    if call.script in _WITHOUT_CLIENT or not (java := client_properties.java_settings(settings)):
        return call
    text = java_text.properties(java)
    args = [
        replace(word, text=text + word.text)
        if isinstance(word, PrivateFile) and word.client
        else word
        for word in call.args
    ]
    if args == list(call.args):
        args = _after_server(args, [option, PrivateFile(CLIENT_FILE, text, client=True)])
    return replace(call, args=tuple(args))


def option_name(script: str, distribution: Distribution) -> str:
    """The tool's option for a file of client settings, in this version of Kafka."""
    for jar in distribution.class_path:
        version = re.fullmatch(r"kafka_[\d.]+-(\d+)\.(\d+).*\.jar", jar.name)
        if version and (int(version[1]), int(version[2])) < (4, 2):
            return _OLD_OPTIONS.get(script, "--command-config")
    return "--command-config"


def _after_server(args: list[Word], added: list[Word]) -> list[Word]:
    """Beside the address: tools with sub-commands take both in the same place."""
    for i, word in enumerate(args):
        if word in ("--bootstrap-server", "-b"):
            return [*args[: i + 2], *added, *args[i + 2 :]]
        if isinstance(word, str) and word.startswith("--bootstrap-server="):
            return [*args[: i + 1], *added, *args[i + 1 :]]
    return args  # --help


# --- connecting -------------------------------------------------------------------------------


def _client_settings(settings: Settings) -> dict[str, str]:
    client = (
        {} if settings.client_config is None else client_properties.read(settings.client_config)
    )
    servers = (
        settings.bootstrap_servers
        or client.pop("bootstrap.servers", "")
        or client.pop("metadata.broker.list", "")
    )
    if not servers:
        raise KafkaLabError(
            f"{_source(settings)} has no bootstrap.servers, so the cluster has no address.",
            fix="add a line bootstrap.servers=host:9092 to it",
        )
    return {**client, "bootstrap.servers": re.sub(r"\s+", "", servers)}


def _source(settings: Settings) -> str:
    """Where the user wrote what may have to be corrected."""
    if settings.client_config is not None:
        return str(settings.client_config)
    return "KAFKALAB_BOOTSTRAP_SERVERS"


def _connect(client: Mapping[str, str], source: str, deadline: Deadline) -> tuple[int, ...]:
    """The ids of the cluster's brokers, or the reason why it cannot be reached."""
    from confluent_kafka import KafkaError, KafkaException

    seen: dict[int, KafkaError] = {}

    def note(error: KafkaError) -> None:
        seen.setdefault(error.code(), error)

    admin = _admin(client, source, note)
    lasting = {KafkaError._AUTHENTICATION, KafkaError._SSL, KafkaError.SASL_AUTHENTICATION_FAILED}
    while True:
        try:
            metadata = admin.list_topics(timeout=max(0.1, min(1.0, deadline.remaining)))
            return tuple(sorted(metadata.brokers))
        except KafkaException as error:
            admin.poll(0)  # librdkafka's own reasons come through here
            note(error.args[0])
        if deadline.passed or lasting & seen.keys():
            raise _unreachable(client, source, seen)


def _admin(
    client: Mapping[str, str], source: str, note: Callable[[KafkaError], None]
) -> AdminClient:
    from confluent_kafka import KafkaException

    try:
        return clients.admin_client(client, note)
    except (KafkaException, TypeError, ValueError) as error:
        first = error.args[0] if error.args else error
        reason = first.str() if hasattr(first, "str") else str(first)
        raise KafkaLabError(
            f"A setting in {source} is refused: {client_properties.redact(reason, client)}.",
            tried="to make a client with it",
            fix=f"correct that setting in {source}",
        ) from None  # the cause may hold a secret


def _unreachable(
    client: Mapping[str, str], source: str, seen: Mapping[int, KafkaError]
) -> KafkaLabError:
    from confluent_kafka import KafkaError

    fixes = {
        KafkaError._AUTHENTICATION: f"correct sasl.username, sasl.password and sasl.mechanisms "
        f"in {source}",
        KafkaError._SSL: "name the certificate of the brokers' CA with ssl.ca.location in "
        f"{source}, and reach the brokers by a host name that their certificate has",
        KafkaError._RESOLVE: f"correct the host name in {source}; a private network may need a VPN",
        KafkaError._TRANSPORT: "see whether the cluster runs, and whether the address and "
        f"security.protocol in {source} are right",
    }
    code = next((code for code in fixes if code in seen), KafkaError._TRANSPORT)
    error = seen.get(code) or next(iter(seen.values()))
    return KafkaLabError(
        f"The cluster at {client['bootstrap.servers']} cannot be reached: "
        f"{client_properties.redact(_reason(error), client)}.",
        tried="to connect with librdkafka "
        f"({client.get('security.protocol', 'plaintext').upper()}) and ask for its brokers",
        fix=fixes[code],
    )


def _reason(error: KafkaError) -> str:
    """librdkafka's words without its broker prefix and its timing."""
    if error.str().startswith("Failed to get metadata"):  # the one reason librdkafka only logs
        return "it accepts connections and closes them, as with another security.protocol"
    text = re.sub(r" \(after \d+ms in state [^)]*\)", "", error.str())
    return re.sub(r"^(?:\w+://)?\S+:\d+/\w+: ", "", text).rstrip(". ")


def _not_ours(tried: str) -> NoReturn:
    raise KafkaLabError(
        "The brokers of an existing cluster are not started, stopped or read from here.",
        tried=tried,
        fix="unset KAFKALAB_CLIENT_CONFIG and KAFKALAB_BOOTSTRAP_SERVERS, restart the kernel, and "
        "run the notebook on a cluster of its own",
    )

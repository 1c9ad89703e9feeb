"""A cluster that exists: connected to, looked at, never started or stopped."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

import javaproperties

from kafkalab import client_properties, guardian, librdkafka, registry
from kafkalab.backends import (
    NodeState,
    TerminalCommand,
    ToolCall,
    ToolProcess,
    WorkerCall,
    WorkerProcess,
)
from kafkalab.backends.process import APPLICATION_STATE, run_tool_process, terminal_tool
from kafkalab.backends.process_worker import process_worker
from kafkalab.console_line import client_file_options
from kafkalab.deadline import Deadline
from kafkalab.distribution import Distribution, provide
from kafkalab.errors import KafkaLabError
from kafkalab.guardian import Guardian
from kafkalab.java_classes import RUN_CLASS
from kafkalab.node_config import new_label
from kafkalab.settings import Settings

if TYPE_CHECKING:
    from confluent_kafka import KafkaError
    from confluent_kafka.admin import AdminClient

PATIENCE_SECONDS = 10.0
"""A cluster that exists answers within this or is not there."""
CLIENT_FILE = "client.properties"

_WITHOUT_CLIENT = ("kafka-storage.sh", "kafka-dump-log.sh")
_OLD_OPTIONS = {
    "kafka-console-producer.sh": "--producer.config",
    "kafka-console-consumer.sh": "--consumer.config",
    "kafka-console-share-consumer.sh": "--consumer-config",
    "kafka-leader-election.sh": "--admin.config",
    "kafka-cluster.sh": "--config",
}
"""What 4.2 and newer call --command-config everywhere (KIP-1147)."""


class ExistingBackend:
    """A cluster that somebody else runs; see `kafkalab.backends.Backend`.

    Parameters
    ----------
    settings : Settings
        With `client_config` or `bootstrap_servers`.
    config : mapping of str to str
        Broker settings that the notebook asks for: there must be none.
    """

    name = "existing"
    owns_brokers = False

    def __init__(self, settings: Settings, *, config: Mapping[str, str] | None = None) -> None:
        if config:
            raise KafkaLabError(
                "The brokers of an existing cluster keep their own settings.",
                tried=f"to set {', '.join(sorted(config))}",
                fix="leave config= out, or run this on a cluster of its own: "
                "unset KAFKALAB_CLIENT_CONFIG and KAFKALAB_BOOTSTRAP_SERVERS",
            )
        self._settings = settings
        self._client = _client_settings(settings)
        self._node_ids: tuple[int, ...] = ()
        self._distribution: Distribution | None = None
        self._label = new_label()
        self._guardian: Guardian | None = None

    @property
    def client_config(self) -> Mapping[str, str]:
        return dict(self._client)

    @property
    def tool_servers(self) -> str:
        return self._client["bootstrap.servers"]

    @property
    def state_dir(self) -> str:
        return str(self._settings.run_dir / self._label / APPLICATION_STATE)

    @property
    def node_ids(self) -> Sequence[int]:
        return self._node_ids

    def fetch(self) -> None:
        """Nothing before the cluster has answered: clients need nothing. Then the tools' Kafka."""
        if self._node_ids and self._distribution is None:
            self._distribution = provide(self._settings)

    def start(self, deadline: Deadline) -> None:
        """Connect, and learn which brokers there are."""
        patience = Deadline(min(deadline.remaining, PATIENCE_SECONDS))
        self._node_ids = _connect(self._client, _source(self._settings), patience)

    # --- brokers that are not ours ------------------------------------------------------------

    def start_node(self, node_id: int) -> None:
        _not_ours(f"to start broker {node_id}")

    def stop_node(self, node_id: int, deadline: Deadline) -> None:
        _not_ours(f"to stop broker {node_id}")

    def kill_node(self, node_id: int) -> None:
        _not_ours(f"to kill broker {node_id}")

    def pause_node(self, node_id: int) -> None:
        _not_ours(f"to pause broker {node_id}")

    def resume_node(self, node_id: int) -> None:
        _not_ours(f"to resume broker {node_id}")

    def node_state(self, node_id: int) -> NodeState:
        """Running, as far as the cluster's metadata told at the start."""
        return NodeState.RUNNING

    def node_log(self, node_id: int) -> str:
        _not_ours(f"to read the log of broker {node_id}, which is on the broker's own machine")

    # --- tools --------------------------------------------------------------------------------

    def run_tool(self, call: ToolCall) -> ToolProcess:
        distribution = self._tools()
        return run_tool_process(
            distribution,
            self._settings,
            with_client_settings(call, self._client, option_name(call.script, distribution)),
            label=self._label,
            folder=self._settings.run_dir / self._label,
            paths={},
        )

    def terminal_command(self, call: ToolCall, *, tty: bool) -> TerminalCommand:
        distribution = self._tools()
        return terminal_tool(
            distribution,
            self._settings,
            with_client_settings(call, self._client, option_name(call.script, distribution)),
            label=self._label,
            folder=self._settings.run_dir / self._label,
            paths={},
        )

    def connect_worker(self, call: WorkerCall) -> WorkerProcess:
        return process_worker(
            self._tools(), self._settings, call, label=self._label, client=self._client
        )

    def _tools(self) -> Distribution:
        """Kafka for the tools, and a private folder that goes when this process goes."""
        if self._distribution is None:
            self._distribution = provide(self._settings)
        if self._guardian is None:
            # before the folder: what has no living guardian counts as left behind
            self._guardian = Guardian(self._settings.run_dir, self._label, "process")
            registry.cluster_folder(self._settings.run_dir, self._label)
        return self._distribution

    def remove(self) -> None:
        """End the tools that still run, and remove their files; the cluster stays as it is."""
        watcher, self._guardian = self._guardian, None
        if watcher is not None:
            guardian.remove_cluster(self._settings.run_dir, self._label, "process")
            watcher.dismiss()


def with_client_settings(call: ToolCall, settings: Mapping[str, str], option: str) -> ToolCall:
    """The call with a private file of Java client settings, where the cluster needs some.

    A client file that the line itself names is kept, and its settings win.
    """
    if call.script in _WITHOUT_CLIENT or not (java := client_properties.java_settings(settings)):
        return call
    text: str = javaproperties.dumps(java, timestamp=False)
    files = dict(call.files or {})
    named = _client_files(call)
    for name in named:
        files[name] = text + files[name]
    args = list(call.args)
    if not named:
        files[CLIENT_FILE] = text
        args = _after_server(args, [option, f"{{{CLIENT_FILE}}}"])
    return replace(call, args=tuple(args), files=files)


def option_name(script: str, distribution: Distribution) -> str:
    """The tool's option for a file of client settings, in this version of Kafka."""
    for jar in distribution.class_path:
        version = re.fullmatch(r"kafka_[\d.]+-(\d+)\.(\d+).*\.jar", jar.name)
        if version and (int(version[1]), int(version[2])) < (4, 2):
            return _OLD_OPTIONS.get(script, "--command-config")
    return "--command-config"


def _client_files(call: ToolCall) -> list[str]:
    """Names in `call.files` of the client files that the line itself gives."""
    if call.script == RUN_CLASS:
        return list(call.files or {})
    options = client_file_options(call.script)
    values = [
        word.partition("=")[2] if "=" in word else following
        for word, following in zip(call.args, [*call.args[1:], ""], strict=True)
        if word.partition("=")[0] in options
    ]
    return [value[1:-1] for value in values if value[1:-1] in (call.files or {})]


def _after_server(args: list[str], added: list[str]) -> list[str]:
    """Beside the address: tools with sub-commands take both in the same place."""
    for i, word in enumerate(args):
        if word in ("--bootstrap-server", "-b"):
            return [*args[: i + 2], *added, *args[i + 2 :]]
        if word.startswith("--bootstrap-server="):
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


def _admin(client: Mapping[str, str], source: str, note: object) -> AdminClient:
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    try:
        return AdminClient({**client, **librdkafka.client_defaults(), "error_cb": note})
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

"""The scripts of the release's `bin/`: how each names brokers and files, and what is not run."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, replace
from enum import Enum

from kafkalab.errors import KafkaLabError
from kafkalab.releases import CURRENT

PRODUCER = "kafka-console-producer.sh"
CONSUMERS = ("kafka-console-consumer.sh", "kafka-console-share-consumer.sh")
RUN_CLASS = "kafka-run-class.sh"
E2E_LATENCY = "kafka-e2e-latency.sh"
MAX_MESSAGES = "--max-messages"

UNTIL_STOPPED = (
    "kafka-replica-verification.sh",
    "kafka-verifiable-consumer.sh",
    "kafka-verifiable-producer.sh",
    "kafka-verifiable-share-consumer.sh",
)
"""Tools that go on until they are stopped, unless the line holds `--max-messages`."""

TEXT_FILES = (
    "--add-config-file",
    "--formatter-config",
    "--from-file",
    "--offset-json-file",
    "--path-to-json-file",
    "--payload-file",
    "--reader-config",
    "--reassignment-json-file",
    "--topics-to-move-json-file",
)
"""Options that name a file on the reader's own machine; all tools spell them alike."""
PLAIN_FILES = ("--from-file", "--payload-file")
"""Those whose file is a text that Java reads as UTF-8; the others name properties or JSON."""


class ServerPlace(Enum):
    """Where a tool takes the address that a line leaves out."""

    LAST = "after all other words"
    FIRST = "before the sub-command"
    NOWHERE = "it asks no broker"


@dataclass(frozen=True)
class Options:
    """The options of one tool that name brokers or files.

    Attributes
    ----------
    servers, controllers : tuple of str
        Options whose values are addresses; the first of `servers` is added where none is given.
    client_files : tuple of str
        Options that name a file of client settings.
    broker_files : tuple of str
        Options that name a broker's `server.properties`.
    place : ServerPlace
        Where a missing address goes.
    """

    servers: tuple[str, ...] = ("--bootstrap-server",)
    controllers: tuple[str, ...] = ("--bootstrap-controller",)
    client_files: tuple[str, ...] = (
        "--command-config",
        "--producer.config",
        "--consumer.config",
        "--consumer-config",
        "--admin.config",
    )
    broker_files: tuple[str, ...] = ()
    place: ServerPlace = ServerPlace.LAST

    @property
    def guarded(self) -> tuple[str, ...]:
        """Options that could name another cluster."""
        return (*self.servers, *self.controllers, *self.client_files)

    @property
    def with_value(self) -> tuple[str, ...]:
        """Options whose next word is read here."""
        return (*self.guarded, *self.broker_files, *TEXT_FILES)


_COMMON = Options()
_FIRST = replace(_COMMON, place=ServerPlace.FIRST)
_OWN_OPTIONS = {
    "kafka-cluster.sh": replace(
        _COMMON,
        servers=("--bootstrap-server", "-b"),
        controllers=("--bootstrap-controller", "-C"),
        client_files=(*_COMMON.client_files, "--config", "-c"),
    ),
    "kafka-dump-log.sh": replace(_COMMON, place=ServerPlace.NOWHERE),
    "kafka-features.sh": _FIRST,
    "kafka-metadata-quorum.sh": _FIRST,
    "kafka-replica-verification.sh": replace(_COMMON, servers=("--broker-list",)),
    "kafka-storage.sh": replace(
        _COMMON, broker_files=("--config", "-c"), place=ServerPlace.NOWHERE
    ),
    "kafka-streams-application-reset.sh": replace(
        _COMMON, client_files=(*_COMMON.client_files, "--config-file")
    ),
    "kafka-transactions.sh": _FIRST,
}


def options_of(script: str) -> Options:
    """The options of a tool that name brokers or files."""
    return _OWN_OPTIONS.get(script, _COMMON)


_NO_ZOOKEEPER = (
    "ZooKeeper is gone since Kafka 4.0: the cluster keeps its metadata itself (KRaft).",
    "leave this step out; cluster.start() starts all that Kafka needs",
)
_NO_MIRROR = (
    "MirrorMaker copies topics from one cluster to another, and a line reaches one cluster only.",
    "run it in a terminal from an unpacked release, with the addresses of two clusters in its "
    'file: bootstrap_servers of KafkaCluster(name="source") and of KafkaCluster(name="target")',
)
INSTEAD = {
    "connect-distributed.sh": (
        "A distributed Connect worker joins others and runs on; here one worker runs alone.",
        "start a standalone worker, whose connectors are the same: "
        'worker = cluster.connect(folder="connect-files")',
    ),
    "connect-mirror-maker.sh": _NO_MIRROR,
    "connect-plugin-path.sh": (
        "It looks through the folders of plugins on the machine where a Connect worker runs.",
        'ask a worker what it has found: worker = cluster.connect(folder="connect-files"); '
        'requests.get(f"{worker.url}/connector-plugins").json()',
    ),
    "connect-standalone.sh": (
        "A Connect worker is more than a tool: it runs on, beside files that it reads and writes.",
        'cluster.connect("bin/connect-standalone.sh config/connect-standalone.properties …", '
        'folder="connect-files")',
    ),
    "kafka-jmx.sh": (
        "It reads a broker's metrics from a JMX port, and this cluster's brokers open none.",
        "ask the brokers themselves: bin/kafka-log-dirs.sh --describe for sizes, "
        "bin/kafka-consumer-groups.sh --describe --all-groups for lag, "
        "bin/kafka-metadata-quorum.sh describe --replication for the controllers",
    ),
    "kafka-metadata-shell.sh": (
        "It opens a metadata log that no broker uses, and this cluster's brokers run.",
        "read the same records while they run: cluster.console("
        '"bin/kafka-dump-log.sh --cluster-metadata-decoder --files '
        '/tmp/kraft-combined-logs/__cluster_metadata-0/00000000000000000000.log")',
    ),
    "kafka-mirror-maker.sh": _NO_MIRROR,
    "kafka-preferred-replica-election.sh": (
        "This script went with Kafka 3.0; kafka-leader-election.sh took its place.",
        'cluster.console("bin/kafka-leader-election.sh --election-type PREFERRED '
        '--all-topic-partitions")',
    ),
    "kafka-server-start.sh": (
        "This cluster's brokers are started by the notebook, not by a line.",
        "cluster.start(), or cluster.start_broker(1) for one that was stopped",
    ),
    "kafka-server-stop.sh": (
        "This cluster's brokers are stopped by the notebook, not by a line.",
        "cluster.stop_broker(1) for one broker, cluster.stop() for the whole cluster",
    ),
    "trogdor.sh": (
        "Trogdor is the test framework of Kafka's developers: its agents run on many machines.",
        "provoke a failure with cluster.kill_broker(1) or cluster.pause_broker(1), and measure "
        "with bin/kafka-producer-perf-test.sh",
    ),
    "zookeeper-security-migration.sh": _NO_ZOOKEEPER,
    "zookeeper-server-start.sh": _NO_ZOOKEEPER,
    "zookeeper-server-stop.sh": _NO_ZOOKEEPER,
    "zookeeper-shell.sh": _NO_ZOOKEEPER,
}
"""Scripts of this release and of old ones that do not run here → why, and what to do instead."""

_FOREIGN = re.compile(
    r"(?:kafka-(?:avro|json-schema|protobuf)-console-(?P<tool>producer|consumer)"
    r"|k(?:afka)?cat(?P<kcat>)|(?:ksql|rpk|schema-registry-\w+)(?P<other>))\.sh"
)


def script_name(word: str) -> str:
    """The script that a first word means, whatever folder and ending it has."""
    name = re.split(r"[/\\]", word)[-1]
    return re.sub(r"\.(sh|bat)$", "", name, flags=re.I) + ".sh"


def is_script(word: str) -> bool:
    """True for a script of Kafka's release, of this version or an old one."""
    name = script_name(word)
    return name in CURRENT.scripts or name in INSTEAD or name == RUN_CLASS


def require_tool(word: str) -> str:
    """The tool's script.

    Raises
    ------
    KafkaLabError
        It is a script that does not run here, or none of Kafka's.
    """
    script = script_name(word)
    if script in CURRENT.scripts or script == RUN_CLASS:
        return script
    if script in INSTEAD:
        what, fix = INSTEAD[script]
        raise KafkaLabError(what, tried=f"to run {word}", fix=fix)
    foreign = _FOREIGN.fullmatch(script)
    if foreign:
        raise KafkaLabError(
            f"{word} does not come with Apache Kafka, and console runs Kafka's own tools only.",
            fix=f"use bin/kafka-console-{foreign['tool'] or 'consumer'}.sh here, or run {word} in "
            "a terminal with cluster.bootstrap_servers as its address",
        )
    known = sorted(CURRENT.scripts)
    close = difflib.get_close_matches(script, known, n=1, cutoff=0.7)
    fix = f"did you mean {close[0]}? " if close else ""
    raise KafkaLabError(
        f"console runs Kafka's own tools, and {word!r} is not one that it knows.",
        fix=f"{fix}The tools are: {', '.join(known)}",
    )

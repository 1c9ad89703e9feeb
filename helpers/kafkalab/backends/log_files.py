"""Brokers' logs as files of this machine: server.log, controller.log, kafkaServer-gc.log."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from kafkalab.backends.protocol import Backend
from kafkalab.errors import KafkaLabError

LOG4J = "broker-files"
"""The kind of Log4j settings that writes them."""
PROPERTY = "kafkalab.logs.dir"
"""The system property that tells Log4j where."""
_FOLDER = "logs"


def folder_of(run_folder: Path, node_id: int) -> Path:
    """The folder of a broker's log files."""
    return run_folder / _FOLDER / f"broker-{node_id}"


def make_folders(run_folder: Path, node_ids: Iterable[int]) -> None:
    """Make them for anybody to write to: in a container a broker is another user.

    The run's folder, in which they are, is its user's alone.
    """
    for node_id in node_ids:
        folder = folder_of(run_folder, node_id)
        folder.mkdir(parents=True)
        folder.chmod(0o777)


def gc_log(folder: str) -> str:
    """The option with which the JVM logs its collections there, as Kafka's own start script has."""
    return f"-Xlog:gc*:file={folder}/kafkaServer-gc.log:time,tags:filecount=10,filesize=100M"


def folders(backend: Backend, asked: bool) -> dict[int, Path]:
    """Broker id → the folder of its log files.

    Raises
    ------
    KafkaLabError
        The cluster was not asked for them.
    """
    if not asked:
        raise KafkaLabError(
            "The brokers of this cluster write no log files, only what cluster.logs() shows.",
            fix="start it with KafkaCluster(log_files=True)",
        )
    run_folder = backend.guarded_folder()
    return {node_id: folder_of(run_folder, node_id) for node_id in backend.node_ids}

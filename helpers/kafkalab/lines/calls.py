"""One run of a console tool, or of a Connect worker, as plain data that any backend can run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class BrokerFile:
    """A word that names files of the broker which the tool runs beside.

    Attributes
    ----------
    what : str
        The broker's folder of data, or its file of settings.
    around : tuple of str
        The word's own text; the path stands between each two pieces.
    """

    what: Literal["log.dirs", "server.properties"]
    around: tuple[str, ...] = ("", "")

    def at(self, path: str) -> str:
        """The word with the broker's own path in it."""
        return path.join(self.around)


@dataclass(frozen=True)
class PrivateFile:
    """A word that names a text file, which the backend writes where the tool runs (mode 0600).

    Attributes
    ----------
    typed : str
        The file's name as the line has it.
    text : str
        Its content; may be secret.
    client : bool
        True for the settings of a Kafka client.
    before : str
        What stands before the name in the same word, such as `--command-config=`.
    """

    typed: str
    text: str
    client: bool = False
    before: str = ""

    def at(self, path: str) -> str:
        """The word with the path of the file that was written."""
        return self.before + path


Word = str | BrokerFile | PrivateFile


@dataclass(frozen=True)
class ToolCall:
    """One run of an official console tool.

    Attributes
    ----------
    script : str
        The tool's name without folder, such as `kafka-topics.sh`. The first argument of
        `kafka-run-class.sh` is a Java class.
    args : tuple of str, BrokerFile and PrivateFile
        Its arguments; addresses in them are already this cluster's `tool_servers`.
    input : str
        What is typed at its prompt; empty for none.
    node_id : int or None
        Run where this broker's own files are (kafka-dump-log, kafka-storage).
    unshown : tuple of str
        Arguments that the command does not show, since they only give it time.
    """

    script: str
    args: tuple[Word, ...]
    input: str = ""
    node_id: int | None = None
    unshown: tuple[str, ...] = ()

    @property
    def private_files(self) -> list[PrivateFile]:
        """The files to write, each once."""
        return list(dict.fromkeys(word for word in self.args if isinstance(word, PrivateFile)))

    def words(self, path_of: Callable[[BrokerFile | PrivateFile], str]) -> list[str]:
        """The arguments as the tool is given them; `path_of` says where a file is."""
        words = (*self.args, *self.unshown)
        return [word if isinstance(word, str) else word.at(path_of(word)) for word in words]

    def has_option(self, *names: str) -> bool:
        """True where one of the options is given, as `--name` or `--name=value`."""
        return any(word.partition("=")[0] in names for word in self.words(lambda file: "file"))


@dataclass(frozen=True)
class WorkerPlace:
    """What a worker's settings need to know of where it runs.

    Attributes
    ----------
    servers : str
        The cluster's address, as seen from the worker.
    listener : str
        What the REST API binds, such as ``http://127.0.0.1:20010``.
    port : int
        The REST API's port on this machine.
    file_jar : str
        The path of Kafka's connect-file jar.
    client : mapping of str to str
        librdkafka settings that a client needs to connect, such as security.
    """

    servers: str
    listener: str
    port: int
    file_jar: str
    client: Mapping[str, str]


@dataclass(frozen=True)
class WorkerCall:
    """One Connect worker to start.

    Attributes
    ----------
    folder : Path
        The learner's folder; the worker runs in it, and what it writes belongs to the learner.
    connector_files : tuple of str
        Files of connectors, as the worker finds them from its folder.
    properties : str
        The text of its settings, for the place where it runs; may hold secrets.
    place : WorkerPlace
        From `Backend.worker_place`.
    """

    folder: Path
    connector_files: tuple[str, ...]
    properties: str
    place: WorkerPlace

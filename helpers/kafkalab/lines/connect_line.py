"""What a Connect worker is given: the official line read, its properties files rendered.

Pure but for `read_line`, which reads the files that the line names.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import javaproperties

from kafkalab.common import java_text
from kafkalab.errors import KafkaLabError
from kafkalab.lines import client_properties, shell
from kafkalab.lines.addresses import Place
from kafkalab.lines.calls import WorkerPlace
from kafkalab.lines.prefixes import without_prefix
from kafkalab.lines.scripts import script_name
from kafkalab.runtime.ports import HOST

SCRIPT = "connect-standalone.sh"
MAIN = "org.apache.kafka.connect.cli.ConnectStandalone"
OFFICIAL_LINE = (
    "bin/connect-standalone.sh config/connect-standalone.properties "
    "config/connect-file-source.properties config/connect-file-sink.properties"
)
"""The quick start's step: https://kafka.apache.org/quickstart (import/export)."""
OFFSETS_FILE = "connect.offsets"

_RELEASE_JAR = re.compile(r"(?:.*/)?libs/connect-file-[^/,]*\.jar")
_DOCUMENTED_OFFSETS = "/tmp/connect.offsets"  # noqa: S108 - a name in the documentation
_PREFIXES = ("", "producer.", "consumer.", "admin.")
_OURS = {
    "bootstrap.servers": "the worker always uses this cluster; leave it out",
    "listeners": "choose the port of its REST API with port=8083",
    "rest.port": "choose the port of its REST API with port=8083",
    "rest.host.name": "the REST API is open to this machine only; leave it out",
}
_DEFAULTS = {
    # without a look through every jar a worker starts seconds earlier; all plugins of Kafka's
    # own release are found this way
    "plugin.discovery": "service_load",
    # a busy machine's tasks would be canceled after 5 s, their offsets not written down
    "task.shutdown.graceful.timeout.ms": "25000",
}


@dataclass(frozen=True)
class WorkerLine:
    """What `bin/connect-standalone.sh …` says.

    Attributes
    ----------
    text : str
        The line as a reader would type it.
    worker : mapping of str to str
        The worker's settings, as its file has them.
    connector_files : tuple of str
        Names of the connectors' files, relative to the worker's folder or absolute.
    connectors : tuple of str
        The connectors' names, in the files' order.
    """

    text: str
    worker: Mapping[str, str]
    connector_files: tuple[str, ...]
    connectors: tuple[str, ...]


def put_release_files(folder: Path) -> None:
    """Copy the release's files for this step into `folder`/config, where they are not there."""
    data = files("kafkalab") / "data" / "connect"
    config = folder / "config"
    config.mkdir(exist_ok=True)
    for source in data.iterdir():
        target = config / source.name
        if not target.exists():
            target.write_text(source.read_text(encoding="utf-8"), encoding="utf-8")


def read_line(line: object, folder: Path) -> WorkerLine:
    """Read the official line and the files that it names.

    Parameters
    ----------
    line : str
        ``bin/connect-standalone.sh worker.properties [connector.properties …]``
    folder : Path
        Where relative names count from.

    Raises
    ------
    KafkaLabError
        Another tool's line, a file that is missing or no properties file, a connector without a
        name, or a name that two files have.
    """
    words = _words(line)
    if len(words) < 2:
        raise KafkaLabError(
            "The line names no file of the worker's settings.",
            tried=f"to read {line!r}",
            fix=f'cluster.connect("{OFFICIAL_LINE}", folder="connect-files")',
        )
    names: dict[str, str] = {}
    for file in words[2:]:
        name = _connector_name(file, _read(file, folder))
        if name in names:
            raise KafkaLabError(
                f"Two files have a connector of the name {name!r}: {names[name]} and {file}.",
                tried="to start both in one worker",
                fix="give each a name of its own: change name= in one of them",
            )
        names[name] = file
    worker = _properties(words[1], _read(words[1], folder))
    text = shlex.join([f"bin/{SCRIPT}", *words[1:]])
    return WorkerLine(text, worker, tuple(words[2:]), tuple(names))


def connector_texts(names: Sequence[str], folder: Path) -> dict[str, str]:
    """What the connectors' files hold now, for Java: name → text in ASCII.

    Raises
    ------
    KafkaLabError
        One of them cannot be read anymore.
    """
    return {name: java_text.ascii_only(_read(name, folder)) for name in names}


def connector_copy(number: int, name: str) -> str:
    """The file name of the copy that a worker reads in place of a connector's own file."""
    own = re.split(r"[/\\]", name)[-1]
    return f"connector-{number}-{own}"


def worker_settings(
    worker: Mapping[str, str], changes: Mapping[str, str], place: WorkerPlace
) -> dict[str, str]:
    """The settings that a worker is started with.

    The documentation's placeholders become this cluster's own: its address, the file of offsets
    (beside the learner's files), the jar of the file connectors.

    Raises
    ------
    KafkaLabError
        The settings lead to another cluster, or change what this package decides.
    """
    for name, fix in _OURS.items():
        if name in changes:
            raise KafkaLabError(
                f"config= holds {name}, which is chosen here.",
                tried="to render the worker's settings",
                fix=fix,
            )
    _check_servers(worker.get("bootstrap.servers", ""), place)
    kept = {k: v for k, v in worker.items() if k not in _OURS}
    settings = {**_DEFAULTS, **kept, **changes}
    if settings.get("offset.storage.file.filename", _DOCUMENTED_OFFSETS) == _DOCUMENTED_OFFSETS:
        settings["offset.storage.file.filename"] = OFFSETS_FILE
    settings["plugin.path"] = _plugin_path(settings.get("plugin.path", ""), place.file_jar)
    security = {
        prefix + name: value
        for prefix in _PREFIXES
        for name, value in client_properties.java_settings(place.client).items()
    }
    ours = {
        "bootstrap.servers": place.servers,
        "listeners": place.listener,
        # part of the worker's id, which every status shows
        "rest.advertised.host.name": HOST,
        "rest.advertised.port": str(place.port),
    }
    return {**settings, **security, **ours}


def _words(line: object) -> list[str]:
    if not isinstance(line, str):
        raise KafkaLabError(
            f"connect takes a line of text, not {type(line).__name__}.",
            fix=f'cluster.connect("{OFFICIAL_LINE}", folder="connect-files")',
        )
    text = re.sub(r"(?<!&)&\s*$", "", line)  # it always runs in the background here
    words = without_prefix(shell.read(text))
    tool = script_name(words[0]) if words else ""
    if tool != SCRIPT:
        raise KafkaLabError(
            f"connect starts a standalone worker, and {tool or 'an empty line'!r} is not one.",
            tried=f"to read {line!r}",
            fix=f'cluster.connect("{OFFICIAL_LINE}", folder="connect-files"); '
            "for other tools cluster.console(…)",
        )
    if "-daemon" in words:
        words.remove("-daemon")
    return words


def _read(name: str, folder: Path) -> str:
    try:
        return (folder / name).read_text(encoding="utf-8-sig")  # editors on Windows mark it
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a text file"
        there = sorted(str(p.relative_to(folder)) for p in folder.glob("**/*.properties"))
        raise KafkaLabError(
            f"The file {name} cannot be read: {reason}.",
            tried="to read it in the worker's folder, which has "
            f"{', '.join(there[:8]) or 'no properties file'}",
            fix="write the file there, or correct its name in the line",
        ) from error


def _properties(name: str, text: str) -> dict[str, str]:
    try:
        settings: dict[str, str] = javaproperties.loads(text)
    except ValueError as error:
        raise KafkaLabError(
            f"{name} is not a Java properties file: {error}.", fix="write one name=value per line"
        ) from error
    return settings


def _connector_name(file: str, text: str) -> str:
    """The connector's name: in a properties file, or in a JSON file as the REST API takes it."""
    if file.endswith(".json"):
        try:
            data = json.loads(text)
            name = data.get("name", "")
        except (ValueError, AttributeError) as error:
            raise KafkaLabError(
                f"{file} is not a JSON object: {error}.",
                fix='{"name": "my-source", "config": {"connector.class": "FileStreamSource"}}',
            ) from error
    else:
        name = _properties(file, text).get("name", "")
    if not name:
        raise KafkaLabError(
            f"{file} gives its connector no name.",
            tried="to find the setting name in it",
            fix="add a line such as name=local-file-source",
        )
    return str(name)


def _check_servers(written: str, place: WorkerPlace) -> None:
    if written.strip():
        clients = place.client.get("bootstrap.servers", place.servers)
        own = dict.fromkeys((*place.servers.split(","), *clients.split(",")), place.servers)
        where = "bootstrap.servers of the worker's settings"
        Place(place.servers, own).own_addresses(written, where)


def _plugin_path(written: str, file_jar: str) -> str:
    """The learner's plugins; the release's own jar by the path that it has here."""
    if not written.strip():
        return file_jar
    parts = [part.strip() for part in written.split(",")]
    return ",".join(file_jar if _RELEASE_JAR.fullmatch(part) else part for part in parts)

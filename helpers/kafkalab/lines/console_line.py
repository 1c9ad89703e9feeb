"""A line of the official documentation → one call of an official tool on this cluster.

Pure but for one thing: a file that the line names (`--command-config my.properties`) is read, since
the tool may run where that file is not, and since the file could name another cluster.
"""

from __future__ import annotations

import re
import shlex

from kafkalab.errors import KafkaLabError
from kafkalab.lines import shell
from kafkalab.lines.addresses import Place
from kafkalab.lines.calls import BrokerFile, PrivateFile, ToolCall
from kafkalab.lines.java_classes import APPLICATIONS, require_application, tool_of
from kafkalab.lines.prefixes import without_prefix
from kafkalab.lines.scripts import E2E_LATENCY, RUN_CLASS, require_tool
from kafkalab.lines.translation import Translation

_IDS = ("kafka-log-dirs.sh", "kafka-reassign-partitions.sh")
"""Tools whose `--broker-list` is a list of brokers' ids."""
_ADDRESSES = "kafka-replica-verification.sh"
"""The one tool of this release that calls the address `--broker-list`."""


def translate(line: str, place: Place, *, input: str = "") -> ToolCall:
    """Read a line as the official documentation or a tutorial prints it.

    A prompt, the folder `bin/` and what means "where Kafka is" (`docker exec kafka`, `sudo`) are
    dropped. `localhost:9092` and other placeholders of documentation become this cluster's
    address, which is added where it is missing. `/tmp/kraft-combined-logs` and
    `config/server.properties` become a broker's own. An application of Kafka Streams is given the
    cluster's address and a folder for its state in a file.

    Raises
    ------
    KafkaLabError
        The line needs a shell, names no known tool, or names a broker that is not this cluster's.
    """
    words = without_prefix(shell.read(line))
    if not words:
        raise KafkaLabError(
            "The line is empty.", fix='cluster.console("bin/kafka-topics.sh --list")'
        )
    script = require_tool(words[0])
    if script == RUN_CLASS:
        return _run_class(words[1:], place, input)
    return _tool(script, words[1:], place, input)


def shown(call: ToolCall) -> str:
    """The command as a reader would type it; a broker's own files by what they are."""
    words = []
    for word in call.args:
        match word:
            case str():
                words.append(shlex.quote(word))
            case BrokerFile():
                words.append(word.at(f"<{word.what} of broker {call.node_id}>"))
            case PrivateFile():
                words.append(word.at(shlex.quote(word.typed)))
    return " ".join([f"bin/{call.script}", *words])


def _tool(script: str, words: list[str], place: Place, input: str) -> ToolCall:
    _refuse_old_options(script, words)
    if script == E2E_LATENCY:
        words = _named(words)
    if script == _ADDRESSES:
        words = [re.sub(r"^--bootstrap-server(?==|$)", "--broker-list", word) for word in words]
    return Translation(script, place).call(words, input)


def _run_class(words: list[str], place: Place, input: str) -> ToolCall:
    """A class by its name: the tool behind which it stands, or an application."""
    if not words:
        raise KafkaLabError(
            f"{RUN_CLASS} runs a class, and the line names none.",
            fix=f'cluster.console("bin/{RUN_CLASS} {APPLICATIONS[0]}", background=True)',
        )
    name, *rest = words
    script = tool_of(name)
    if script is not None:
        return _tool(script, rest, place, input)
    require_application(name)
    if len(rest) > 1:
        raise KafkaLabError(
            f"{name.rpartition('.')[2]} takes one file of settings only.",
            tried=f"to read {shlex.join(rest)}",
            fix="write the settings into one file, one name=value per line",
        )
    return Translation(RUN_CLASS, place).application(name, *rest)


def _named(words: list[str]) -> list[str]:
    """kafka-e2e-latency's old words, which go by their places, as the options that they mean."""
    if not words or words[0].startswith("-"):
        return words
    names = ("bootstrap-server", "topic", "num-records", "producer-acks", "record-size")
    if len(words) not in (5, 6) or any(word.startswith("-") for word in words):
        raise KafkaLabError(
            f"{E2E_LATENCY} takes its arguments by position, and some are missing.",
            tried=f"to read {shlex.join(words)} as {' '.join(names)}",
            fix="write options: --topic t --num-records 100 --producer-acks 1 --record-size 10",
        )
    options = [f"--{name}" for name in (*names, "command-config")]
    return [part for pair in zip(options, words, strict=False) for part in pair]


def _refuse_old_options(script: str, words: list[str]) -> None:
    """Explain the options of Kafka's first decade, which old tutorials still print."""
    why = {
        "--zookeeper": "since Kafka 4.0 there is no ZooKeeper; the tools ask the brokers",
        "--bootstrap-servers": "the option is called --bootstrap-server now",
    }
    if script not in (*_IDS, _ADDRESSES):
        why["--broker-list"] = "the option is called --bootstrap-server now"
    for i, word in enumerate(words):
        name, equals, _ = word.partition("=")
        if name in why:
            rest = words[:i] + words[i + (1 if equals else 2) :]
            line = shell.as_python(shlex.join([f"bin/{script}", *rest]))
            raise KafkaLabError(
                f"{name} is an option of old Kafka versions: {why[name]}.",
                tried=f"to run {script}",
                fix=f"leave it out, the line uses this cluster anyway: cluster.console({line})",
            )
        if re.search(r"zookeeper\.connect=", word):
            raise KafkaLabError(
                f"zookeeper.connect is a setting of old Kafka versions: {why['--zookeeper']}.",
                fix="leave the option that holds it out of the line",
            )

"""A line of the official documentation → one call of an official tool on this cluster.

Pure but for one thing: a file that the line names (`--command-config my.properties`) is read, since
the tool may run where that file is not, and since the file could name another cluster.
"""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import javaproperties

from kafkalab.backends import ToolCall
from kafkalab.distribution import TOOL_CLASSES
from kafkalab.errors import KafkaLabError
from kafkalab.java_classes import APPLICATIONS, RUN_CLASS, require_application, tool_of

PRODUCER = "kafka-console-producer.sh"
CONSUMERS = ("kafka-console-consumer.sh", "kafka-console-share-consumer.sh")
FILE_NAME = "file:"
"""`ToolCall.files` holds a file that the line names under this prefix and the name as typed."""
STREAMS_FILE = "streams.properties"
"""The settings that an application of Kafka Streams is given where the line names none."""
_QUICK_RESTART = {"session.timeout.ms": "6000", "heartbeat.interval.ms": "2000"}
"""An application that stops does not leave its group, and its next start waits until the broker
gives the old member up: by default 45 s. A static member (`group.instance.id`) would start at once,
with the assignment of its last start, even where that one failed since a topic was missing."""

_WITHOUT_SERVER = ("kafka-storage.sh", "kafka-dump-log.sh")
_SERVER_FIRST = ("kafka-features.sh", "kafka-metadata-quorum.sh", "kafka-transactions.sh")
"""Tools with sub-commands that take the address before the sub-command only."""

_SERVER = ("--bootstrap-server",)
_CONTROLLER = ("--bootstrap-controller",)
_CLIENT_FILES = (
    "--command-config",
    "--producer.config",
    "--consumer.config",
    "--consumer-config",
    "--admin.config",
)
_TEXT_FILES = (
    "--add-config-file",
    "--formatter-config",
    "--from-file",
    "--offset-json-file",
    "--path-to-json-file",
    "--reader-config",
)
_NO_ABBREVIATIONS = ("--consumer", "--producer")
"""Whole options (kafka-acls, kafka-groups) with which longer ones begin."""

_PLACEHOLDER = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\]|::1|0\.0\.0\.0):909[2-9]", re.I)
_LOG_DIR = re.compile(r"(?:/tmp/(?:kraft-combined-logs|kafka-logs)|/var/lib/kafka/data)(?=[/,]|$)")
_SERVER_PROPERTIES = re.compile(
    r"(?:.*[/\\])?config[/\\](?:kraft[/\\])?(?:server|broker|controller|reconfig-server)\.properties"
)

_ELSEWHERE = {
    "zookeeper-server-start.sh": (
        "ZooKeeper is gone since Kafka 4.0: the cluster keeps its metadata itself (KRaft).",
        "leave this step out; cluster.start() starts all that Kafka needs",
    ),
    "kafka-server-start.sh": (
        "This cluster's brokers are started by the notebook, not by a line.",
        "cluster.start(), or cluster.start_broker(1) for one that was stopped",
    ),
    "kafka-server-stop.sh": (
        "This cluster's brokers are stopped by the notebook, not by a line.",
        "cluster.stop_broker(1) for one broker, cluster.stop() for the whole cluster",
    ),
    "connect-standalone.sh": (
        "A Connect worker is more than a tool: it runs on, beside files that it reads and writes.",
        'cluster.connect("bin/connect-standalone.sh config/connect-standalone.properties …", '
        'folder="connect-files")',
    ),
}
_ELSEWHERE["zookeeper-server-stop.sh"] = _ELSEWHERE["zookeeper-server-start.sh"]
_ELSEWHERE["zookeeper-shell.sh"] = _ELSEWHERE["zookeeper-server-start.sh"]


@dataclass(frozen=True)
class Place:
    """The cluster that a line is translated for.

    Attributes
    ----------
    tool_servers : str
        What a tool takes as `--bootstrap-server` where it runs.
    addresses : mapping of str to str
        Every address of this cluster that a line may hold → what the tool uses in its place.
    node_id : int or None
        The broker whose own files stand for the documentation's paths; None where they are out
        of reach.
    state_dir : str
        Where an application of Kafka Streams keeps its state; removed with the cluster.
    """

    tool_servers: str
    addresses: Mapping[str, str]
    node_id: int | None = None
    state_dir: str = ""


def translate(line: str, place: Place, *, input: str = "") -> ToolCall:
    """Read a line as the official documentation prints it.

    A leading `$ ` and the folder `bin/` are dropped. `localhost:9092`, the documentation's
    placeholder, becomes this cluster's address, which is added where it is missing.
    `/tmp/kraft-combined-logs` and `config/server.properties` become a broker's own. An application
    of Kafka Streams is given the cluster's address and a folder for its state in a file.

    Raises
    ------
    KafkaLabError
        The line needs a shell, names no known tool, or names a broker that is not this cluster's.
    """
    text, windows = _one_line(line)
    _refuse_shell(text, windows)
    words = _split(text, windows)
    if not words:
        raise KafkaLabError(
            "The line is empty.", fix='cluster.console("bin/kafka-topics.sh --list")'
        )
    script = _script(words[0])
    if script == RUN_CLASS:
        return _run_class(words[1:], place, input)
    _refuse_old_options(script, words[1:])
    return _Translation(script, place).call(words[1:], input)


def shown(call: ToolCall) -> str:
    """The command as a reader would type it; a broker's own files by what they are."""
    stands_for = {
        "{log_dir}": f"<log.dirs of broker {call.node_id}>",
        "{server_properties}": f"<server.properties of broker {call.node_id}>",
    }
    for name in call.files or {}:
        stands_for[f"{{{name}}}"] = shlex.quote(name.removeprefix(FILE_NAME))
    words = []
    for word in call.args:
        for i, mark in enumerate(stands_for):
            word = word.replace(mark, f"MARK{i}MARK")
        word = shlex.quote(word)
        for i, text in enumerate(stands_for.values()):
            word = word.replace(f"MARK{i}MARK", text)
        words.append(word)
    return " ".join([f"bin/{call.script}", *words])


def client_file_options(script: str) -> tuple[str, ...]:
    """The tool's options that name a file of client settings."""
    return (*_CLIENT_FILES, *(("--config", "-c") if script == "kafka-cluster.sh" else ()))


def has_option(args: Sequence[str], *names: str) -> bool:
    """True where one of the options is given, as `--name` or `--name=value`."""
    return any(word.partition("=")[0] in names for word in args)


# --- from text to words -----------------------------------------------------------------------


def _one_line(line: str) -> tuple[str, bool]:
    """Continuation lines joined, a prompt dropped; and whether the line is for Windows."""
    text = line.strip()
    windows = bool(re.match(r"\S*\.bat\b", text, re.I)) or "\\windows\\" in text.split(" ")[0]
    text = re.sub(r"\^[ \t]*\r?\n" if windows else r"\\[ \t]*\r?\n", " ", text)
    text = re.sub(r"^(?:[$%]\s+|!\s*)", "", text.strip())
    if "\n" in text:
        raise KafkaLabError(
            "console runs one command, and this text has several lines.",
            tried=f"to read {text.splitlines()[1].strip()!r} as part of the command",
            fix="one cluster.console(…) a command, without its output; "
            "end a line with \\ where the command goes on",
        )
    return text, windows


def _refuse_shell(text: str, windows: bool) -> None:
    """Refuse what only a shell understands, with what does the same here."""
    quote = ""
    skip = False
    for i, letter in enumerate(text):
        if skip:
            skip = False
        elif letter == "\\" and quote != "'" and not windows:
            skip = True
        elif quote:
            if letter == quote:
                quote = ""
            elif quote == '"' and letter in "`$":
                _refuse_letter(text, i)
        elif letter in "'\"":
            quote = letter
        else:
            _refuse_letter(text, i)
    if quote:
        raise KafkaLabError(
            f"A quotation mark ({quote}) is opened in the line and never closed.",
            tried=f"to read {text!r}",
            fix=f"close it: add a {quote}",
        )


def _refuse_letter(text: str, i: int) -> None:
    rest = text[i:]
    if rest[0] == "|":
        shell, fix = (
            "|",
            (
                "what is piped into a tool goes into input=: "
                'cluster.console("bin/kafka-console-producer.sh --topic t", input="event #1\\n"); '
                "what a tool prints is in cluster.console(…).output"
            ),
        )
    elif rest[0] == "<":
        shell = "<"
        fix = "cluster.console(…, input=Path('events.txt').read_text())"
    elif rest[0] == ">":
        shell = ">"
        fix = "what the tool prints is in cluster.console(…).output, a list of lines"
    elif rest.startswith("&&") or rest[0] == ";":
        shell = rest[: 2 if rest[0] == "&" else 1]
        fix = "one cluster.console(…) a command, each in its own call"
    elif rest[0] == "&":
        shell = "&"
        fix = "cluster.console(…, background=True) leaves the tool running"
    elif rest[0] in "`(" or rest.startswith("$("):
        shell = "$(…)" if rest[0] == "$" else rest[0]
        fix = (
            "run the inner command in a call of its own and put its result into the line: "
            'uuid = cluster.console("bin/kafka-storage.sh random-uuid").output[0]'
        )
    elif re.match(r"\$\w|\$\{", rest):
        shell = re.match(r"\$\{?\w*\}?", rest)[0]  # type: ignore[index]
        fix = "put the value itself into the line, with an f-string: "
        fix += 'cluster.console(f"… {value}")'
    else:
        return
    raise KafkaLabError(
        f"console runs one tool and no shell, so {shell} has no meaning in the line.",
        tried=f"to read {text!r}",
        fix=fix,
    )


def _split(text: str, windows: bool) -> list[str]:
    lexer = shlex.shlex(text, posix=True, punctuation_chars=False)
    lexer.whitespace_split = True
    lexer.commenters = ""
    if windows or re.match(r"[.\w]*\\", text):
        lexer.escape = ""
    words = list(lexer)
    for i, word in enumerate(words):  # a shell drops a comment
        if word.startswith("#") and i > 0:
            return words[:i]
    return words


def _script(word: str) -> str:
    """The known tool that a first word means, whatever folder and ending it has."""
    name = re.split(r"[/\\]", word)[-1]
    script = re.sub(r"\.(sh|bat)$", "", name, flags=re.I) + ".sh"
    if script in TOOL_CLASSES or script == RUN_CLASS:
        return script
    if script in _ELSEWHERE:
        what, fix = _ELSEWHERE[script]
        raise KafkaLabError(what, tried=f"to run {word}", fix=fix)
    known = sorted(TOOL_CLASSES)
    close = difflib.get_close_matches(script, known, n=1, cutoff=0.7)
    fix = f"did you mean {close[0]}? " if close else ""
    raise KafkaLabError(
        f"console runs Kafka's own tools, and {word!r} is none that it knows.",
        fix=f"{fix}The tools are: {', '.join(known)}",
    )


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
        _refuse_old_options(script, rest)
        return _Translation(script, place).call(rest, input)
    require_application(name)
    if len(rest) > 1:
        raise KafkaLabError(
            f"{name.rpartition('.')[2]} takes one file of settings and nothing else.",
            tried=f"to read {shlex.join(rest)}",
            fix="write the settings into one file, a name=value a line",
        )
    return _Translation(RUN_CLASS, place).application(name, *rest)


def _refuse_old_options(script: str, words: list[str]) -> None:
    """Explain the options of Kafka's first decade, which old tutorials still print."""
    why = {"--zookeeper": "since Kafka 4.0 there is no ZooKeeper; the tools ask the brokers"}
    if script != "kafka-log-dirs.sh":  # there it is a list of broker ids
        why["--broker-list"] = "the option is called --bootstrap-server now"
    for i, word in enumerate(words):
        name, equals, _ = word.partition("=")
        if name in why:
            rest = words[:i] + words[i + (1 if equals else 2) :]
            line = shlex.join([f"bin/{script}", *rest])
            raise KafkaLabError(
                f"{name} is an option of old Kafka versions: {why[name]}.",
                tried=f"to run {script}",
                fix=f'leave it out, this cluster is meant anyway: cluster.console("{line}")',
            )
        if "zookeeper.connect=" in word:
            raise KafkaLabError(
                f"zookeeper.connect is a setting of old Kafka versions: {why['--zookeeper']}.",
                fix="leave the option that holds it out of the line",
            )


# --- from words to a call ---------------------------------------------------------------------


class _Translation:
    """The words of one line on their way to a call."""

    def __init__(self, script: str, place: Place) -> None:
        self._script = script
        self._place = place
        self._files: dict[str, str] = {}
        self._needs_node = False
        cluster_tool = script == "kafka-cluster.sh"
        self._servers = (*_SERVER, *(["-b"] if cluster_tool else []))
        self._controllers = (*_CONTROLLER, *(["-C"] if cluster_tool else []))
        self._client_files = client_file_options(script)
        self._broker_files = ("--config", "-c") if script == "kafka-storage.sh" else ()

    def call(self, words: list[str], input: str) -> ToolCall:
        args = self._arguments(words)
        if not (
            self._script in _WITHOUT_SERVER
            or has_option(args, *self._servers)
            or has_option(args, "--help", "--version", "-h")
        ):
            added = ["--bootstrap-server", self._place.tool_servers]
            args = [*added, *args] if self._script in _SERVER_FIRST else [*args, *added]
        return ToolCall(
            script=self._script,
            args=tuple(args),
            input=input,
            files=self._files or None,
            node_id=self._place.node_id if self._needs_node else None,
        )

    def application(self, name: str, settings: str | None = None) -> ToolCall:
        """An application of Kafka Streams, with a file of settings of its own or none."""
        key, typed = STREAMS_FILE, ""
        if settings is not None:
            key = self._file(settings, client=True)[1:-1]
            typed = f"{self._files[key].rstrip()}\n"
        own = {"bootstrap.servers": self._place.tool_servers, "state.dir": self._place.state_dir}
        before, after = (
            str(javaproperties.dumps(some, timestamp=False)) for some in (_QUICK_RESTART, own)
        )
        text = before + typed + after  # the last of two counts
        return ToolCall(script=RUN_CLASS, args=(name, f"{{{key}}}"), files={key: text})

    def _arguments(self, words: list[str]) -> list[str]:
        args = []
        rest = iter(words)
        for word in rest:
            self._refuse_spelling(word)
            name, equals, value = word.partition("=")
            if self._takes_value(name):
                if not equals:
                    following = next(rest, None)
                    if following is None:  # the tool says what is missing
                        args.append(word)
                        break
                    args += [name, self._value(name, following)]
                else:
                    args.append(f"{name}={self._value(name, value)}")
            else:
                args.append(self._plain(word))
        return args

    def _takes_value(self, name: str) -> bool:
        return name in (
            *self._servers,
            *self._controllers,
            *self._client_files,
            *self._broker_files,
            *_TEXT_FILES,
        )

    def _refuse_spelling(self, word: str) -> None:
        """Refuse spellings that some tools accept and that would pass the checks below."""
        name = word.partition("=")[0]
        if re.match(r"-[A-Za-z].", word):
            raise KafkaLabError(
                f"{word} begins with one dash and has more than one letter.",
                fix=f"write two dashes for a long option (--{word.lstrip('-')}), "
                "and a blank after a short one",
            )
        guarded = (*self._servers, *self._controllers, *self._client_files)
        if len(name) > 2 and name.startswith("--") and name not in _NO_ABBREVIATIONS:
            whole = [option for option in guarded if option.startswith(name) and option != name]
            if whole and name not in guarded:
                raise KafkaLabError(
                    f"{name} is not a whole option.", fix=f"write it in full: {whole[0]}"
                )

    def _value(self, name: str, value: str) -> str:
        if name in self._servers:
            return self._own_addresses(value, name)
        if name in self._controllers:
            raise KafkaLabError(
                f"{name} asks a controller directly, and this lab's tools ask the brokers.",
                fix=f"write --bootstrap-server localhost:9092 instead of {name} {value}; "
                "the brokers know what the controllers know",
            )
        if name in self._broker_files and _SERVER_PROPERTIES.fullmatch(value):
            return self._broker_file(value, "{server_properties}")
        return self._file(value, client=name in self._client_files)

    def _plain(self, word: str) -> str:
        """Any other word: it can hold a setting `bootstrap.servers=…` or a documented path."""
        before, found, value = word.partition("bootstrap.servers=")
        if found:
            return before + found + self._own_addresses(value, "bootstrap.servers")
        if "bootstrap.controllers=" in word:
            self._refuse_controllers()
        if _LOG_DIR.search(word):
            return self._broker_file(word, _LOG_DIR.sub("{log_dir}", word))
        return word

    def _own_addresses(self, value: str, where: str) -> str:
        """Addresses of this cluster for the tool; any other is refused."""
        known = {_plain_address(own): tool for own, tool in self._place.addresses.items()}
        found: list[str] = []
        for written in (part.strip() for part in value.split(",")):
            address = _plain_address(written)
            if address in known:
                found += known[address].split(",")
            elif _PLACEHOLDER.fullmatch(address):
                found += self._place.tool_servers.split(",")
            else:
                raise KafkaLabError(
                    f"{written or value!r} is not an address of this cluster, "
                    "and a line never reaches another one.",
                    tried=f"to read {where} {value}",
                    fix=f"leave {where} out, or write localhost:9092, which stands for "
                    "this cluster",
                )
        return ",".join(dict.fromkeys(found))

    def _broker_file(self, typed: str, translated: str) -> str:
        if self._place.node_id is None:
            raise KafkaLabError(
                f"{typed} stands for a file of a broker, and this cluster's brokers run elsewhere.",
                tried=f"to run {self._script} on a cluster that exists",
                fix="run the tool on the broker's own machine, or this notebook on a cluster of "
                "its own: unset KAFKALAB_CLIENT_CONFIG and KAFKALAB_BOOTSTRAP_SERVERS",
            )
        self._needs_node = True
        return translated

    def _file(self, typed: str, *, client: bool) -> str:
        try:
            text = Path(typed).expanduser().read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not a text file"
            raise KafkaLabError(
                f"The file {typed} cannot be read: {reason}.",
                tried=f"to give it to {self._script}",
                fix="write the path of a file on this machine, from the notebook's own folder",
            ) from error
        name = FILE_NAME + typed
        self._files[name] = self._checked_settings(typed, text) if client else text
        return f"{{{name}}}"

    def _checked_settings(self, typed: str, text: str) -> str:
        """The client settings of a file, with this cluster's address or none."""
        try:
            settings = javaproperties.loads(text)
        except ValueError as error:
            raise KafkaLabError(
                f"{typed} is not a Java properties file: {error}.",
                fix="write one name=value a line",
            ) from error
        if "bootstrap.controllers" in settings:
            self._refuse_controllers()
        servers = settings.get("bootstrap.servers")
        if servers is None:
            return text
        own = self._own_addresses(servers, f"bootstrap.servers in {typed}")
        return f"{text.rstrip()}\nbootstrap.servers={own}\n"  # the last one counts

    def _refuse_controllers(self) -> None:
        raise KafkaLabError(
            "bootstrap.controllers asks a controller directly, "
            "and this lab's tools ask the brokers.",
            fix="leave bootstrap.controllers out: the brokers know what the controllers know",
        )


def _plain_address(text: str) -> str:
    """One spelling an address: no protocol in front, one name for this machine."""
    address = re.sub(r"^\w+://", "", text.strip()).lower()
    return re.sub(r"^(localhost|\[::1\]):", "127.0.0.1:", address)

"""The words of one tool's line → its call: addresses and files of this cluster and no other."""

from __future__ import annotations

import re
from pathlib import Path

import javaproperties

from kafkalab.common import java_text
from kafkalab.errors import KafkaLabError
from kafkalab.lines.addresses import Place
from kafkalab.lines.calls import BrokerFile, PrivateFile, ToolCall, Word
from kafkalab.lines.scripts import PLAIN_FILES, RUN_CLASS, ServerPlace, options_of

STREAMS_FILE = "streams.properties"
"""The settings that an application of Kafka Streams is given where the line names none."""
_QUICK_RESTART = {
    "session.timeout.ms": "6000",
    "heartbeat.interval.ms": "2000",
    "commit.interval.ms": "1000",
}
"""An application that stops does not leave its group, and its next start waits until the broker
gives the old member up: by default 45 s. A static member (`group.instance.id`) would start at once,
with the assignment of its last start, even where that one failed since a topic was missing.

On a busy machine the short session can end an application that lives, and it counts again what it
has not committed: by default, all of the last 30 s."""
_PATIENCE = {"kafka-consumer-groups.sh": ("--timeout", "30000")}
"""By default it gives a broker 5 s for an answer, which are few on a busy machine."""

_NO_ABBREVIATIONS = ("--consumer", "--producer")
"""Whole options (kafka-acls, kafka-groups) with which longer ones begin."""
_LOG_DIR = re.compile(r"(?:/tmp/(?:kraft-combined-logs|kafka-logs)|/var/lib/kafka/data)(?=[/,]|$)")
_SERVER_PROPERTIES = re.compile(
    r"(?:.*[/\\])?config[/\\](?:kraft[/\\])?(?:server|broker|controller|reconfig-server)\.properties"
)


class Translation:
    """The words of one line on their way to a call."""

    def __init__(self, script: str, place: Place) -> None:
        self._script = script
        self._place = place
        self._options = options_of(script)

    def call(self, words: list[str], input: str) -> ToolCall:
        """The tool's call, with this cluster's address where the line has none."""
        call = ToolCall(self._script, tuple(self._arguments(words)), input)
        needs_node = any(isinstance(word, BrokerFile) for word in call.args)
        patience = _PATIENCE.get(self._script, ())
        return ToolCall(
            script=self._script,
            args=call.args if self._has_address(call) else self._with_address(call.args),
            input=input,
            node_id=self._place.node_id if needs_node else None,
            unshown=() if call.has_option(*patience[:1]) else patience,
        )

    def application(self, name: str, settings: str | None = None) -> ToolCall:
        """An application of Kafka Streams, with a file of settings of its own or none."""
        typed = ""
        if settings is not None:
            typed = f"{self._file(settings, client=True).text.rstrip()}\n"
        own = {"bootstrap.servers": self._place.tool_servers, "state.dir": self._place.state_dir}
        before, after = (java_text.properties(some) for some in (_QUICK_RESTART, own))
        text = before + typed + after  # the last of two counts
        file = PrivateFile(settings or STREAMS_FILE, text, client=True)
        return ToolCall(script=RUN_CLASS, args=(name, file))

    # --- the address --------------------------------------------------------------------------

    def _has_address(self, call: ToolCall) -> bool:
        return self._options.place is ServerPlace.NOWHERE or call.has_option(
            *self._options.servers, "--help", "--version", "-h"
        )

    def _with_address(self, args: tuple[Word, ...]) -> tuple[Word, ...]:
        added = (self._options.servers[0], self._place.tool_servers)
        first = self._options.place is ServerPlace.FIRST
        return (*added, *args) if first else (*args, *added)

    # --- words --------------------------------------------------------------------------------

    def _arguments(self, words: list[str]) -> list[Word]:
        args: list[Word] = []
        rest = iter(words)
        for word in rest:
            self._refuse_spelling(word)
            name, equals, value = word.partition("=")
            if name not in self._options.with_value:
                args.append(self._plain(word))
            elif equals:
                args.append(self._value(name, value, before=f"{name}="))
            else:
                following = next(rest, None)
                args.append(name)
                if following is not None:  # else the tool says what is missing
                    args.append(self._value(name, following))
        return args

    def _refuse_spelling(self, word: str) -> None:
        """Refuse spellings that some tools accept and that would pass the checks below."""
        name = word.partition("=")[0]
        if re.match(r"-[A-Za-z].", word):
            raise KafkaLabError(
                f"{word} begins with one dash and has more than one letter.",
                fix=f"write two dashes for a long option (--{word.lstrip('-')}), "
                "and a blank after a short one",
            )
        guarded = self._options.guarded
        if len(name) > 2 and name.startswith("--") and name not in _NO_ABBREVIATIONS:
            whole = [option for option in guarded if option.startswith(name) and option != name]
            if whole and name not in guarded:
                raise KafkaLabError(
                    f"{name} is not a whole option.", fix=f"write it in full: {whole[0]}"
                )

    def _value(self, name: str, value: str, before: str = "") -> Word:
        """The word that holds an option's value, with `before` in front of it."""
        if name in self._options.servers:
            return before + self._place.own_addresses(value, name)
        if name in self._options.controllers:
            raise KafkaLabError(
                f"{name} asks a controller directly, and this lab's tools ask the brokers.",
                fix=f"write --bootstrap-server localhost:9092 instead of {name} {value}; "
                "the brokers know what the controllers know",
            )
        if name in self._options.broker_files and _SERVER_PROPERTIES.fullmatch(value):
            self._require_own_brokers(value)
            return BrokerFile("server.properties", (before, ""))
        client, plain = name in self._options.client_files, name in PLAIN_FILES
        return self._file(value, client=client, plain=plain, before=before)

    def _plain(self, word: str) -> Word:
        """Any other word: it can hold a setting `bootstrap.servers=…` or a documented path."""
        before, found, value = word.partition("bootstrap.servers=")
        if found:
            return before + found + self._place.own_addresses(value, "bootstrap.servers")
        if "bootstrap.controllers=" in word:
            _refuse_controllers()
        if _LOG_DIR.search(word):
            self._require_own_brokers(word)
            return BrokerFile("log.dirs", tuple(_LOG_DIR.split(word)))
        return word

    # --- files --------------------------------------------------------------------------------

    def _require_own_brokers(self, typed: str) -> None:
        if self._place.node_id is None:
            raise KafkaLabError(
                f"{typed} stands for a file of a broker, and this cluster's brokers run elsewhere.",
                tried=f"to run {self._script} on a cluster that exists",
                fix="run the tool on the broker's own machine, or this notebook on a cluster of "
                "its own: unset KAFKALAB_CLIENT_CONFIG and KAFKALAB_BOOTSTRAP_SERVERS",
            )

    def _file(
        self, typed: str, *, client: bool = False, plain: bool = False, before: str = ""
    ) -> PrivateFile:
        try:
            text = _expanded(typed).read_text(encoding="utf-8-sig")  # editors on Windows mark it
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not a text file"
            raise KafkaLabError(
                f"The file {typed} cannot be read: {reason}.",
                tried=f"to give it to {self._script}",
                fix="write the path of a file on this machine, from the notebook's own folder",
            ) from error
        if client:
            text = self._checked_settings(typed, text)
        if not plain:
            text = java_text.ascii_only(text)
        return PrivateFile(typed, text, client, before)

    def _checked_settings(self, typed: str, text: str) -> str:
        """The client settings of a file, with this cluster's address or none."""
        try:
            settings = javaproperties.loads(text)
        except ValueError as error:
            raise KafkaLabError(
                f"{typed} is not a Java properties file: {error}.",
                fix="write one name=value per line",
            ) from error
        if "bootstrap.controllers" in settings:
            _refuse_controllers()
        servers = settings.get("bootstrap.servers")
        if servers is None:
            return text
        own = self._place.own_addresses(servers, f"bootstrap.servers in {typed}")
        return f"{text.rstrip()}\nbootstrap.servers={own}\n"  # the last one counts


def _expanded(typed: str) -> Path:
    try:
        return Path(typed).expanduser()
    except RuntimeError as error:
        raise KafkaLabError(
            f"{typed} names the home folder of a user who is not known here.",
            fix="write the whole path, without ~",
        ) from error


def _refuse_controllers() -> None:
    raise KafkaLabError(
        "bootstrap.controllers asks a controller directly, and this lab's tools ask the brokers.",
        fix="leave bootstrap.controllers out: the brokers know what the controllers know",
    )

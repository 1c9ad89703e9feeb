"""A documented line, read for one cluster: the command that runs, and what is known of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kafkalab.backends.protocol import Backend
from kafkalab.errors import KafkaLabError
from kafkalab.lines import client_properties
from kafkalab.lines.addresses import Place
from kafkalab.lines.calls import ToolCall
from kafkalab.lines.console_line import shown, translate
from kafkalab.lines.scripts import CONSUMERS, MAX_MESSAGES, PRODUCER, RUN_CLASS, UNTIL_STOPPED
from kafkalab.settings import Settings

_HELP = ("--help", "--version", "-h")


@dataclass(frozen=True)
class Command:
    """A line that is translated for one cluster.

    Attributes
    ----------
    call : ToolCall
        For `Backend.run_tool` and `Backend.terminal_command`.
    """

    call: ToolCall

    @property
    def text(self) -> str:
        """The command that runs, as a reader would type it."""
        return shown(self.call)

    @property
    def typed(self) -> list[str]:
        """What a terminal shows of the input: the tool prints its prompt in a terminal only."""
        if self.call.script != PRODUCER:
            return []
        return [f">{text}" for text in self.call.input.splitlines()]

    @property
    def reads(self) -> bool:
        """True for a consumer: it reads until it is stopped or has what it was asked for."""
        return self.call.script in CONSUMERS and not self.call.has_option(*_HELP)

    @property
    def bounded_by_itself(self) -> bool:
        """True for a consumer whose line says when it ends."""
        return self.call.has_option(MAX_MESSAGES, "--timeout-ms")

    def require_end(self) -> None:
        """Refuse to wait in a cell for what runs until it is stopped.

        Raises
        ------
        KafkaLabError
        """
        name = self.call.script
        bound = ""
        if name == RUN_CLASS:
            name = str(self.call.args[0]).rpartition(".")[2]
        elif name not in UNTIL_STOPPED or self.call.has_option(MAX_MESSAGES, *_HELP):
            return
        elif "verifiable" in name:
            bound = f", or give the line an end of its own: {MAX_MESSAGES} 10"
        raise KafkaLabError(
            f"{name} runs until it is stopped, and this cell would wait for it.",
            tried=f"to run {self.text}",
            fix="leave it running: demo = cluster.console(…, background=True); "
            f"demo.stop() ends it{bound}",
        )

    def require_input(self) -> None:
        """Refuse a producer that would wait at its prompt.

        Raises
        ------
        KafkaLabError
        """
        waits = self.call.script == PRODUCER and not self.call.has_option(*_HELP)
        if waits and not self.call.input:
            raise KafkaLabError(
                "The console producer waits at its prompt for what you type, and nothing was "
                "given.",
                tried=f"to run {self.text}",
                fix='say what you would type, one line an event: input="event #1\nevent #2\n"',
            )


def prepare(
    backend: Backend, line: str, *, input: str = "", configured: Sequence[str] = ()
) -> Command:
    """Translate a line for a cluster that runs; see `kafkalab.lines.console_line.translate`.

    Parameters
    ----------
    backend : Backend
    line : str
    input : str
        What is typed at the tool's prompt.
    configured : sequence of str
        Addresses of the cluster that the reader's settings name; see `configured_servers`.
    """
    if not isinstance(line, str):
        raise KafkaLabError(
            f"console takes a line of text, not {type(line).__name__}.",
            fix='cluster.console("bin/kafka-topics.sh --list")',
        )
    if not isinstance(input, str):
        raise KafkaLabError(
            f"input= takes text, not {type(input).__name__}.",
            fix='one line an event: input="event #1\nevent #2\n"',
        )
    place = Place(
        tool_servers=backend.tool_servers,
        addresses=_addresses(backend),
        node_id=backend.node_with_files(),
        state_dir=backend.state_dir,
        other_servers=tuple(configured),
    )
    return Command(translate(line, place, input=input))


def configured_servers(settings: Settings) -> tuple[str, ...]:
    """The addresses of the cluster that the settings name, whichever cluster runs."""
    servers = settings.bootstrap_servers
    if settings.client_config is not None:
        try:
            servers = client_properties.read(settings.client_config).get("bootstrap.servers")
        except KafkaLabError:  # it is said where that cluster is started
            servers = None
    return tuple(servers.split(",")) if servers else ()


def _addresses(backend: Backend) -> dict[str, str]:
    """Every address of the cluster, as clients and as tools see it → the tools' address."""
    clients = backend.client_config["bootstrap.servers"].split(",")
    tools = backend.tool_servers.split(",")
    if len(clients) == len(tools):
        outside = dict(zip(clients, tools, strict=True))
    else:
        outside = dict.fromkeys(clients, backend.tool_servers)
    return {**outside, **{tool: tool for tool in tools}}

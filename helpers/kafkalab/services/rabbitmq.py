"""RabbitMQ: queues and exchanges, and streams; its own Erlang node, alone on loopback."""

from __future__ import annotations

import os
from collections.abc import Mapping

from kafkalab.install.java_paths import utf8_locale
from kafkalab.runtime.process import Command
from kafkalab.services.description import AsProcess, Description, InContainer, Place

_PORT = 5672
_CONFIGURATION = "rabbitmq.conf"
_PLUGINS = "enabled_plugins"
_NODE = "kafkalab@localhost"
_LEARNER = "loopback_users = none\nlog.console = true\nlog.console.level = info\n"
"""The user guest may come from outside of a container, and its log is shown."""


def _files(place: Place) -> Mapping[str, str]:
    return {
        _CONFIGURATION: f"listeners.tcp.1 = 127.0.0.1:{place.port}\nlog.file = false\n{_LEARNER}",
        _PLUGINS: "[].\n",
    }


def _command(place: Place) -> Command:
    """Erlang's distribution is on before RabbitMQ looks, so that it does not turn it on itself."""
    arguments = (str(place.program), "-sname", _NODE, place.mark)
    return Command(arguments, place.folder, _environment(place))


def _without_epmd(port: int) -> str:
    """Flags with which an Erlang node needs no epmd, listens for no other node, and starts neither.

    epmd, which tells nodes of each other's ports, would listen for everybody, and outlive its
    node. As a variable they reach the Erlang, too, that RabbitMQ starts once a minute so that
    there is an epmd. Where nobody connects, the port is any number
    (https://www.erlang.org/doc/apps/erts/erl_cmd.html).
    """
    return f"-start_epmd false -dist_listen false -erl_epmd_port {port}"


def _environment(place: Place) -> Mapping[str, str]:
    """Nothing of the user's or the system's own RabbitMQ; all files in the run's folder."""
    folder = place.folder
    own = {
        "HOME": str(folder),  # the cookie
        "RUNNING_UNDER_SYSTEMD": "true",  # no shell between: signals reach the server itself
        "RABBITMQ_NODENAME": _NODE,
        "RABBITMQ_CONF_ENV_FILE": os.devnull,
        "RABBITMQ_CONFIG_FILE": str(folder / _CONFIGURATION),
        "RABBITMQ_CONFIG_FILES": str(folder / "conf.d"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
        "RABBITMQ_GENERATED_CONFIG_DIR": str(folder / "config"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / _PLUGINS),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_PID_FILE": str(folder / "rabbitmq.pid"),
        "RABBITMQ_LOG_BASE": str(folder / "logs"),
        "RABBITMQ_LOGS": "-",
        "ERL_CRASH_DUMP": str(folder / "erl_crash.dump"),
        "ERL_FLAGS": _without_epmd(place.port),
    }
    given = {
        name: text
        for name, text in os.environ.items()
        if not name.startswith(("RABBITMQ_", "ERL_")) and name != "XDG_CONFIG_HOME"
    }
    # beside a program of Homebrew's there is the Erlang that it needs
    path = os.pathsep.join([given.get("PATH", os.defpath), str(place.program.parent)])
    return {**given, **own, **utf8_locale(), "PATH": path}


RABBITMQ = Description(
    name="rabbitmq",
    title="RabbitMQ",
    port=_PORT,
    # the protocol's header; the server's Connection.Start is a frame of type 1
    greeting=b"AMQP\x00\x00\x09\x01",
    answer=b"\x01",
    container=InContainer(
        image="rabbitmq:4.3.6",
        megabytes=114,
        line="exec docker-entrypoint.sh rabbitmq-server",
        files={"/etc/rabbitmq/conf.d/90-kafkalab.conf": _LEARNER},
    ),
    process=AsProcess(
        program="rabbitmq-server",
        # Debian's /usr/sbin/rabbitmq-server runs it as the user rabbitmq, or not at all
        before_path=("/usr/lib/rabbitmq/bin",),
        after_path=("/opt/homebrew/sbin", "/usr/local/sbin"),
        files=_files,
        command=_command,
        install={
            "linux": "sudo apt-get install rabbitmq-server",
            "darwin": "brew install rabbitmq",
        },
    ),
)

"""Redis: lists, publish and subscribe, streams; every write goes to an append-only file."""

from __future__ import annotations

import os
from collections.abc import Mapping

from kafkalab.runtime.process import Command
from kafkalab.services.description import AsProcess, Description, InContainer, Place

_PORT = 6379
_CONFIGURATION = "redis.conf"
_IN_CONTAINER = "/kafkalab-redis.conf"

_KEPT = """\
appendonly yes
appendfsync everysec
save ""
"""
"""What a restart or a kill brings back: each write, as the system has it; no snapshots beside."""


def _files(place: Place) -> Mapping[str, str]:
    # relative to its working directory, so that no name of a folder needs quoting
    text = f"bind 127.0.0.1\nport {place.port}\ndir .\nset-proc-title no\n{_KEPT}"
    return {_CONFIGURATION: text}


def _command(place: Place) -> Command:
    """The mark is the name that it would have in the system's log, which it does not use."""
    configuration = str(place.folder / _CONFIGURATION)
    arguments = (str(place.program), configuration, "--syslog-ident", place.mark)
    return Command(arguments, place.folder, os.environ)


REDIS = Description(
    name="redis",
    title="Redis",
    port=_PORT,
    greeting=b"PING\r\n",
    answer=b"+PONG",
    container=InContainer(
        image="redis:8.10.1"
        "@sha256:298e5b3bc566bade82f46ad5511777a4a07a294097ce16ada2f6a42be5239df5",
        megabytes=60,
        line=f"exec docker-entrypoint.sh redis-server {_IN_CONTAINER}",
        # published on loopback alone; in the container it must answer the engine's proxy
        files={_IN_CONTAINER: f"bind * -::*\nprotected-mode no\nport {_PORT}\n{_KEPT}"},
    ),
    process=AsProcess(
        program="redis-server",
        before_path=(),
        after_path=("/opt/homebrew/bin", "/usr/local/bin", "/usr/bin"),
        files=_files,
        command=_command,
        install={"linux": "sudo apt-get install redis-server", "darwin": "brew install redis"},
    ),
)

"""PostgreSQL: a database whose every change can be read by others, too (logical decoding)."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace

from kafkalab.errors import KafkaLabError
from kafkalab.runtime.ports import HOST
from kafkalab.runtime.process import Command
from kafkalab.services.description import AsProcess, Description, InContainer, Place

USER = "postgres"
"""The first user, who may do everything; and the database of the same name that is there."""

_VERSION = "18.6"
_PORT = 5432
_DIGIT = 7
"""5432's own last digit is that of RabbitMQ."""
_PASSWORD = "password"  # noqa: S105 - the name of a file
_PASSWORD_IN_CONTAINER = "/kafkalab-postgresql-password"  # noqa: S105 - the same

_SETTINGS: Mapping[str, str] = {
    "wal_level": "logical",
    "max_wal_senders": "8",
    "max_replication_slots": "8",
    "max_connections": "50",
    "shared_buffers": "32MB",
    # in the data folder, so that a kill leaves nothing in the system's shared memory
    "dynamic_shared_memory_type": "mmap",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
"""What it differs in from a new database; a commit is on the disk before it is answered."""

_INIT_FIRST = """\
if [ ! -d "$1" ]; then
    rm -rf "$1.new"
    "$2" --pgdata="$1.new" --username="$3" --pwfile="$4" --auth=scram-sha-256 \
        --encoding=UTF8 --locale=C >/dev/null && mv "$1.new" "$1" || exit
fi
shift 4
exec "$@"
"""
"""A start that was cut short has left no data that would be taken for whole."""

_IN_NAMESPACE = ("unshare", "-U")
"""Runs a program as nobody, who yet owns what the user owns: PostgreSQL refuses to be root."""


class Password(str):
    """A password that no output shows: it is itself for programs, and stars for people."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'********'"


def new_password() -> Password:
    return Password(secrets.token_urlsafe(18))


def description(password: str) -> Description:
    """PostgreSQL as it is started with this password."""
    process = replace(POSTGRESQL.process, files=lambda place: {_PASSWORD: password})
    container = replace(POSTGRESQL.container, files={_PASSWORD_IN_CONTAINER: password})
    return replace(POSTGRESQL, process=process, container=container)


def _options(settings: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(word for name, value in settings.items() for word in ("-c", f"{name}={value}"))


def _command(place: Place) -> Command:
    """The mark is a setting of nobody's, which PostgreSQL passes over."""
    data = place.folder / "data"
    own = {
        "listen_addresses": HOST,
        "port": str(place.port),
        "unix_socket_directories": "",
        "kafkalab.mark": place.mark,
    }
    arguments = (
        *_as_no_root(),
        *("/bin/sh", "-c", _INIT_FIRST, "postgres"),
        *(str(data), str(place.program.with_name("initdb")), USER, str(place.folder / _PASSWORD)),
        *(str(place.program), "-D", str(data)),
        *_options({**_SETTINGS, **own}),
    )
    return Command(arguments, place.folder, _environment())


def _environment() -> Mapping[str, str]:
    """Nothing of the user's or the system's own PostgreSQL; its messages are English."""
    given = {name: text for name, text in os.environ.items() if not name.startswith("PG")}
    return {**given, "LC_ALL": "C"}


def _as_no_root() -> tuple[str, ...]:
    """What comes before the command; nothing for an ordinary user.

    Raises
    ------
    KafkaLabError
        The user is root, and the system lets root make no namespace of users.
    """
    if sys.platform != "linux" or os.geteuid() != 0:
        return ()
    try:
        subprocess.run([*_IN_NAMESPACE, "true"], check=True, capture_output=True, timeout=20)
    except (OSError, subprocess.SubprocessError) as error:
        raise KafkaLabError(
            "PostgreSQL does not run as root, and root cannot start it as another user here.",
            tried=f"to run it through {' '.join(_IN_NAMESPACE)} (util-linux): {error}",
            fix="run the notebook as another user; or start Docker and use "
            'services.PostgreSQL(backend="docker")',
        ) from error
    return _IN_NAMESPACE


def _startup_message() -> bytes:
    """What a client says first: version 3.0 of the protocol, user and database."""
    body = (3 << 16).to_bytes(4, "big")
    body += b"".join(word.encode() + b"\0" for word in ("user", USER, "database", USER)) + b"\0"
    return (len(body) + 4).to_bytes(4, "big") + body


POSTGRESQL = Description(
    name="postgresql",
    title="PostgreSQL",
    port=_PORT,
    digit=_DIGIT,
    # it asks for the password once it lets users in, and answers with an error before
    greeting=_startup_message(),
    answer=b"R",
    container=InContainer(
        image=f"postgres:{_VERSION}"
        "@sha256:5a5a84b19854a9ffaa54082c166ff4ec27473a361e496e5ea167f298f2da9722",
        megabytes=160,
        line=f"export POSTGRES_PASSWORD_FILE={_PASSWORD_IN_CONTAINER}; "
        f"exec docker-entrypoint.sh postgres {' '.join(_options(_SETTINGS))}",
        files={_PASSWORD_IN_CONTAINER: ""},
    ),
    process=AsProcess(
        program="postgres",
        # Debian keeps each version in a folder of its own, outside of PATH
        before_path=("/usr/lib/postgresql/*/bin",),
        after_path=(
            "/opt/homebrew/opt/postgresql@*/bin",
            "/opt/homebrew/bin",
            "/usr/local/opt/postgresql@*/bin",
            "/usr/local/bin",
        ),
        files=lambda place: {_PASSWORD: ""},
        command=_command,
        install={
            "linux": "sudo apt-get install postgresql",
            "darwin": "brew install postgresql@18",
        },
        ending=signal.SIGINT,  # SIGTERM waits until all clients have left
    ),
)

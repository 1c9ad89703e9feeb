"""The limit of open files, which a broker reaches sooner than other programs do."""

from __future__ import annotations

import errno
import sys
from collections.abc import Sequence

from kafkalab.errors import KafkaLabError

BROKER_FILES = 256
"""A broker of Kafka 4.3 that has just started has 170 open, its jars among them."""
COMFORTABLE_FILES = 1024
"""With these it has room for the segments and indexes of some hundred partitions."""
PROGRAM_FILES = 128
"""What a kernel with some clients has open, and as much again."""
NO_LIMIT = sys.maxsize
_EXHAUSTED = (errno.EMFILE, errno.ENFILE)
_MARK = "Too many open files"


def limits() -> tuple[int, int]:
    """How many files this process may open, and how many it may ask for, as Java does."""
    if sys.platform == "win32":
        return NO_LIMIT, NO_LIMIT
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    infinite = resource.RLIM_INFINITY
    return (NO_LIMIT if soft == infinite else soft), (NO_LIMIT if hard == infinite else hard)


def fix(platform: str = sys.platform) -> str:
    """The line that raises the limit of programs on this machine."""
    if platform == "darwin":
        return "sudo launchctl limit maxfiles 4096 unlimited, then a new terminal"
    return (
        "ulimit -n 4096 in the terminal that starts JupyterLab; where it is refused, raise "
        "nofile in /etc/security/limits.conf and log in again"
    )


def seen_in(error: OSError) -> bool:
    """True where a call failed since too many files are open."""
    return error.errno in _EXHAUSTED


def told_by(text: str) -> bool:
    """True where a program's output says so."""
    return _MARK in text


def too_few(tried: str, *, log: Sequence[str] = (), engine: bool = False) -> KafkaLabError:
    """What to say then; `engine` where Docker's limit counts and not this machine's."""
    if engine:
        return KafkaLabError(
            "A broker may not open as many files as it needs in its container.",
            tried=tried,
            fix='put {"default-ulimits": {"nofile": {"Name": "nofile", "Soft": 4096, '
            '"Hard": 4096}}} into the settings of the Docker engine and restart it',
            log=log,
        )
    _, limit = limits()
    return KafkaLabError(
        f"A program may have {limit} files open here, and a broker needs {BROKER_FILES} or more.",
        tried=tried,
        fix=fix(),
        log=log,
    )

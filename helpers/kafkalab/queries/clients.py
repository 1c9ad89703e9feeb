"""What librdkafka writes about connections, kept out of notebooks.

librdkafka prints lines such as `%3|1700000000.1|FAIL|…` on file descriptor 2 when a broker is
away. In a lesson that stops brokers on purpose they would drown the output. They go to the logger
`kafkalab.librdkafka` instead; `logging.basicConfig(level="INFO")` shows them.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from confluent_kafka import KafkaError
    from confluent_kafka.admin import AdminClient

Setting = str | int | float | bool
"""What a client's setting may be; callbacks and loggers are none."""

ClientConfig = dict[str, Setting]
"""Settings of a client by librdkafka's names: confluent-kafka's own type of them."""

logger = logging.getLogger("kafkalab.librdkafka")
logger.addHandler(logging.NullHandler())

_LINE = re.compile(rb"^%([0-7])\|\d+\.\d+\|")
_LEVELS = {
    0: logging.CRITICAL,
    1: logging.CRITICAL,
    2: logging.CRITICAL,
    3: logging.INFO,  # a broker that is away: in this series mostly on purpose
    4: logging.INFO,
    5: logging.INFO,
    6: logging.DEBUG,
    7: logging.DEBUG,
}
_routed = threading.Lock()


ADMIN_DEFAULTS: ClientConfig = {"enable.sparse.connections": False}
"""For an AdminClient. Where it connects to a broker only when it needs it, and that broker has
died, `list_offsets` keeps a whole processor busy until it times out."""


def client_defaults() -> dict[str, object]:
    """Settings of the package's own short-lived clients: quiet, and quick to try again."""
    return {
        "logger": logger,
        "reconnect.backoff.ms": 20,
        "reconnect.backoff.max.ms": 50,
        "socket.connection.setup.timeout.ms": 5000,
    }


def admin_client(
    client_config: Mapping[str, Setting], error_cb: Callable[[KafkaError], None] | None = None
) -> AdminClient:
    """An AdminClient of the package's own, with `client_defaults`."""
    from confluent_kafka.admin import AdminClient

    defaults = client_defaults() if error_cb is None else client_defaults() | {"error_cb": error_cb}
    return AdminClient({**client_config}, **defaults)


def route_stderr() -> None:
    """In a notebook's kernel, filter file descriptor 2; once a process, elsewhere nothing."""
    if "ipykernel" not in sys.modules or os.name != "posix" or not _routed.acquire(blocking=False):
        return
    behind = os.fdopen(os.dup(2), "wb", buffering=0)
    read_end, write_end = os.pipe()
    os.dup2(write_end, 2)
    os.close(write_end)
    threading.Thread(
        target=_filter, args=(os.fdopen(read_end, "rb"), behind), daemon=True, name="librdkafka-log"
    ).start()


def _filter(lines: BinaryIO, behind: BinaryIO) -> None:
    with lines, behind:
        for line in lines:
            match = _LINE.match(line)
            if match:
                text = line.decode("utf-8", errors="replace").rstrip()
                logger.log(_LEVELS[int(match[1])], "%s", text)
            else:
                behind.write(line)

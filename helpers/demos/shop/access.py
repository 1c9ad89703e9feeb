"""The shop's access log, in the common log format of web servers."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler

MOST_BYTES = 64 * 1024
"""Of a file; then it is renamed to `….1`, and a new one begun."""
MOST_FILES = 99
_LOGGER = "uvicorn.access"


class CommonLog(logging.Formatter):
    """What uvicorn tells of a request; it does not tell how many bytes were answered."""

    def format(self, record: logging.LogRecord) -> str:
        assert isinstance(record.args, tuple), "uvicorn's access log has five arguments"
        client, method, target, version, status = record.args
        host = str(client).rpartition(":")[0] or "-"
        time = datetime.fromtimestamp(record.created, UTC).strftime("%d/%b/%Y:%H:%M:%S %z")
        return f'{host} - - [{time}] "{method} {target} HTTP/{version}" {status} -'


def write_to(file: str) -> None:
    """Write a line for each request from now on."""
    handler = RotatingFileHandler(file, maxBytes=MOST_BYTES, backupCount=MOST_FILES)
    handler.setFormatter(CommonLog())
    logger = logging.getLogger(_LOGGER)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False

"""Programs that are started: what to say where one cannot be."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator

from kafkalab.common import open_files
from kafkalab.errors import KafkaLabError

_TOO_LITTLE = (errno.ENOMEM, errno.EAGAIN)
"""No memory for one more process, or no number for it."""


@contextlib.contextmanager
def starting(what: str) -> Iterator[None]:
    """Turn what the system raises where a program is started into a `KafkaLabError`.

    Parameters
    ----------
    what : str
        What it is, such as ``broker 1``.
    """
    try:
        yield
    except OSError as error:
        if open_files.seen_in(error):
            raise open_files.too_few(f"to start {what}") from error
        reason = error.strerror or str(error)
        file = f": {error.filename}" if error.filename else ""
        raise KafkaLabError(
            f"{what[:1].upper()}{what[1:]} cannot be started: {reason}{file}.",
            fix="end programs that you do not need: kafkalab doctor says how much memory there is"
            if error.errno in _TOO_LITTLE
            else "see that this program runs by itself; for Java, correct or unset JAVA_HOME",
        ) from error

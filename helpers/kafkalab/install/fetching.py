"""One process at a time fetches what the cache lacks."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from kafkalab.errors import KafkaLabError
from kafkalab.install.cache_files import PARTIAL, cache_error

_WAIT_SECONDS = 15 * 60


@contextlib.contextmanager
def alone(cache: Path, name: str, title: str) -> Iterator[None]:
    """Hold the cache's folder `name`, new or as it is, without what a killed fetch left in it.

    Raises
    ------
    KafkaLabError
        Another process holds it for 15 minutes, or the cache cannot be written.
    """
    folder, lock = cache / name, cache / f"{name}.lock"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(lock, timeout=_WAIT_SECONDS):
            for partial in folder.glob(f"{PARTIAL}*"):
                shutil.rmtree(partial, ignore_errors=True)
            yield
    except Timeout as error:
        raise KafkaLabError(
            f"Another process has been fetching {title} for 15 minutes.",
            tried=f"to wait for {lock}",
            fix="end the other process, then run this again",
        ) from error
    except OSError as error:
        raise cache_error(cache, error) from error

"""Folders of a lesson that go with its cluster."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from kafkalab.errors import KafkaLabError

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def new_folder(within: Path, name: object) -> Path:
    """Make a new, empty folder whose name begins with `name`; see `KafkaCluster.folder`."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise KafkaLabError(
            f"folder({name!r}) is not the name of a folder: letters, digits, - and _.",
            fix='cluster.folder("connect-files")',
        )
    try:
        within.mkdir(exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=within))
    except OSError as error:
        raise KafkaLabError(
            f"A folder in {within} cannot be created: {error.strerror or error}.",
            fix="free some disk space, or choose a folder that you may write to: "
            "export KAFKALAB_CACHE=/path/to/a/folder",
        ) from error

"""What outlives a power failure."""

from __future__ import annotations

import os
from pathlib import Path


def sync(path: str | Path) -> None:
    """Make what was written to a file, or renamed in a folder, outlive a power failure."""
    if os.name == "nt" and Path(path).is_dir():  # it opens no folders
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

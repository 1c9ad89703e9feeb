"""One file from the web: verified, with a progress bar and a stall deadline."""

from __future__ import annotations

import errno
import logging
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:  # loaded where something is fetched: every start imports this module
    from tqdm import tqdm

STALL_SECONDS = 60
CONNECT_SECONDS = 10
_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES)


class DownloadError(Exception):
    """Nothing came, or not what was pinned; the reason in words."""


def download(url: str, target: Path, *, known_hash: str, what: str) -> None:
    """Bring the file at `url` to `target`.

    Parameters
    ----------
    url : str
    target : Path
    known_hash : str
        Such as ``sha512:c7d7…``; a file with another one is not kept.
    what : str
        Stands beside the progress bar.

    Raises
    ------
    DownloadError
        The address does not answer, or the file is not what was pinned.
    OSError
        The disk is full, or may not be written to.
    """
    import pooch

    pooch.get_logger().setLevel(logging.WARNING)
    try:
        with _progress_bar(what) as progress:
            downloader = pooch.HTTPDownloader(
                progressbar=progress, timeout=(CONNECT_SECONDS, STALL_SECONDS)
            )
            pooch.retrieve(
                url,
                known_hash=known_hash,
                fname=target.name,
                path=target.parent,
                downloader=downloader,
            )
    except (OSError, ValueError) as error:
        if getattr(error, "errno", None) in _DISK_ERRORS:
            raise
        raise DownloadError(f"{url}: {_reason(error)}") from error


def _progress_bar(what: str) -> tqdm[NoReturn]:
    from tqdm import tqdm

    # pooch sets the total itself, and asks before whether the bar is true: with no total it raises
    return tqdm(desc=what, total=1, unit="B", unit_scale=True, leave=False, dynamic_ncols=True)


def _reason(error: Exception) -> str:
    text = str(error)
    if isinstance(error, ValueError) and "hash" in text.lower():
        return "the download has a wrong checksum"
    if "NameResolution" in text or "Temporary failure in name" in text:
        return "the host name is not known here"
    if "timed out" in text:
        return "no answer in time"
    return text.splitlines()[0][:120] if text else type(error).__name__

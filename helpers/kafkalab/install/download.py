"""One file from the web: verified, with a progress bar and a stall deadline."""

from __future__ import annotations

import errno
import logging
from pathlib import Path

STALL_SECONDS = 60
CONNECT_SECONDS = 10
_CHUNK_BYTES = 64 * 1024
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
    import pooch  # here, not above: every start imports this module, and few fetch anything

    pooch.get_logger().setLevel(logging.WARNING)

    def fetch(source: str, file: str, _: pooch.Pooch) -> None:
        _fetch(source, Path(file), what)

    try:
        pooch.retrieve(
            url, known_hash=known_hash, fname=target.name, path=target.parent, downloader=fetch
        )
    except (OSError, ValueError) as error:
        if getattr(error, "errno", None) in _DISK_ERRORS:
            raise
        raise DownloadError(f"{url}: {_reason(error)}") from error


# pooch's own downloader leaves the connection open when the answer is an error or breaks off
def _fetch(url: str, file: Path, what: str) -> None:
    import requests
    from tqdm import tqdm

    with requests.get(url, stream=True, timeout=(CONNECT_SECONDS, STALL_SECONDS)) as answer:
        answer.raise_for_status()
        length = int(answer.headers.get("Content-Length", 0)) or None
        with (
            tqdm(
                desc=what,
                total=length,
                unit="B",
                unit_scale=True,
                leave=False,
                dynamic_ncols=True,
            ) as progress,
            file.open("wb") as out,
        ):
            for chunk in answer.iter_content(_CHUNK_BYTES):
                progress.update(out.write(chunk))


def _reason(error: Exception) -> str:
    text = str(error)
    if isinstance(error, ValueError) and "hash" in text.lower():
        return "the download has a wrong checksum"
    if "NameResolution" in text or "Temporary failure in name" in text:
        return "the host name is not known here"
    if "timed out" in text:
        return "no answer in time"
    return text.splitlines()[0][:120] if text else type(error).__name__

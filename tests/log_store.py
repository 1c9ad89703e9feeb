"""Logs that are written and rotated, and whether a store holds exactly what the files hold."""

from __future__ import annotations

import logging
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import fsspec
import pandas as pd
from moto.server import ThreadedMotoServer

from demos.logs.store import Store, read_table
from kafkalab import services
from tests.conftest import need_service

KINDS = ("folder", "hdfs", "s3")
BUCKET = "central"
SAMPLES = (
    b"[2026-11-29 02:00:00,000] INFO all is well (kafka.server.KafkaServer)\n",
    b"[2026-11-29 02:00:00,001] ERROR no (a.B)\njava.io.IOException: no\n\tat a.B.c(B.java:1)\n",
    b"[2026-11-29 02:00:00,002] WARN caf\xe9 \xff (kafka.log.LogCleaner)\n",
    "[2026-11-29 02:00:00,003] INFO grüße 안녕 (kafka.log.LogCleaner)\n".encode(),
)


@dataclass(frozen=True)
class Place:
    """A store that a test may use: what `Store` takes."""

    url: str
    storage_options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def store(self) -> Store:
        return Store(self.url, self.storage_options)


@contextmanager
def place(kind: str, folder: Path, name: str) -> Iterator[Place]:
    """A store of that kind, empty; of `KINDS`."""
    if kind == "s3":
        logging.getLogger("werkzeug").setLevel(logging.WARNING)  # a line for each request
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        try:
            host, port = server.get_host_and_port()
            endpoint = f"http://{host}:{port}"
            options = {"endpoint_url": endpoint, "key": "lab", "secret": "lab"}
            fsspec.filesystem("s3", **options).mkdir(BUCKET)
            yield Place(f"s3://{BUCKET}/{name}", options)
        finally:
            server.stop()
    elif kind == "hdfs":
        need_service("hdfs", "process")
        with services.HDFS(backend="process", name=name) as hdfs:
            yield Place(f"{hdfs.url}/{name}", hdfs.storage_options)
    else:
        yield Place(str(folder / name))


@dataclass
class LogFile:
    """A log that is written now and then, and rotated by rename, as its host's logger does.

    Parameters
    ----------
    path : Path
    chance : random.Random
    """

    path: Path
    chance: random.Random
    rotated: int = 0

    def write(self, most: int = 5) -> None:
        """Some events, sometimes with a line that is only half there for the moment."""
        data = b"".join(self.chance.choices(SAMPLES, k=self.chance.randrange(1, most + 1)))
        half = self.chance.randrange(len(data)) if self.chance.random() < 0.3 else 0
        with self.path.open("ab", buffering=0) as file:
            file.write(data[:half])
            file.write(data[half:])

    def rotate(self) -> None:
        if self.path.exists():
            self.rotated += 1
            self.path.rename(f"{self.path}.{self.rotated}")


def on_disk(folders: Mapping[str, Path]) -> dict[tuple[str, int], bytes]:
    """(host, inode) → the bytes of each file of its folder."""
    return {
        (host, path.stat().st_ino): path.read_bytes()
        for host, folder in folders.items()
        for path in folder.glob("*.log*")
    }


def in_store(table: pd.DataFrame) -> dict[tuple[str, int], bytes]:
    """The same, put together from a store's rows.

    Raises
    ------
    AssertionError
        A byte is missing or there twice.
    """
    files: dict[tuple[str, int], bytes] = defaultdict(bytes)
    for row in table.sort_values(["host", "file_id", "file_offset"]).itertuples():
        place = str(row.host), int(str(row.file_id).partition("-")[0])
        offset, end = int(str(row.file_offset)), int(str(row.file_end))
        assert offset == len(files[place]), f"{place}: {offset} after {len(files[place])}"
        line = row.raw if isinstance(row.raw, bytes) else str(row.body).encode()
        files[place] += line if len(line) == end - offset else line + b"\n"
        assert len(files[place]) == end
    return dict(files)


def frame(store: Store) -> pd.DataFrame:
    """What a reader sees."""
    return pd.DataFrame(read_table(store).to_pandas())


def size(store: Store) -> int:
    """How many bytes of the logs have been landed."""
    rows = frame(store)
    return int((rows["file_end"] - rows["file_offset"]).sum())

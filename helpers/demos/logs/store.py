"""The central store: Parquet files by date and host, on anything that fsspec reaches."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

from demos.logs.durable import sync
from demos.logs.parts import Live, Part, live

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = pa.schema(
    [
        ("observed", pa.timestamp("ms", "UTC")),
        ("log", pa.string()),
        ("body", pa.string()),
        ("raw", pa.binary()),
        ("path", pa.string()),
        ("file_id", pa.string()),
        ("file_offset", pa.int64()),
        ("file_end", pa.int64()),
        ("kafka_partition", pa.int32()),
        ("kafka_offset", pa.int64()),
    ]
)
"""Of each file; date and host are in its path."""
ENDS = b"log_ends"
UNFINISHED = "_tmp"
"""Its folder: tools pass over names that begin with an underscore."""
_PUT_AT_ONCE = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "az", "memory"})
"""Stores without a rename, where a file is there as a whole or not at all."""
_TRIES = 5
_Found = TypeVar("_Found")


class Store:
    """A folder of Parquet files.

    Parameters
    ----------
    url : str or Path
        Such as ``/tmp/store``, ``webhdfs://127.0.0.1:9870/logs`` or ``s3://bucket/logs``.
    storage_options : mapping, optional
        What fsspec needs to reach it.
    """

    def __init__(self, url: str | Path, storage_options: Mapping[str, Any] | None = None) -> None:
        fs, root = fsspec.core.url_to_fs(str(url), **(storage_options or {}))
        self.fs: Any = fs
        self.root = str(root).rstrip("/")
        protocol = fs.protocol if isinstance(fs.protocol, tuple) else (fs.protocol,)
        self.puts_at_once = not _PUT_AT_ONCE.isdisjoint(protocol)
        self._is_local = "file" in protocol
        self._folders: set[str] = set()

    # --- what is there ------------------------------------------------------------------------

    def parts(self) -> list[Part]:
        """All files that are parts, in no order."""
        self.fs.invalidate_cache()
        places = (path.removeprefix(self.root).lstrip("/") for path in self.fs.find(self.root))
        return [part for place in places if (part := Part.of_path(place)) is not None]

    def files(self) -> list[str]:
        """The paths of the parts that count; see `parts.live`."""
        return [self.path(each.part) for each in live(self.parts())]

    def path(self, part: Part) -> str:
        """Where its file system has it."""
        return f"{self.root}/{part.path}"

    def rows(self, each: Live) -> pa.Table:
        """What a part holds and no other.

        Raises
        ------
        FileNotFoundError
            It has been merged meanwhile.
        """
        with self.fs.open(self.path(each.part), "rb") as file:
            table = pq.read_table(file)
        kept = table.filter(pa.compute.field("kafka_offset") > each.after)
        return kept if each.after >= 0 else table

    def ends(self, part: Part) -> dict[str, int]:
        """File id → up to which byte it had been landed with this part and those before it."""
        with self.fs.open(self.path(part), "rb") as file:
            metadata = pq.read_schema(file).metadata
        found: dict[str, int] = json.loads(metadata[ENDS])
        return found

    # --- what changes it ----------------------------------------------------------------------

    def add(self, part: Part, table: pa.Table, ends: Mapping[str, int], by: str = "sink") -> None:
        """Make the part's file: when this returns it is durable, and until then not there."""
        table = table.replace_schema_metadata({ENDS: json.dumps(ends)})
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, compression="zstd")
        data = sink.getvalue().to_pybytes()
        final = self.path(part)
        if self.puts_at_once:
            self.fs.pipe_file(final, data)
            return
        unfinished = f"{self.root}/{UNFINISHED}/{by}-{part.name}.{uuid.uuid4().hex[:8]}"
        for path in (unfinished, final):
            self._make_folder(path.rpartition("/")[0])
        self.fs.pipe_file(unfinished, data)
        if self._is_local:
            sync(unfinished)
        self._rename(unfinished, final)

    def _make_folder(self, folder: str) -> None:
        if folder not in self._folders:
            self.fs.makedirs(folder, exist_ok=True)
            self._folders.add(folder)

    def _rename(self, unfinished: str, final: str) -> None:
        if not self._is_local and self.fs.exists(final):
            self.fs.rm(unfinished)  # HDFS does not replace; the same offsets are the same rows
            return
        self.fs.mv(unfinished, final)
        if self._is_local:
            sync(final.rpartition("/")[0])
        elif not self.fs.exists(final):  # WebHDFS says false and no more
            raise OSError(f"{unfinished} could not be renamed to {final}")

    def remove(self, parts: Iterable[Part]) -> None:
        """Remove their files; harmless where they are gone."""
        for part in parts:
            self._remove_file(self.path(part))

    def clear_unfinished(self, begins: str) -> int:
        """Remove what a killed writer left, by how its names begin; return how many there were."""
        folder = f"{self.root}/{UNFINISHED}"
        self.fs.invalidate_cache()
        left = [p for p in self.fs.find(folder) if p.rpartition("/")[2].startswith(begins)]
        for path in left:
            self._remove_file(path)
        return len(left)

    def _remove_file(self, path: str) -> None:
        try:
            self.fs.rm(path)
        except FileNotFoundError:
            return


def as_whole(look: Callable[[], _Found]) -> _Found:
    """What `look` finds; it looks again where a file was merged into another meanwhile."""
    for _ in range(_TRIES - 1):
        try:
            return look()
        except FileNotFoundError:
            continue
    return look()


def read_table(store: Store) -> pa.Table:
    """All events, with `date` and `host`, each exactly once, also while files are merged."""

    def look() -> pa.Table:
        tables = []
        for each in live(store.parts()):
            rows, part = store.rows(each), each.part
            for name, value in (("date", part.date), ("host", part.host)):
                rows = rows.append_column(name, pa.repeat(value, len(rows)).dictionary_encode())
            tables.append(rows.replace_schema_metadata(None))
        if tables:
            return pa.concat_tables(tables, promote_options="permissive")
        return pa.schema([*SCHEMA, ("date", pa.string()), ("host", pa.string())]).empty_table()

    return as_whole(look)


def read_store(url: str | Path, storage_options: Mapping[str, Any] | None = None) -> pd.DataFrame:
    """All events of a store, each exactly once, by host, log, file and offset.

    Parameters
    ----------
    url, storage_options
        See `Store`.
    """
    frame: pd.DataFrame = read_table(Store(url, storage_options)).to_pandas()
    order = ["host", "log", "file_id", "file_offset"]
    return frame.astype({"date": "str", "host": "str"}).sort_values(order, ignore_index=True)

"""Few large files in the place of many small ones.

`python -m demos.logs.compaction URL [STORAGE_OPTIONS_AS_JSON]`
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from demos.logs.parts import Part, live
from demos.logs.store import Store, as_whole


@dataclass(frozen=True)
class Compacted:
    """What a compaction did.

    Attributes
    ----------
    before, after : int
        Files.
    """

    before: int
    after: int


def compact(
    url: str | Path,
    storage_options: Mapping[str, Any] | None = None,
    *,
    date: str | None = None,
    host: str | None = None,
) -> Compacted:
    """Merge the files of each date, host and partition into one.

    Sinks may write and readers read meanwhile. First the merged file is there, then the others go;
    `read_store` passes over those that it covers, and looks again where one goes while it reads. A
    tool that reads all files by a pattern can see lines twice for that moment.

    Parameters
    ----------
    url, storage_options
        See `Store`.
    date, host : str, optional
        Only theirs; by default all.
    """
    store = Store(url, storage_options)
    store.clear_unfinished("compaction-")
    before = _settled(store)
    chosen = [p for p in before if date in (None, p.date) and host in (None, p.host)]
    groups = defaultdict(list)
    for part in chosen:
        groups[part.group].append(part)
    for group in groups.values():
        _merge(store, group)
    return Compacted(before=len(chosen), after=len(groups))


def _settled(store: Store) -> list[Part]:
    """Parts between which none is missing.

    A look at a folder may miss a file that is made meanwhile, and see a later one. A second look
    has all that were made before the first one ended.
    """
    reached: dict[tuple[str, str, str, int], int] = {}
    for part in store.parts():
        reached[part.group] = max(part.last, reached.get(part.group, -1))
    return [part for part in store.parts() if part.last <= reached.get(part.group, -1)]


def _merge(store: Store, parts: Sequence[Part]) -> None:
    counted = live(parts)
    first = min(part.first for part in parts)
    newest = max(parts, key=lambda part: part.last)
    merged = replace(newest, first=first)
    if len(counted) > 1:
        table = pa.concat_tables([as_whole(lambda each=each: store.rows(each)) for each in counted])  # type: ignore[misc]
        store.add(merged, table.sort_by("kafka_offset"), store.ends(newest), by="compaction")
    store.remove(part for part in parts if part != merged)


def main(arguments: Sequence[str]) -> None:
    options = json.loads(arguments[1]) if len(arguments) > 1 else {}
    done = compact(arguments[0], options)
    print(f"{done.before} files are {done.after} now")


if __name__ == "__main__":
    main(sys.argv[1:])

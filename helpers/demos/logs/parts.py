"""The files of a store: what their names say, and which of them count."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, unquote

_NAME = re.compile(
    r"date=(?P<date>[^/]+)/host=(?P<host>[^/]+)/"
    r"(?P<series>[^/]+)-(?P<partition>\d+)-(?P<first>\d+)-(?P<last>\d+)\.parquet"
)


@dataclass(frozen=True)
class Part:
    """One Parquet file of the store.

    It holds every event of its host and date that stands at these offsets of a partition, but those
    that an agent has sent again.

    Attributes
    ----------
    date, host : str
    series : str
        The topic, told apart from others that had its name: their offsets say nothing of this one.
    partition : int
    first, last : int
        Offsets.
    """

    date: str
    host: str
    series: str
    partition: int
    first: int
    last: int

    @property
    def name(self) -> str:
        """Its file's name, the same whenever the same offsets are landed."""
        return f"{self.series}-{self.partition}-{self.first:012}-{self.last:012}.parquet"

    @property
    def path(self) -> str:
        """Its place in the store, by Hive's convention."""
        return f"date={self.date}/host={quote(self.host, safe='')}/{self.name}"

    @property
    def group(self) -> tuple[str, str, str, int]:
        """What it can be merged with."""
        return self.date, self.host, self.series, self.partition

    @classmethod
    def of_path(cls, path: str) -> Part | None:
        """The part at this place of a store; None for anything else."""
        found = _NAME.fullmatch(path)
        if found is None:
            return None
        return cls(
            found["date"],
            unquote(found["host"]),
            found["series"],
            int(found["partition"]),
            int(found["first"]),
            int(found["last"]),
        )


@dataclass(frozen=True)
class Live:
    """A part that counts, and from where: rows up to the offset `after` are in another one."""

    part: Part
    after: int = -1


def live(parts: Iterable[Part]) -> list[Live]:
    """Those parts that hold what no other holds.

    One that was merged into another is covered by it. Two overlap only where a sink was held up for
    so long that another one took over, and then went on.
    """
    groups = defaultdict(list)
    for part in parts:
        groups[part.group].append(part)
    counted = []
    for group in sorted(groups):
        reached = -1
        for part in sorted(groups[group], key=lambda p: (p.first, -p.last)):
            if part.last > reached:
                counted.append(Live(part, reached if part.first <= reached else -1))
                reached = part.last
    return counted

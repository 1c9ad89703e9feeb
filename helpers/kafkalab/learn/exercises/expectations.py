"""What a check expects: small parts that say by themselves what is wrong.

Each is plain data, so a test can read what it asks for and do something else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from kafkalab.common.words import count, listing
from kafkalab.learn.card import short
from kafkalab.learn.exercises.fault import (
    Between,
    Fault,
    Row,
    code,
    codes,
)
from kafkalab.learn.exercises.likeness import likeness, plain
from kafkalab.learn.exercises.look import Look

# --- topics ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Topic:
    """A topic of the exercise, and what can be expected of it.

    Attributes
    ----------
    name : str
    yours : bool
        The learner creates it; `start` removes it.
    """

    name: str
    yours: bool = False

    def __str__(self) -> str:
        return self.name

    def absent(self) -> Absent:
        """It is not there, or no longer."""
        return Absent(self)

    def partitions(self, wanted: int) -> Partitions:
        """It has so many partitions."""
        return Partitions(self, wanted)

    def setting(self, name: str, wanted: object, why: str = "") -> Setting:
        """The setting is in force, whether it is the broker's or the topic's own.

        Parameters
        ----------
        name : str
        wanted : object
            The value, or `at_least(…)`, `at_most(…)`, `Between(…)`.
        why : str
            The name of a text that says what else would happen.
        """
        return Setting(self, name, wanted, why)

    def own_settings(self, *names: str) -> OwnSettings:
        """These settings and no others are set on the topic itself."""
        return OwnSettings(self, names)

    def written(self, at_least: int = 1) -> Written:
        """It holds so many records or more."""
        return Written(self, at_least)

    def size(self, wanted: int) -> Size:
        """It holds so many records, no more and no fewer."""
        return Size(self, wanted)

    def holds(
        self,
        rows: Callable[[Look], Sequence[Row]] | Sequence[Row],
        *fields: str,
        order: Literal["", "log", "key"] = "",
        others: bool = False,
        wanted: str = "",
    ) -> Records:
        """It holds these records.

        Parameters
        ----------
        rows : sequence of tuple, or a function of the look that gives it
        *fields : str
            The columns of `read_topic` that the tuples have: key and value where none are named.
        order : str
            "log": by partition and offset; "key": each key's in order and in one partition.
        others : bool
            Further records may be there.
        wanted : str
            The name of a text that says what is looked for.
        """
        return Records(self, rows, fields or ("key", "value"), order, others, wanted)


@dataclass(frozen=True)
class Absent:
    topic: Topic
    asks_answer = False

    def fault(self, look: Look) -> Fault | None:
        if self.topic.name not in look.names:
            return None
        return Fault("still there", {"topic": self.topic})

    def untouched(self) -> Fault:
        return Fault("absent", {"topic": self.topic}, not_attempted=True)


@dataclass(frozen=True)
class Partitions:
    topic: Topic
    wanted: int
    asks_answer = False

    def fault(self, look: Look) -> Fault | None:
        found = len(look.topic(self.topic.name).partitions)
        if found == self.wanted:
            return None
        words = {"found": count(found, "partition"), "wanted": count(self.wanted, "partition")}
        return Fault("partitions", {"topic": self.topic, **words})

    def untouched(self) -> Fault:
        return _no_change(self.topic)


@dataclass(frozen=True)
class Setting:
    topic: Topic
    name: str
    wanted: object
    why: str = ""
    asks_answer = False

    def fault(self, look: Look) -> Fault | None:
        found = look.settings(self.topic.name)[self.name]
        if self.holds(found):
            return None
        told = self.wanted if isinstance(self.wanted, Between) else f"of {code(str(self.wanted))}"
        values = {"topic": self.topic, "name": self.name, "found": found, "wanted": told}
        return Fault("setting", values, self.why)

    def holds(self, value: str) -> bool:
        """Whether the setting may have this value."""
        if isinstance(self.wanted, Between):
            return self.wanted.holds(value)
        return value == str(self.wanted)

    def untouched(self) -> Fault:
        return _no_change(self.topic)


@dataclass(frozen=True)
class OwnSettings:
    topic: Topic
    names: tuple[str, ...]
    asks_answer = False

    def fault(self, look: Look) -> Fault | None:
        own = look.own_settings(self.topic.name)
        extra = [f"{name}={value}" for name, value in own.items() if name not in self.names]
        if not extra:
            return None
        return Fault("own settings", {"topic": self.topic, "found": codes(extra)})

    def untouched(self) -> Fault:
        return _no_change(self.topic)


@dataclass(frozen=True)
class Written:
    topic: Topic
    at_least: int
    asks_answer = False

    def fault(self, look: Look) -> Fault | None:
        found = _size(look, self.topic)
        if found >= self.at_least:
            return None
        words = {"found": count(found, "record"), "wanted": count(self.at_least, "record")}
        text = "too few records" if found else "nothing written"
        return Fault(text, {"topic": self.topic, **words})

    def untouched(self) -> Fault:
        return _no_change(self.topic)


@dataclass(frozen=True)
class Size:
    topic: Topic
    wanted: int
    asks_answer = False

    def fault(self, look: Look) -> Fault | None:
        found = _size(look, self.topic)
        if found == self.wanted:
            return None
        words = {"found": count(found, "record"), "wanted": count(self.wanted, "record")}
        return Fault("too few records", {"topic": self.topic, **words})

    def untouched(self) -> Fault:
        return Fault("untouched", {"topic": self.topic}, not_attempted=True)


def _size(look: Look, topic: Topic) -> int:
    return sum(p.size or 0 for p in look.topic(topic.name).partitions)


def _no_change(topic: Topic) -> Fault:
    return Fault("no change", {"topic": topic}, not_attempted=True)


# --- records --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Records:
    topic: Topic
    rows: Callable[[Look], Sequence[Row]] | Sequence[Row]
    fields: tuple[str, ...]
    order: Literal["", "log", "key"]
    others: bool
    wanted: str
    asks_answer = False

    def fault(self, look: Look) -> Fault | None:
        wanted = list(self.rows(look) if callable(self.rows) else self.rows)
        found = look.rows(self.topic.name, *self.fields)
        words = {"topic": self.topic, "wanted": self._wanted(wanted)}
        if amiss := self._by_number(found, wanted):
            why = "" if self.others else likeness(found, wanted, self.fields)
            words["found"] = count(len(found), "record")
            return Fault(amiss[0], {**words, **amiss[1]}, why)
        if amiss := self._by_order(look, found, wanted):
            return Fault(amiss[0], {**words, **amiss[1]})
        return None

    def untouched(self) -> Fault:
        return Fault("untouched", {"topic": self.topic}, not_attempted=True)

    def _wanted(self, wanted: list[Row]) -> str:
        return f"{count(len(wanted), 'record')}: {self._told(wanted)}"

    def _told(self, rows: Iterable[Row]) -> str:
        return codes(dict.fromkeys(": ".join(map(_word, row)) for row in rows))

    def _by_number(self, found: list[Row], wanted: list[Row]) -> tuple[str, dict[str, str]] | None:
        if not found:
            return "nothing written", {}
        have, want = Counter(map(plain, found)), Counter(map(plain, wanted))
        missing = [row for row in wanted if have[plain(row)] < want[plain(row)]]
        strange = [] if self.others else [row for row in found if plain(row) not in want]
        if strange:
            text = "records changed" if missing else "records strange"
            return text, {"strange": self._told(strange), "missing": self._told(missing)}
        if missing:
            return "records missing", {"missing": self._told(missing)}
        twice = [row for row in found if have[plain(row)] > want[plain(row)] > 0]
        return ("records twice", {"twice": self._told(twice)}) if twice else None

    def _by_order(
        self, look: Look, found: list[Row], wanted: list[Row]
    ) -> tuple[str, dict[str, str]] | None:
        if self.order == "log" and found != wanted:
            return "records disordered", {"found": self._told(found)}
        if self.order != "key":
            return None
        keys = look.rows(self.topic.name, "key", "partition")
        by_key = self.fields.index("key")
        for key in dict.fromkeys(row[by_key] for row in wanted):
            places = sorted({place for name, place in keys if name == key})
            if len(places) > 1:
                return "records apart", {"key": _word(key), "places": listing([*map(str, places)])}
            own = [row for row in found if row[by_key] == key]
            if own != [row for row in wanted if row[by_key] == key]:
                return "records disordered", {"found": self._told(own)}
        return None


def _word(value: object) -> str:
    return value if isinstance(value, str) else short(value)


# --- groups ---------------------------------------------------------------------------------------

Offsets = Mapping[int, int]


@dataclass(frozen=True)
class Committed:
    """What a group has committed in a topic.

    Attributes
    ----------
    group : str
    topic : Topic
    offsets : mapping, or a function of the look that gives it
        Partition → offset.
    """

    group: str
    topic: Topic
    offsets: Callable[[Look], Offsets] | Offsets
    asks_answer = False

    def fault(self, look: Look) -> Fault | None:
        wanted = dict(self.offsets(look) if callable(self.offsets) else self.offsets)
        found = dict(look.committed(self.group, self.topic.name))
        if found == wanted:
            return None
        words = {"group": self.group, "topic": self.topic, "wanted": places(wanted)}
        if found:
            return Fault("committed", {**words, "found": places(found)})
        named = [name for name in look.groups() if not name.startswith("_")]
        others = f"Groups that there are: {codes(named)}." if named else ""
        return Fault("nothing committed", {**words, "others": others})

    def untouched(self) -> Fault:
        return Fault(
            "group untouched", {"group": self.group, "topic": self.topic}, not_attempted=True
        )


@dataclass(frozen=True)
class NothingCommitted:
    """A group that has no bookmark in a topic."""

    group: str
    topic: Topic
    asks_answer = False

    def fault(self, look: Look) -> Fault | None:
        found = look.committed(self.group, self.topic.name)
        if not found:
            return None
        words = {"found": places(found), "wanted": "no bookmark"}
        return Fault("committed", {"group": self.group, "topic": self.topic, **words})

    def untouched(self) -> Fault:
        return Fault("no bookmark", {"group": self.group, "topic": self.topic}, not_attempted=True)


def places(offsets: Offsets) -> str:
    """Offsets of partitions for a sentence; of a single partition 0 the offset alone."""
    if not offsets:
        return "no offset"
    if set(offsets) == {0}:
        return f"offset {offsets[0]}"
    return listing([f"{offset} in partition {n}" for n, offset in sorted(offsets.items())])

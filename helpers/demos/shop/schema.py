"""What an event may say: fields by activity and version, and checks that answer in plain words.

The tables below are the schema. `python -m demos.shop.schema` writes them as `events.md`.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from demos.shop.catalogue import BY_ID, CATEGORIES

VERSIONS = (1, 2)
"""The versions that the collector takes; its own pages write the last one."""
ACTIVITIES = ("page_view", "search", "basket", "purchase")
TOPICS = {activity: f"activity.{activity}" for activity in ACTIVITIES}
"""Activity → its topic."""
PAGES = ("front", "category", "product", "search", "basket", "checkout", "thanks", "missing")
DEVICES = ("phone", "tablet", "desktop")

Event = dict[str, Any]
"""One event, as JSON gives it."""

_VISITOR = re.compile(r"[A-Za-z0-9-]{8,40}")
_SURROGATE = re.compile("[\ud800-\udfff]")
"""JSON can have one alone; UTF-8, and so a record, cannot."""
_MOST_CENTS = 100_000_000


class BadEventError(ValueError):
    """An event that the schema does not allow; its text says why."""


@dataclass(frozen=True)
class Field:
    """One field of an event.

    Attributes
    ----------
    name : str
    words : str
        What it must be: the rest of "… must be".
    holds : callable
        Whether a value is so.
    required : bool
    since : int
        The first version that has it.
    """

    name: str
    words: str
    holds: Callable[[Any], bool]
    required: bool = True
    since: int = 1


def _text(value: Any, longest: int) -> bool:
    return _is_text(value) and 0 < len(value) <= longest


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and _SURROGATE.search(value) is None


def _whole(value: Any, low: int, high: int) -> bool:
    return type(value) is int and low <= value <= high


def _uuid(value: Any) -> bool:
    try:
        return isinstance(value, str) and str(uuid.UUID(value)) == value
    except ValueError:
        return False


def _time(value: Any) -> bool:
    try:
        return _is_text(value) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _one_of(names: tuple[str, ...] | Mapping[str, Any]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and value in names


def _items(value: Any) -> bool:
    return isinstance(value, list) and 0 < len(value) <= 50 and all(map(_item, value))


def _item(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == {"product", "quantity", "cents"}
        and _PRODUCT(value["product"])
        and _whole(value["quantity"], 1, 99)
        and _whole(value["cents"], 0, _MOST_CENTS)
    )


_PRODUCT = _one_of(BY_ID)
_UUID_WORDS = "a UUID in lower case"

ENVELOPE = (
    Field("version", "1 or 2", lambda value: type(value) is int and value in VERSIONS),
    Field("event_id", f"{_UUID_WORDS}, new for each event", _uuid),
    Field(
        "visitor",
        "8 to 40 letters, digits and dashes, chosen at random",
        lambda value: isinstance(value, str) and _VISITOR.fullmatch(value) is not None,
    ),
    Field("activity", f"one of {', '.join(ACTIVITIES)}", _one_of(ACTIVITIES)),
    Field("client_time", "an ISO 8601 time with its offset from UTC", _time),
    Field("device", f"one of {', '.join(DEVICES)}", _one_of(DEVICES), since=2),
)
"""What every event has."""

DETAILS: Mapping[str, tuple[Field, ...]] = {
    "page_view": (
        Field("page", f"one of {', '.join(PAGES)}", _one_of(PAGES)),
        Field("product", "a product of the catalogue", _PRODUCT, required=False),
        Field("category", f"one of {', '.join(CATEGORIES)}", _one_of(CATEGORIES), required=False),
    ),
    "search": (
        Field("query", "a text of 1 to 100 characters", lambda value: _text(value, 100)),
        Field("results", "a whole number from 0 to 1000", lambda value: _whole(value, 0, 1000)),
    ),
    "basket": (
        Field("action", "add or remove", _one_of(("add", "remove"))),
        Field("product", "a product of the catalogue", _PRODUCT),
        Field("quantity", "a whole number from 1 to 99", lambda value: _whole(value, 1, 99)),
    ),
    "purchase": (
        Field("order", f"{_UUID_WORDS}, new for each order", _uuid),
        Field("items", "a list of 1 to 50 objects of product, quantity and cents", _items),
        Field(
            "total_cents",
            "the sum of quantity times cents over all items",
            lambda value: _whole(value, 0, _MOST_CENTS * 99 * 50),
        ),
    ),
}
"""What an event has beside, by activity."""


def _fields(activity: str, version: int) -> dict[str, Field]:
    return {f.name: f for f in (*ENVELOPE, *DETAILS[activity]) if f.since <= version}


_ALLOWED = {(a, v): _fields(a, v) for a in ACTIVITIES for v in VERSIONS}


def check(event: Any) -> Event:
    """Return the event, which is as the schema says.

    Raises
    ------
    BadEventError
        It is not; the text says what is wrong with which field.
    """
    if not isinstance(event, dict):
        raise BadEventError("an event must be a JSON object")
    for field in ENVELOPE[:5]:
        _check_field(event, field)
    allowed = _ALLOWED[event["activity"], event["version"]]
    for name in event.keys() - allowed.keys():
        raise BadEventError(
            f"{event['activity']} of version {event['version']} has no field {name[:40]!r}"
        )
    for field in allowed.values():
        _check_field(event, field)
    if event["activity"] == "purchase":
        _check_total(event)
    return event


def _check_field(event: Event, field: Field) -> None:
    if field.name not in event:
        if field.required:
            raise BadEventError(f"the field {field.name} is missing")
    elif not field.holds(event[field.name]):
        raise BadEventError(f"{field.name} must be {field.words}")


def _check_total(event: Event) -> None:
    total = sum(item["quantity"] * item["cents"] for item in event["items"])
    if event["total_cents"] != total:
        raise BadEventError("total_cents must be the sum of quantity times cents over all items")


# --- the page that documents it -----------------------------------------------------------------

_INTRODUCTION = """\
# Events of the shop

Written by `python -m demos.shop.schema` from the tables that the collector checks with.

A page sends a beacon: a JSON object, or a list of up to 50, all of one visitor. A bad event refuses
its whole beacon; an answer of 503 says how many events, from the first on, were accepted. The
collector adds `collector_time`, and writes each event as JSON to the topic of its activity, with
the visitor as the key: all that one visitor does of a kind is in one partition, in the order in
which the collector took it.

- A field that is not listed is refused. What the schema does not name cannot be stored by mistake.
- `visitor` is random. No name, address or IP is in an event, and the collector stores none.
  `query` is what somebody typed: treat it as text that can hold anything.
- `client_time` is the visitor's clock, which can be wrong. `collector_time` is the collector's, and
  the record's timestamp, too, unless the shop was started with `record_time="client"`.
- `event_id` shows a duplicate: the same id twice is one event.

## What a new version may do

Versions 1 and 2 are both accepted, since pages of the older one stay open in browsers for days. A
new version may add a field. It never removes, renames or retypes one, and never changes what one
means: a reader of version 1 reads version 2 and ignores `device`, and a reader of version 2 takes a
missing `device` as unknown. Anything else is a new activity, with a topic of its own.
"""


def page() -> str:
    """The schema as Markdown."""
    tables = [("Every event", ENVELOPE), *((f"`{TOPICS[a]}`", DETAILS[a]) for a in ACTIVITIES)]
    return "\n".join([_INTRODUCTION, *(f"{_table(*table)}\n" for table in tables)])


def _table(title: str, fields: tuple[Field, ...]) -> str:
    rows = [
        f"| `{f.name}` | {f.words} | {'yes' if f.required else 'no'} | {f.since} |" for f in fields
    ]
    head = ["| field | must be | required | since version |", "| --- | --- | --- | --- |"]
    return "\n".join([f"## {title}", "", *head, *rows])


if __name__ == "__main__":
    Path(__file__).with_name("events.md").write_text(page(), encoding="utf-8")

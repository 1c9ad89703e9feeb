"""What has happened, in three versions of its form: see events.md."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

SCHEMA = 3
"""The version that is written."""


class UnknownSchemaError(ValueError):
    """An event of a version that this program does not know."""


@dataclass(frozen=True)
class Event:
    """Something that has happened to an account.

    Attributes
    ----------
    account : str
    number : int
        Which event of the account this is; 1 for the first.
    type : str
        "opened", "deposited", "withdrawn" or "reversed".
    command : str
        ID of the command that caused it.
    time : str
        ISO 8601 in UTC.
    cents : int
        What the balance grows by.
    channel : str
    owner : str
        Of "opened": the owner's name, encrypted.
    reverses : int
        Of "reversed": the number of the event that was an error; 0 otherwise.
    """

    account: str
    number: int
    type: str
    command: str
    time: str
    cents: int = 0
    channel: str = "unknown"
    owner: str = ""
    reverses: int = 0

    def to_json(self) -> str:
        """The value of its record, in the newest version."""
        told = asdict(self)
        for name in ("owner", "reverses"):  # only some types have them
            if not told[name]:
                del told[name]
        return json.dumps({"schema": SCHEMA, **told})

    @classmethod
    def from_json(cls, text: str | bytes) -> Event:
        """An event of any version.

        Raises
        ------
        UnknownSchemaError
            A newer program has written it.
        """
        return cls(**as_newest(json.loads(text)))


def _cents(event: Mapping[str, Any]) -> dict[str, Any]:
    """Schema 1 has euros, and says by its type whether they come or go."""
    left = {name: value for name, value in event.items() if name != "amount"}
    cents = round(event.get("amount", 0) * 100)
    return {**left, "cents": -cents if event["type"] == "withdrawn" else cents}


def _channel(event: Mapping[str, Any]) -> dict[str, Any]:
    return {**event, "channel": "unknown"}


UPCASTS: Mapping[int, Callable[[Mapping[str, Any]], dict[str, Any]]] = {1: _cents, 2: _channel}
"""Version → how an event of it becomes one of the next version."""


def as_newest(event: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an event as the newest version has them, without its version.

    Raises
    ------
    UnknownSchemaError
        The version is none of those that are known.
    """
    version = event.get("schema")
    if version not in (*UPCASTS, SCHEMA):
        raise UnknownSchemaError(f"schema {version!r} is unknown: {dict(event)}")
    found = {name: value for name, value in event.items() if name != "schema"}
    for step in range(version, SCHEMA):
        found = UPCASTS[step](found)
    return found

"""What is ordered, and what every program of this demo is told."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

PATIENCE_SECONDS = 30.0
"""How long a program waits for Kafka or a lock before it ends with an error."""

ClientConfig = Mapping[str, str | int | float | bool]
DatabaseConfig = Mapping[str, str | int]
"""What `psycopg.connect` takes."""

Moment = Callable[[str], None]


def passes(moment: str) -> None:
    """What happens at a moment: nothing."""


@dataclass(frozen=True)
class Order:
    """What a customer wants.

    Attributes
    ----------
    id : str
        Made by the customer's app; sent again, the order keeps it.
    item : str
    pieces : int
    """

    id: str
    item: str = "tea"
    pieces: int = 1

    def to_json(self) -> str:
        return json.dumps(asdict(self))

"""One number that was read at one moment, with its name and unit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["gauge", "sum"]


@dataclass(frozen=True)
class Reading:
    """Named as OpenTelemetry's semantic conventions have it.

    Attributes
    ----------
    name : str
        Such as ``system.memory.usage``.
    unit : str
        By UCUM: ``1`` is a ratio, ``By`` bytes, ``s`` seconds; what is counted stands in braces.
    value : float
    attributes : mapping of str to str
        What tells series of one name apart, such as ``{"network.io.direction": "receive"}``.
    kind : str
        gauge, or sum: a count that only grows while its program lives.

    Notes
    -----
    https://opentelemetry.io/docs/specs/semconv/system/system-metrics/
    """

    name: str
    unit: str
    value: float
    attributes: Mapping[str, str] = field(default_factory=dict)
    kind: Kind = "gauge"

    def as_json(self) -> str:
        """The value of a record; host and time are its key and its timestamp."""
        return json.dumps(
            {
                "name": self.name,
                "unit": self.unit,
                "kind": self.kind,
                "value": self.value,
                "attributes": dict(self.attributes),
            }
        )

"""Awkward things that a learner may hand to a check."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from confluent_kafka import Message

from kafkalab import KafkaCluster

STUCK_SECONDS = 120.0


class Raising:
    """Whatever is asked of it, it raises."""

    def _no(self, *_: object) -> Any:
        raise RuntimeError("no")

    __repr__ = __str__ = __len__ = __iter__ = __bool__ = __int__ = __float__ = __index__ = _no
    __eq__ = __lt__ = __gt__ = __getitem__ = __contains__ = __hash__ = _no


class Leaving:
    """It tries to end the program."""

    def _leave(self, *_: object) -> Any:
        raise SystemExit("bye")

    __repr__ = __str__ = __len__ = __iter__ = __bool__ = __int__ = __float__ = _leave
    __eq__ = __hash__ = _leave


@dataclass
class Stuck:
    """Whatever is asked of it, it waits until `release` is set."""

    release: threading.Event = field(default_factory=threading.Event)

    def _wait(self, *_: object) -> Any:
        self.release.wait(STUCK_SECONDS)
        return NotImplemented

    __repr__ = __str__ = __len__ = __iter__ = __bool__ = __int__ = __float__ = _wait
    __eq__ = __hash__ = _wait


class Endless:
    """No iterator, and iterating over it never ends."""

    def __iter__(self) -> Iterator[int]:
        while True:
            yield 1

    def __len__(self) -> int:
        return 3


class Yes:
    """It says that it equals everything."""

    def __eq__(self, _: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


def recursive() -> list[object]:
    """A list that holds itself, often."""
    found: list[object] = []
    found.extend([found] * 50)
    return found


PATIENT: dict[str, Callable[[], object]] = {
    "None": lambda: None,
    "True": lambda: True,
    "an int": lambda: -1,
    "a huge int": lambda: 10**10_000,
    "a float": lambda: 0.5,
    "NaN": lambda: float("nan"),
    "an empty string": lambda: "",
    "a huge string": lambda: "x" * 10_000_000,
    "surrogates and braces": lambda: "\ud800 {0} %s <b>`\x00",
    "bytes": lambda: b"\xff\x00",
    "an empty list": list,
    "a huge list": lambda: [0] * 10_000_000,
    "a list of all kinds": lambda: [None, "1", 2, b"3", [], {}],
    "a huge range": lambda: range(10**18),
    "a recursive list": recursive,
    "a set": lambda: {1, "one"},
    "a dict": lambda: {None: 1, "a": [2], 3: {}},
    "a lambda": lambda: lambda *_: 1,
    "a generator without end": lambda: (number for number in itertools.count()),
    "a class": lambda: Message,
    "a module": lambda: itertools,
    "an object that raises": Raising,
    "an object that leaves": Leaving,
    "an object that equals all": Yes,
    "a DataFrame": lambda: pd.DataFrame({"key": ["a"], "value": [1]}),
    "an array": lambda: np.arange(10),
    "a scalar of numpy": lambda: np.float64("inf"),
    "a stopped cluster": lambda: KafkaCluster(name="awkward"),
}
"""What a check answers at once."""

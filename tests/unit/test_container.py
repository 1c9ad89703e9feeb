"""A container is paused although its processes cannot be frozen at once."""

from __future__ import annotations

import pytest
from docker.errors import APIError

from kafkalab.runtime.container import freeze

BUSY = "Cannot pause container 8f3: OCI runtime pause failed: unable to freeze: unknown"


class Engine:
    """Answers requests to pause, one after the other; None is a yes."""

    def __init__(self, *answers: str | None) -> None:
        self.left = list(answers)

    def pause(self) -> None:
        answer = self.left.pop(0)
        if answer is not None:
            raise APIError(answer)


def test_what_cannot_be_frozen_now_is_asked_again() -> None:
    engine = Engine(BUSY, BUSY, None)
    freeze(engine.pause)
    assert engine.left == []


def test_another_refusal_is_told_at_once() -> None:
    engine = Engine("Container 8f3 is not running", None)
    with pytest.raises(APIError, match="not running"):
        freeze(engine.pause)
    assert engine.left == [None]


def test_asking_ends() -> None:
    engine = Engine(BUSY, BUSY)
    with pytest.raises(APIError, match="unable to freeze"):
        freeze(engine.pause, seconds=0)
    assert engine.left == [BUSY]

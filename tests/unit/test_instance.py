"""A service whose removal fails says so in plain words, and nothing stays open."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from kafkalab.common.deadline import Deadline
from kafkalab.errors import KafkaLabError
from kafkalab.runtime.starting import bring_up
from kafkalab.services import instance
from kafkalab.services.instance import Instance
from kafkalab.services.known import KNOWN
from kafkalab.settings import Settings

AWAY = requests.ConnectionError("Connection refused")


def started(
    monkeypatch: pytest.MonkeyPatch, cache: Path, room: str, error: Exception
) -> tuple[Instance, list[str]]:
    """One that fails to start and to be removed; the list says what happened in its room."""
    events: list[str] = []

    def remove() -> None:
        events.append("remove")
        raise error

    def open_run(*_: object) -> None:
        raise KafkaLabError("It did not start.", fix="look")

    def new_run(*_: object) -> Any:
        return SimpleNamespace(open=open_run, remove=remove)

    monkeypatch.setattr(instance, "Run", new_run)
    place: Any = SimpleNamespace(
        name=room, environment=dict, leave=lambda: events.append("leave"), image=""
    )
    settings = replace(Settings.from_environment({}), cache=cache)
    return Instance(KNOWN["redis"], place, settings, ""), events


def test_a_start_ends_with_its_own_error_where_the_engine_went_away(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    it, events = started(monkeypatch, tmp_path, "docker", AWAY)
    with pytest.raises(KafkaLabError, match="It did not start"):
        bring_up(it, Deadline(10))
    assert events == ["remove", "leave"]
    with pytest.raises(KafkaLabError, match="The Docker engine does not answer") as caught:
        it.remove()
    assert caught.value.tried == "to remove Redis"
    assert events == ["remove", "leave"] * 2, "it is tried again"


def test_a_process_is_removed_without_a_word_about_docker(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    it, events = started(monkeypatch, tmp_path, "process", full)
    monkeypatch.setattr(instance, "plain_words", None)
    with pytest.raises(KafkaLabError, match="It did not start"):
        bring_up(it, Deadline(10))
    with pytest.raises(KafkaLabError) as caught:
        it.remove()
    assert str(tmp_path) in caught.value.what
    assert "Docker" not in str(caught.value)
    assert events == ["remove", "leave"] * 2

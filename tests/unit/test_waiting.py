"""Waiting for a state, with a deadline; and what ■ does not cut short."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from kafkalab import KafkaLabError, wait_until
from kafkalab.common.deadline import check_seconds
from kafkalab.common.interrupts import import_whole


def test_it_returns_once_the_state_is_there() -> None:
    answers = iter([0, [], "yes"])
    wait_until("it says yes", lambda: next(answers))
    assert list(answers) == []


def test_it_says_what_it_waited_for() -> None:
    with pytest.raises(KafkaLabError, match=r"Waited 0\.2 seconds until the sink pauses") as caught:
        wait_until("the sink pauses", lambda: False, timeout=0.2)
    assert "timeout=0.6" in caught.value.fix


def test_an_import_is_not_cut_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """■ in the middle of it takes effect once the module is whole."""
    source = "import signal\nsignal.raise_signal(signal.SIGINT)\nwhole = True\n"
    (tmp_path / "pressed_meanwhile.py").write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        import_whole("pressed_meanwhile")
    assert sys.modules.pop("pressed_meanwhile").whole


@pytest.mark.parametrize("seconds", [0, -1, True, None, "soon", float("nan"), float("inf"), []])
def test_what_is_no_number_of_seconds_is_refused(seconds: object) -> None:
    with pytest.raises(KafkaLabError, match=r"timeout=.* is not a number of seconds") as caught:
        check_seconds("timeout", seconds, fix="start(timeout=60)")
    assert caught.value.fix == "start(timeout=60)"


def test_a_number_of_seconds_is_returned() -> None:
    assert check_seconds("timeout", 0.5) == 0.5

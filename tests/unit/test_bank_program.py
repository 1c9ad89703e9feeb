"""The bank's program where the bank cannot start; no broker is needed for that."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from demos.bank.account import Command
from demos.bank.program import BankProgram

HIDDEN = "only-for-the-bank"
CONFIG = {"sasl.password": HIDDEN, "no.such.setting": "1"}


def test_a_bank_that_cannot_start_is_told_and_shows_no_password(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    started: list[list[str]] = []
    honest = subprocess.Popen

    def popen(words: list[str], **more: Any) -> subprocess.Popen[str]:
        started.append(words)
        return honest(words, **more)

    monkeypatch.setattr(subprocess, "Popen", popen)
    with BankProgram(CONFIG, "bank.events") as bank:
        with pytest.raises(RuntimeError, match="died twice"):
            bank.send(Command("c1", "open", "DE-1", "2025-03-01T12:00:00+00:00"))
        with pytest.raises(RuntimeError, match="died twice"):
            bank.take_snapshot()
    assert bank.deaths == 4
    assert len(started) == 4
    assert HIDDEN not in str(started)
    assert "no.such.setting" in capfd.readouterr().err

"""What a check finds: how serious it is, what was seen, and the line that fixes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from kafkalab.settings import Settings

GIB = 2**30


MIB = 2**20


class Severity(StrEnum):
    """How much a finding matters."""

    OK = "ok"
    NOTE = "note"
    """Worth knowing; notebooks run."""
    WARNING = "warning"
    """Some notebooks may fail or be slow."""
    STOP = "stop"
    """Notebooks cannot run."""


@dataclass(frozen=True)
class Finding:
    """What one check saw.

    Attributes
    ----------
    id : str
        Stays the same from version to version, for scripts.
    severity : Severity
    seen : str
        What was found, in a plain sentence.
    fix : str
        The line that fixes it; empty where there is nothing to fix.
    """

    id: str
    severity: Severity
    seen: str
    fix: str = ""


@dataclass(frozen=True)
class Check:
    """A look at one thing, bounded in time.

    Attributes
    ----------
    id : str
    seconds : float
        How long it may take before the doctor goes on without it.
    look : callable
        Settings → findings.
    """

    id: str
    seconds: float
    look: Callable[[Settings], Iterable[Finding]]

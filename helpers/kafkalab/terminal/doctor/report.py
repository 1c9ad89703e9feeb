"""What is wrong with this machine, and the line that fixes it.

Every check runs in a thread of its own with a deadline and never raises: a doctor that fails
helps nobody. Nothing is started, fetched or changed.
"""

from __future__ import annotations

import os
import textwrap
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict

from kafkalab.errors import KafkaLabError
from kafkalab.settings import Settings
from kafkalab.terminal.doctor.backends import (
    check_backend,
    check_docker,
    check_existing,
    check_exporter,
    check_processes,
)
from kafkalab.terminal.doctor.environment import check_packages, check_platform, check_python
from kafkalab.terminal.doctor.finding import Check, Finding, Severity
from kafkalab.terminal.doctor.machine import (
    check_cache,
    check_disk,
    check_files,
    check_leftovers,
    check_memory,
    check_ports,
)
from kafkalab.terminal.doctor.services import check_services

_WIDTH = 96


def examine(checks: Sequence[Check] | None = None) -> list[Finding]:
    """Run all checks side by side and return what they found, in their order."""
    try:
        settings = Settings.from_environment()
        findings = [Finding("settings", Severity.OK, _settings_seen(settings))]
    except KafkaLabError as error:
        settings = Settings.from_environment({})
        findings = [Finding("settings", Severity.STOP, error.what, error.fix)]
    runs = [_Run(check, settings) for check in (CHECKS if checks is None else checks)]
    for run in runs:
        findings.extend(run.findings())
    return findings


class _Run:
    """A check that runs in a thread."""

    def __init__(self, check: Check, settings: Settings) -> None:
        self._check, self._settings = check, settings
        self._found: list[Finding] = []
        self._end = time.monotonic() + check.seconds
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        try:
            found = list(self._check.look(self._settings))
        except KafkaLabError as error:
            found = [Finding(self._check.id, Severity.WARNING, error.what, error.fix)]
        except Exception as error:
            seen = f"This check itself failed: {type(error).__name__}: {error}"
            found = [Finding(self._check.id, Severity.WARNING, seen, "report it with this line")]
        self._found = found

    def findings(self) -> list[Finding]:
        self._thread.join(max(0.0, self._end - time.monotonic()))
        if self._thread.is_alive():
            seen = f"There was no answer within {self._check.seconds:g} seconds."
            fix = "run kafkalab doctor again when the machine is less busy"
            return [Finding(self._check.id, Severity.WARNING, seen, fix)]
        return self._found


def stops(findings: Iterable[Finding]) -> bool:
    """True where something would stop a notebook."""
    return any(finding.severity is Severity.STOP for finding in findings)


def as_data(findings: Sequence[Finding]) -> dict[str, object]:
    """The same as plain data, for JSON."""
    return {"ok": not stops(findings), "findings": [asdict(finding) for finding in findings]}


def as_text(findings: Sequence[Finding]) -> str:
    """One finding a paragraph, then the sum of them."""
    width = max(len(finding.id) for finding in findings)
    margin = " " * (2 + 9 + width + 2)
    lines = []
    for finding in findings:
        head = f"  {finding.severity:<9}{finding.id:<{width}}  "
        seen = textwrap.wrap(finding.seen, max(40, _WIDTH - len(margin))) or [""]
        lines.append(head + seen[0])
        lines.extend(margin + line for line in seen[1:])
        if finding.fix:
            lines.append(f"{margin}to fix it: {finding.fix}")
    return "\n".join([*lines, "", _sum(findings)])


def _sum(findings: Sequence[Finding]) -> str:
    def count(severity: Severity, one: str) -> str:
        number = sum(finding.severity is severity for finding in findings)
        return f"{number} {one}{'' if number == 1 else 's'}"

    if stops(findings):
        return f"{count(Severity.STOP, 'thing')} must be fixed before notebooks run."
    return f"Notebooks can run here ({count(Severity.WARNING, 'warning')})."


def _settings_seen(settings: Settings) -> str:
    given = [name for name in sorted(os.environ) if name.startswith("KAFKALAB_")]
    return f"backend {settings.backend}" + (f"; set: {', '.join(given)}" if given else "")


CHECKS: tuple[Check, ...] = (
    Check("python", 5, check_python),
    Check("platform", 5, check_platform),
    Check("packages", 20, check_packages),
    Check("backend", 30, check_backend),
    Check("docker", 30, check_docker),
    Check("existing", 20, check_existing),
    Check("java", 60, check_processes),
    Check("jmx-exporter", 10, check_exporter),
    Check("services", 45, check_services),
    Check("cache", 10, check_cache),
    Check("disk", 10, check_disk),
    Check("memory", 10, check_memory),
    Check("open-files", 10, check_files),
    Check("ports", 20, check_ports),
    Check("leftovers", 30, check_leftovers),
)

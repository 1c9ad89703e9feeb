"""Class archives (CDS, AOT) and the format template: what makes a second start fast."""

from __future__ import annotations

from pathlib import Path

from kafkalab.distribution import Distribution


def jvm_options(cache: Path, distribution: Distribution, purpose: str) -> list[str]:
    """Options that use an intact archive for `purpose` (`server` or a tool's script), or none."""
    return []


def request(cache: Path, distribution: Distribution) -> None:
    """Have missing archives made in the background; returns at once."""


def format_template(cache: Path, distribution: Distribution) -> bytes | None:
    """The `bootstrap.checkpoint` that formatting writes for this Kafka, or None."""
    return None


def keep_format_template(cache: Path, distribution: Distribution, checkpoint: bytes) -> None:
    """Keep what formatting wrote as the template of later clusters."""

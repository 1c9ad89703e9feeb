"""Files between a notebook and its programs."""

from __future__ import annotations

from pathlib import Path


def write_private(file: Path, text: str) -> None:
    """Keep it for a program, readable by its user only: there can be a password."""
    file.touch(mode=0o600)
    file.write_text(text, encoding="utf-8")

"""What the official release has, written down with its source."""

from __future__ import annotations

from pathlib import Path

SCRIPTS = [
    line
    for line in Path(__file__).with_name("kafka-4.3.1-bin.txt").read_text("utf-8").splitlines()
    if not line.startswith("#")
]
"""The names in `bin/`."""

"""Exercises of one notebook stay together where they run side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Group them for `--dist loadgroup`: by notebook, and by the backend of their cluster."""
    for item in items:
        parameters: dict[str, Any] = getattr(getattr(item, "callspec", None), "params", {})
        if HERE in item.path.parents and "exercise" in parameters:
            backend = parameters.get("room", ("none",))[0]
            number = parameters["exercise"].number[:2]
            item.add_marker(pytest.mark.xdist_group(f"{backend}-{number}"))

"""Which tests stay together where `make test` runs them side by side, and which go first.

A pytest plugin, for `--dist loadgroup`: tests that share a cluster or a kernel are a group, and a
group is one worker's. What takes longest begins first, or the others would wait for it at the end.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]

LONGEST = (
    "integration.test_cli docker",
    "integration.test_services",
    "exercises 08 process",
    "notebook 08",
    "notebook 2",
    "integration.test_cluster docker",
    "integration.test_console",
    "notebook 10",
    "notebook 22",
    "notebook 24",
    "notebook 26",
    "notebooks.test_room",
    "integration.test_cli",
    "integration.test_guardian docker",
    "integration.test_connect docker",
    "integration.test_jmx_exporter",
    "integration.test_prometheus",
    "integration.test_archives",
    "notebooks.test_nbval_catches",
    "integration.test_docker_backend",
    "integration.test_connect",
    "integration.test_cluster",
    "integration.test_existing",
    "notebook 0",
    "notebook 1",
    "exercises 2",
    "exercises 0",
    "exercises 1",
)
"""Groups by the beginnings of their names, the longest first: see `pytest --durations=0`."""


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None, None, None]:
    """Mark each test with its group, which xdist reads; then put the longest groups first."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(group_of(item)))
    yield
    items.sort(key=lambda item: place_of(group_of(item)))


def group_of(item: pytest.Item) -> str:
    """The name of a test's group.

    A notebook's cells share a kernel, an exercise's tests a cluster with those of its notebook, a
    module's tests what its fixtures made, on each backend.
    """
    parameters: dict[str, Any] = getattr(getattr(item, "callspec", None), "params", {})
    if item.path.suffix == ".ipynb":
        backend = getattr(item.parent, "backend", "")
        return f"notebook {item.path.stem} {backend}".rstrip()
    if "exercise" in parameters:
        backend, _ = parameters.get("room", ("none", 0))
        return f"exercises {parameters['exercise'].number[:2]} {backend}"
    module = ".".join(item.path.relative_to(ROOT / "tests").with_suffix("").parts)
    return " ".join(filter(None, (module, parameters.get("backend"))))


def place_of(group: str) -> int:
    """Where a group stands in the queue."""
    places = (place for place, name in enumerate(LONGEST) if group.startswith(name))
    return next(places, len(LONGEST))

"""A kernel under test behaves as a kernel of JupyterLab."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager


@contextmanager
def as_in_jupyterlab(**environment: str) -> Iterator[None]:
    """Hide pytest from kernels that are started meanwhile, and give them these variables.

    ipykernel does not capture what C libraries write where it sees PYTEST_CURRENT_TEST, so
    outputs would differ from those that a learner sees.
    """
    hidden = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("PYTEST_")}
    replaced = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.update(hidden)
        for name, value in replaced.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def client_of(manager: KernelManager, seconds: float) -> BlockingKernelClient:
    """A client of a kernel that was started, once it answers; its channels are open."""
    client = manager.client()
    assert isinstance(client, BlockingKernelClient)
    client.start_channels()
    client.wait_for_ready(timeout=seconds)
    return client

"""A kernel of Jupyter in a learner's lab is known as one, and so is the cell that it runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager
from tests import learner
from tests.learner import QUESTION
from tests.notebooks.kernel import as_in_jupyterlab, client_of

from kafkalab.learn.record import store

SECONDS = 60


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    return learner.checkout(tmp_path / "내 Kafka lab")


@pytest.fixture
def kernel(lab: Path) -> Iterator[BlockingKernelClient]:
    manager = KernelManager(kernel_name="python3")
    with as_in_jupyterlab():
        manager.start_kernel(cwd=str(lab / "quickstart"))
    client = client_of(manager, SECONDS)
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def run(kernel: BlockingKernelClient, code: str, cell: str) -> None:
    """Run a cell as JupyterLab asks for it: its id is in the request's metadata."""
    content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
    request = kernel.session.msg("execute_request", content, metadata={"cellId": cell})
    kernel.shell_channel.send(request)
    while True:
        reply = kernel.get_shell_msg(timeout=SECONDS)
        if reply["parent_header"].get("msg_id") == request["header"]["msg_id"]:
            break
    assert reply["content"]["status"] == "ok", reply["content"]


def test_a_prediction_is_recorded_under_the_cell_that_asks(
    lab: Path, kernel: BlockingKernelClient
) -> None:
    run(kernel, 'from kafkalab import predict\nguess = predict("3")', "03-run")
    assert store.read(lab).record.predictions == {}
    run(kernel, 'guess = predict("3")\nguess', QUESTION)
    run(kernel, "guess.compare(3)", "03-run")
    kept = store.read(lab).record.predictions
    assert {cell: (guess.answer, guess.outcome) for cell, guess in kept.items()} == {
        QUESTION: ("3", "as predicted")
    }

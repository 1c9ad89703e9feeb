"""What JupyterLab does to a kernel that holds a cluster."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from kafkalab.backends.choice import BackendName
from kafkalab.settings import Settings
from tests import life
from tests.notebooks.kernel import as_in_jupyterlab, client_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
SECONDS = 120


@pytest.fixture
def settings(backend: BackendName, tmp_path: Path) -> Settings:
    return replace(life.lab_settings(tmp_path / "cache"), backend=backend)


@pytest.fixture
def manager(settings: Settings) -> Iterator[KernelManager]:
    kernel = KernelManager(kernel_name="python3")
    with as_in_jupyterlab():
        kernel.start_kernel(env=life.environment(settings))
    yield kernel
    if kernel.is_alive():
        kernel.shutdown_kernel(now=True)


def client(manager: KernelManager) -> BlockingKernelClient:
    return client_of(manager, SECONDS)


def run(kernel: BlockingKernelClient, code: str) -> str:
    """The cell's printed text, or what it raised."""
    parts: list[str] = []

    def collect(message: dict[str, dict[str, object]]) -> None:
        content = message["content"]
        if "text" in content:
            parts.append(str(content["text"]))
        elif "ename" in content:
            parts.append(f"raised {content['ename']}")

    kernel.execute_interactive(code, timeout=SECONDS, output_hook=collect, allow_stdin=False)
    return "".join(parts)


def wait_for(kernel: BlockingKernelClient, kind: str) -> dict[str, Any]:
    """The content of the next message of this kind."""
    while True:
        message = kernel.get_iopub_msg(timeout=SECONDS)
        if message["msg_type"] == kind:
            content: dict[str, Any] = message["content"]
            return content


START = "from kafkalab import KafkaCluster\ncluster = KafkaCluster().start(timeout=120)\n"
STATES = "print([broker.state for broker in cluster.brokers])"


def test_stop_button_restart_and_shutdown(manager: KernelManager, settings: Settings) -> None:
    kernel = client(manager)
    assert run(kernel, START + STATES) == "['running']\n"
    kernel.execute("import time\nprint('at work')\nfor _ in range(600): time.sleep(0.1)")
    wait_for(kernel, "stream")
    manager.interrupt_kernel()
    assert wait_for(kernel, "error")["ename"] == "KeyboardInterrupt"
    wait_for(kernel, "status")
    assert run(kernel, STATES) == "['running']\n", "■ reached a broker"
    kernel.stop_channels()

    manager.restart_kernel(now=False)
    assert life.nothing_left(settings) == [], "a restart left something"

    kernel = client(manager)
    assert run(kernel, START + STATES) == "['running']\n"
    kernel.stop_channels()
    manager.shutdown_kernel(now=False)
    assert life.nothing_left(settings) == [], "a shutdown left something"


def test_an_error_that_is_foreseen_has_no_frames(manager: KernelManager) -> None:
    kernel = client(manager)
    kernel.execute("from kafkalab import KafkaCluster\nKafkaCluster(brokers=2)")
    text = "\n".join(wait_for(kernel, "error")["traceback"])
    kernel.stop_channels()
    assert text.startswith("KafkaLabError: brokers=2 is not possible")
    assert "cluster.py" not in text


def test_nothing_of_librdkafka_spills_into_a_notebook(manager: KernelManager) -> None:
    """A broker that is killed makes clients complain on file descriptor 2."""
    kernel = client(manager)
    run(kernel, START)
    said = run(
        kernel,
        "from confluent_kafka import Producer\n"
        "producer = Producer(cluster.client_config)\n"
        "producer.produce('events', b'x'); producer.flush(20)\n"
        "cluster.kill_broker(1)\n"
        "for _ in range(20): producer.poll(0.1)\n"
        "cluster.stop()\n",
    )
    kernel.stop_channels()
    assert said == ""

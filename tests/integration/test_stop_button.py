"""■ ends a client's `poll` and `flush` at once, whatever their timeout."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from kafkalab.backends.choice import BackendName
from tests import life
from tests.notebooks.kernel import as_in_jupyterlab, client_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")

SECONDS = 120
AT_ONCE = 20.0

SETUP = """
from confluent_kafka import Consumer, Producer
from kafkalab import KafkaCluster

cluster = KafkaCluster(backend={backend!r}).start(timeout=120)
producer = Producer(cluster.client_config)
producer.produce("events", b"before")
assert producer.flush(30) == 0
consumer = Consumer({{**cluster.client_config, "group.id": "g", "auto.offset.reset": "earliest"}})
consumer.subscribe(["events"])
assert consumer.poll(30) is not None
cluster.pause_broker(1)
producer.produce("events", b"while the broker is paused")
"""


@pytest.fixture
def kernel(
    backend: BackendName, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[KernelManager, BlockingKernelClient]]:
    """A kernel that holds a broker, which is paused, a producer that has a record, a consumer."""
    settings = life.lab_settings(tmp_path_factory.mktemp("home") / "cache")
    manager = KernelManager(kernel_name="python3")
    with as_in_jupyterlab():
        manager.start_kernel(env=life.environment(settings))
    try:
        client = client_of(manager, SECONDS)
        reply = client.execute_interactive(SETUP.format(backend=backend), timeout=SECONDS)
        assert reply["content"]["status"] == "ok", reply["content"]
        yield manager, client
        client.stop_channels()
    finally:
        manager.shutdown_kernel(now=True)  # its guardian removes the broker
    assert life.nothing_left(settings) == []


def test_a_blocking_call_ends_at_once(kernel: tuple[KernelManager, BlockingKernelClient]) -> None:
    manager, client = kernel
    for call in ("producer.flush(90)", "consumer.poll(90)"):
        message = client.execute(f"print('calls', flush=True)\n{call}")
        wait_for_print(client, message)
        manager.interrupt_kernel()
        pressed = time.monotonic()
        content = client.get_shell_msg(timeout=SECONDS)["content"]
        took = time.monotonic() - pressed
        assert content["status"] == "error", f"{call} ended by itself: {content}"
        assert content["ename"] == "KeyboardInterrupt"
        assert took < AT_ONCE, f"{call} ended {took:.1f} s after ■"


def wait_for_print(client: BlockingKernelClient, message: str) -> None:
    while True:
        seen: dict[str, Any] = client.get_iopub_msg(timeout=SECONDS)
        if seen["msg_type"] == "stream" and seen["parent_header"].get("msg_id") == message:
            return

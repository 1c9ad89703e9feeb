"""■ ends a blocking call of the client at once, so notebooks wait in one call, not in steps."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable

import pytest
from confluent_kafka import Consumer, Producer

AFTER = 0.5  # seconds
CALL = 60.0
AT_ONCE = 15.0
"""Far less than the call would take, on a machine that has much else to do."""

NOBODY = {"bootstrap.servers": "127.0.0.1:1", "log_level": 0}

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGINT cannot be sent there")


def took_until_interrupted(call: Callable[[], object]) -> float:
    press = threading.Timer(AFTER, os.kill, (os.getpid(), signal.SIGINT))

    def pressed() -> None:
        press.start()
        call()

    started = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            pressed()
    finally:
        press.cancel()
    return time.monotonic() - started


def test_a_poll_ends() -> None:
    with Consumer({**NOBODY, "group.id": "blocking-calls"}) as consumer:
        consumer.subscribe(["blocking-calls"])
        assert took_until_interrupted(lambda: consumer.poll(CALL)) < AT_ONCE


def test_a_flush_ends() -> None:
    producer = Producer(NOBODY)
    producer.produce("blocking-calls", value="never sent")
    try:
        assert took_until_interrupted(lambda: producer.flush(CALL)) < AT_ONCE
    finally:
        producer.purge()
        producer.flush(AT_ONCE)

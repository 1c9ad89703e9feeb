"""A program that owns a cluster, for the tests that kill or interrupt it.

`python -m tests.owner hold | fork | interrupted | work | connected FOLDER`;
it prints a line at each step.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import NoReturn

from confluent_kafka import Producer

from kafkalab import KafkaCluster
from kafkalab.settings import Settings
from tests import life


def say(text: str) -> None:
    print(text, flush=True)


def hold() -> None:
    """Start a cluster and keep it until somebody ends this process."""
    say("go")
    cluster = KafkaCluster().start(timeout=120)
    say(f"ready {cluster.bootstrap_servers}")
    while True:
        time.sleep(60)


def fork() -> None:
    """Leave a child behind that holds everything which a fork hands on; then keep the cluster."""
    cluster = KafkaCluster().start(timeout=120)
    child = os.fork()
    if child == 0:
        os.setsid()
        os.closerange(0, 3)
        time.sleep(120)
        os._exit(0)
    say(f"child {child}")
    sys.stdin.readline()
    start = time.monotonic()
    cluster.stop()
    say(f"stopped {time.monotonic() - start:.1f}")
    os.kill(child, 9)


def interrupted() -> None:
    """Say what is left when ■ has ended a start, while this process still lives."""
    # the test presses again where it reads "ready" after its first press
    heed_the_first_press_alone()
    cluster = KafkaCluster()
    say("go")
    try:
        cluster.start(timeout=120)
        say("ready")
        while True:
            time.sleep(60)
    except KeyboardInterrupt:
        if "running" in repr(cluster):
            cluster.stop()
    say(f"left {life.traces(Settings.from_environment())}")


def heed_the_first_press_alone() -> None:
    def heed(*_: object) -> NoReturn:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, heed)


def work() -> None:
    """Write until ■ is pressed; then the broker must still be there and take a record."""
    with KafkaCluster() as cluster:
        pid = [line for line in life.traces(Settings.from_environment()) if "java" in line]
        producer = Producer({**cluster.client_config, "acks": "all"})
        try:
            say("ready")  # inside: the test presses as soon as it has read it
            while True:
                producer.produce("work", b"x")
                producer.flush(1)
        except KeyboardInterrupt:
            say("interrupted")
        producer.produce("work", b"last")
        left = producer.flush(20)
        after = [line for line in life.traces(Settings.from_environment()) if "java" in line]
        say(f"unwritten {left} same {pid == after} states {[b.state for b in cluster.brokers]}")
    say(f"left {life.traces(Settings.from_environment())}")


def connected() -> None:
    """Keep a cluster with a Connect worker; ■ ends neither."""
    cluster = KafkaCluster().start(timeout=120)
    say("go")
    worker = cluster.connect(folder=sys.argv[2], timeout=120)
    while True:
        try:
            say("ready")
            while True:
                time.sleep(60)
        except KeyboardInterrupt:
            say(f"runs {worker.running} {worker.url}")


if __name__ == "__main__":
    steps = {
        "hold": hold,
        "fork": fork,
        "interrupted": interrupted,
        "work": work,
        "connected": connected,
    }
    steps[sys.argv[1]]()

"""A program that owns a cluster or a service, for the tests that kill or interrupt it.

`python -m tests.owner hold | fork | interrupted | work | connected FOLDER | serve SERVICE |
interrupted-service SERVICE | hosts | workers`; SERVICE may be
`shop SERVERS`, the addresses of brokers;
it prints a line at each step.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import Any, NoReturn

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from demos.metrics.hosts import Hosts
from demos.shop import Shop
from demos.streams.workers import Workers
from kafkalab import KafkaCluster, services
from kafkalab.backends.own import OwnBackend
from kafkalab.settings import Settings
from tests import life


def say(text: str) -> None:
    print(text, flush=True)


def hold() -> None:
    """Start a cluster and keep it until somebody ends this process."""
    say("go")
    cluster = KafkaCluster().start(timeout=120)
    (cluster.folder("files") / "notes.txt").write_text("what the learner keeps beside it")
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
    backend = cluster._live
    assert isinstance(backend, OwnBackend)
    guardian = backend._opened._guardian
    assert guardian is not None
    cluster.stop()
    say(f"stopped, the guardian returned {guardian._process.returncode}")
    os.kill(child, 9)


def serve() -> None:
    """Start a service and keep it until somebody ends this process."""
    say("go")
    service = chosen_service().start(timeout=120)
    say(f"ready {service.address}")
    while True:
        time.sleep(60)


def chosen_service() -> services.Service:
    if sys.argv[2] == "shop":
        return Shop({"bootstrap.servers": sys.argv[3]})
    kinds: dict[str, type[services.Service]] = {
        kind.description.name: kind
        for kind in (
            *(services.Flink, services.HDFS, services.PostgreSQL, services.Prometheus),
            *(services.RabbitMQ, services.Redis),
        )
    }
    return kinds[sys.argv[2]]()


def workers() -> None:
    """Start a cluster and two workers that read a topic of it."""
    say("go")
    cluster = KafkaCluster().start(timeout=120)
    admin = AdminClient(cluster.client_config)
    for future in admin.create_topics([NewTopic(name, 2, 1) for name in ("in", "out")]).values():
        future.result(timeout=30)
    running = Workers(cluster, copy, "copiers", "in", "out").start(timeout=120)
    say(f"ready {running.alive()}")
    while True:
        time.sleep(60)


def copy(app: Any, reads: str, writes: str) -> None:
    app.dataframe(app.topic(reads)).to_topic(app.topic(writes))


def hosts() -> None:
    """Start a cluster and agents that write to it, one with a program beside it."""
    say("go")
    cluster = KafkaCluster().start(timeout=120)
    admin = AdminClient(cluster.client_config)
    admin.create_topics([NewTopic("metrics", 1, 1)])["metrics"].result(timeout=30)
    running = Hosts(cluster, lag_of="central").start(timeout=120)
    running.burn("host-b", seconds=120)
    say(f"ready {sorted(running.targets)}")
    while True:
        time.sleep(60)


def interrupted() -> None:
    """Say what is left when ■ has ended a start, while this process still lives."""
    say_what_is_left(KafkaCluster())


def interrupted_service() -> None:
    """The same of a service."""
    say_what_is_left(chosen_service())


def say_what_is_left(started: KafkaCluster | services.Service) -> None:
    # the test presses again where it reads "ready" after its first press
    heed_the_first_press_alone()
    try:
        say("go")
        started.start(timeout=120)
        heed_the_first_press_alone()  # also where a finalizer has met the first one
        say("ready")
        while True:
            time.sleep(60)
    except KeyboardInterrupt:
        if started.is_running:
            started.stop()
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
        "serve": serve,
        "hosts": hosts,
        "workers": workers,
        "interrupted-service": interrupted_service,
    }
    steps[sys.argv[1]]()

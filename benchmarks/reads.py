"""A whole topic read by `read_topic` and by a bare loop: `python -m benchmarks.reads ROUNDS`.

Both read the same million records and take turns, each time in a process of its own, so that the
peak of one's memory is its own. Prints JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any

import psutil
from confluent_kafka import Consumer, Producer, TopicPartition

from kafkalab import KafkaCluster, read_topic
from kafkalab.queries.topics import Address

COUNT = 1_000_000
BYTES = 100
TOPIC = "measured"
BATCH = 10_000
LIMIT_SECONDS = 300
WAYS = ("bare", "ours")


def main(rounds: int) -> None:
    """Fill a topic, read it by turns, and print what each reading took."""
    with KafkaCluster(backend="process", name="bench-reads") as cluster:
        cluster.console(f"kafka-topics.sh --create --topic {TOPIC} --partitions 1", quiet=True)
        _fill(cluster)
        results: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
        for _ in range(rounds):
            for way, found in results.items():
                found.append(_in_a_process_of_its_own(way, cluster.bootstrap_servers))
    print(json.dumps(results))


def _fill(cluster: KafkaCluster) -> None:
    settings = {"queue.buffering.max.messages": COUNT + 1, "linger.ms": 50}
    with Producer({**cluster.client_config, **settings}) as producer:
        for number in range(COUNT):
            producer.produce(TOPIC, f"{number:0{BYTES}}")
        assert producer.flush(LIMIT_SECONDS) == 0


def _in_a_process_of_its_own(way: str, address: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.reads", way, address],
        stdout=subprocess.PIPE,
        text=True,
        timeout=LIMIT_SECONDS,
        check=True,
    )
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def bare(address: str) -> dict[str, float]:
    """The plain way to have the same fields: a loop over `consume`, and six lists."""
    before = time.perf_counter()
    columns: tuple[list[Any], ...] = ([], [], [], [], [], [])
    partitions, offsets, timestamps, keys, values, headers = columns
    with Consumer({"bootstrap.servers": address, "group.id": "bare"}) as consumer:
        consumer.assign([TopicPartition(TOPIC, 0, 0)])
        while len(values) < COUNT:
            for message in consumer.consume(BATCH, 1):
                if message.error() is None:
                    partitions.append(message.partition())
                    offsets.append(message.offset())
                    timestamps.append(message.timestamp())
                    keys.append(message.key())
                    values.append(message.value())
                    headers.append(message.headers())
    return {"seconds": time.perf_counter() - before}


def ours(address: str) -> dict[str, float]:
    """`read_topic`, the size of its frame, and by how much memory grew to its peak meanwhile."""
    import kafkalab.queries.record_table  # noqa: F401  # loaded before, as in a notebook that reads twice

    memory = psutil.Process().memory_info().rss
    before = time.perf_counter()
    frame = read_topic(Address({"bootstrap.servers": address}), TOPIC, timeout=LIMIT_SECONDS)
    seconds = time.perf_counter() - before
    assert len(frame) == COUNT
    return {
        "seconds": seconds,
        "frame": float(frame.memory_usage(deep=True).sum()),
        "peak": float(_peak() - memory),
    }


def _peak() -> int:
    """The most memory that this process has held, in bytes."""
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


if __name__ == "__main__":
    first, *rest = sys.argv[1:]
    if rest:
        print(json.dumps({"bare": bare, "ours": ours}[first](*rest)))
    else:
        main(int(first))

"""The two programs of notebook 04: they end cleanly, and say in plain words what is wrong."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer

from kafkalab import KafkaCluster
from kafkalab.common.deadline import Deadline
from tests.notebooks.structure import NOTEBOOKS

FOLDER = NOTEBOOKS / "quickstart"
TOPIC = "chat"
NOBODY = "127.0.0.1:1"
BOUND = 60.0


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with KafkaCluster(backend="process", name="programs") as cluster:
        cluster.console(f"kafka-topics.sh --create --topic {TOPIC}", quiet=True)
        yield cluster.bootstrap_servers


@contextmanager
def running(program: str, address: str, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    with (tmp_path / "stderr").open("w") as complaints:
        process = subprocess.Popen(
            [sys.executable, "-u", FOLDER / program, address, TOPIC],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
        )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def complaints(tmp_path: Path) -> str:
    return (tmp_path / "stderr").read_text()


def end_by_ctrl_c(process: subprocess.Popen[str]) -> str:
    process.send_signal(signal.SIGINT)
    output = process.communicate(timeout=BOUND)[0]
    assert process.returncode == 0
    return output


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT cannot be sent to one process there")
def test_both_end_cleanly(address: str, tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    with (
        running("producer.py", address, tmp_path / "p") as producer,
        running("consumer.py", address, tmp_path) as consumer,
    ):
        assert producer.stdin is not None
        assert producer.stdout is not None
        assert consumer.stdout is not None
        producer.stdin.write("hello\n")
        producer.stdin.flush()
        assert producer.stdout.readline() == "written at offset 0\n"
        assert consumer.stdout.readline() == "hello\n"
        assert "ended by Ctrl-C" in end_by_ctrl_c(producer)
        assert "ended by Ctrl-C" in end_by_ctrl_c(consumer)
    assert complaints(tmp_path) == complaints(tmp_path / "p") == ""


STATIC = """
import runpy, sys
import confluent_kafka

class Static(confluent_kafka.Consumer):
    def __init__(self, settings):
        super().__init__({**settings, "group.instance.id": "one"})

confluent_kafka.Consumer = Static
runpy.run_path(sys.argv.pop(1), run_name="__main__")
"""


def test_consumer_ends_where_it_cannot_go_on(address: str) -> None:
    """A real fatal error: two consumers that say they are the same one of a group."""
    topic = "fatal"
    program = [sys.executable, "-u", "-c", STATIC, str(FOLDER / "consumer.py"), address, topic]
    with Producer({"bootstrap.servers": address}) as producer:
        producer.produce(topic, b"hello")
    process = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    same = {"bootstrap.servers": address, "group.id": "terminal", "group.instance.id": "one"}
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "hello\n"
        with Consumer(same) as other:
            other.subscribe([topic])
            ended = Deadline(BOUND).wait_for(
                lambda: (other.poll(0.2), process.poll())[1] is not None
            )
            assert ended
        said = process.communicate(timeout=BOUND)[1]
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 1
    assert "trouble: " in said
    assert "this consumer cannot go on" in said


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT cannot be sent to one process there")
@pytest.mark.parametrize("program", ["consumer.py", "producer.py"])
def test_they_say_who_does_not_answer(program: str, tmp_path: Path) -> None:
    with running(program, NOBODY, tmp_path) as process:
        if process.stdin is not None and program == "producer.py":
            process.stdin.write("hello\n")
            process.stdin.flush()
        told = Deadline(BOUND).wait_for(lambda: NOBODY in complaints(tmp_path))
        assert told
    assert all(line.startswith("trouble: ") for line in complaints(tmp_path).splitlines())

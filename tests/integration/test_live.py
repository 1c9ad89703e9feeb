"""Outputs that move while other cells run, on real clusters and in a real kernel."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import nbformat
import pytest
from confluent_kafka.admin import AdminClient
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from kafkalab import KafkaCluster, KafkaLabError, show
from kafkalab.common.deadline import Deadline
from kafkalab.show.facts.log import BUSY, OFTEN, ONE_LOOK, Patience, TopicLog, collect_log
from tests.integration.test_timeline import new_topic, write
from tests.notebooks.canonical import same
from tests.notebooks.kernel import as_in_jupyterlab

pytestmark = pytest.mark.beside_kafka

ROOT = Path(__file__).resolve().parents[2]
_NBVAL = (
    sys.executable, "-m", "pytest", "-q", "-p", "tests.notebooks.nbval_shim", "--nbval"
)  # fmt: skip

CELLS = [
    "from kafkalab import KafkaCluster, show\n"
    "from kafkalab.common.deadline import Deadline\n"
    "from confluent_kafka import Producer\n"
    "from confluent_kafka.admin import AdminClient, NewTopic\n"
    "cluster = KafkaCluster().start(timeout=110)\n"
    "admin = AdminClient(cluster.client_config)\n"
    "_ = admin.create_topics([NewTopic('orders', 1)])['orders'].result(30)",
    "view = show.live(cluster, 'orders', group='billing')\nview",
    "producer = Producer(cluster.client_config)\n"
    "producer.produce('orders', b'v', 'ada')\n"
    "producer.flush(30)",
    "Deadline(30).wait_for(lambda: '0 ada' in view.text)",
    "view.stop()",
    "second = show.live(cluster, 'orders')\nsecond",
    "cluster.stop()",
    "print('quiet')",
]


def watchers() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "kafkalab-live"]


def assert_ends() -> None:
    assert Deadline(15).wait_for(lambda: not watchers(), poll=0.1)


def test_it_moves(cluster: KafkaCluster) -> None:
    topic = new_topic(cluster, [[1], [1]])
    view = show.live(cluster, topic, group="nobody")
    assert view.text.startswith(f"Live view of topic {topic} and group nobody\nLog of topic")
    assert "no records" in view.text
    write(cluster, topic, 3)
    assert Deadline(30).wait_for(lambda: "3 records" in view.text)
    assert "(live, for 120 seconds)" in view.text
    write(cluster, topic, 2)
    picture = view.stop()
    assert picture.text.startswith(f"Log of topic {topic}: 2 partitions, 5 records")
    assert picture == show.log(cluster, topic, group="nobody")
    assert view.text.endswith("(no longer live: it was stopped)")
    assert view.stop() == picture
    assert view.frame.records.tolist() == [3, 2]
    assert 'data-compare="text"' in view.svg
    assert_ends()


def test_it_ends_by_itself(cluster: KafkaCluster) -> None:
    topic = new_topic(cluster, [[1]])
    view = show.live(cluster, topic, seconds=0.5)
    assert_ends()
    assert view.text.endswith("(no longer live: 0.5 seconds are over)")


def test_topic_that_goes_away(cluster: KafkaCluster) -> None:
    topic = new_topic(cluster, [[1]])
    view = show.live(cluster, topic)
    admin = AdminClient(cluster.client_config)
    admin.delete_topics([topic])[topic].result(30)
    assert Deadline(30).wait_for(lambda: f"There is no topic '{topic}'" in view.text)
    assert "no records" in view.text
    view.stop()
    assert_ends()


def test_broker_that_dies(backend: str) -> None:
    with KafkaCluster(backend=backend, name=f"live-{backend}") as cluster:
        topic = new_topic(cluster, [[1]])
        write(cluster, topic, 1)
        view = show.live(cluster, topic)
        cluster.kill_broker(1)
        assert Deadline(30).wait_for(lambda: "did not answer" in view.text)
        assert "1 record" in view.text
        before = time.monotonic()
    assert time.monotonic() - before < 15
    assert view.text.endswith("(no longer live: the cluster was stopped)")
    assert_ends()


def test_it_keeps_its_pace_while_leaders_are_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of three brokers dies, another falls silent: neither is waited for, at no cost."""
    waits: list[Patience] = []

    def look(*args: Any, patience: Patience, **more: Any) -> TopicLog:
        waits.append(patience)
        return collect_log(*args, patience=patience, **more)

    monkeypatch.setattr("kafkalab.show.watching.live.collect_log", look)
    with KafkaCluster(3, backend="process", name="live-three") as cluster:
        topic = new_topic(cluster, [[1], [2], [3]])
        write(cluster, topic, 4)
        view = show.live(cluster, topic, group="nobody", seconds=600)
        cluster.kill_broker(3)
        # who lives is told about, though another one never answers
        assert Deadline(60).wait_for(lambda: "4 records, 1 partition unknown" in view.text)
        cluster.pause_broker(2)
        show.live(cluster, topic).stop()
        spent, before = time.process_time(), time.monotonic()
        Deadline(60).wait_for(lambda: time.monotonic() - before > 5, poll=0.2)
        assert time.process_time() - spent < 0.3 * (time.monotonic() - before)
        assert Deadline(60).wait_for(lambda: "does not answer" in view.text)
        view.stop()
        assert_ends()
    # only the first look of each of the two views is patient
    assert [each for each in waits if each != OFTEN] == [BUSY, ONE_LOOK]
    assert OFTEN in waits


@pytest.mark.parametrize("seconds", [0, -1, "long", None, True, float("nan")])
def test_seconds_that_are_none(cluster: KafkaCluster, seconds: float) -> None:
    with pytest.raises(KafkaLabError, match="number of seconds"):
        show.live(cluster, "any", seconds=seconds)


def test_missing_topic(cluster: KafkaCluster) -> None:
    with pytest.raises(KafkaLabError, match="There is no topic"):
        show.live(cluster, "nope")
    assert_ends()


def executed(backend: str, folder: Path) -> nbformat.NotebookNode:
    notebook: nbformat.NotebookNode = new_notebook(
        cells=[new_code_cell(source) for source in CELLS],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    environment = {**os.environ, "KAFKALAB_BACKEND": backend}
    with as_in_jupyterlab():
        client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": folder}})
        client.execute(env=environment)
    return notebook


def test_in_a_notebook(backend: str, tmp_path: Path) -> None:
    """It moves in its own cell alone; run again and compared by nbval, it is the same."""
    notebook = executed(backend, tmp_path)
    outputs = [cell.outputs for cell in notebook.cells]
    kinds = [[output.output_type for output in each] for each in outputs]
    assert kinds == [
        [],
        ["display_data"],
        ["execute_result"],
        ["execute_result"],
        ["execute_result"],
        ["display_data"],
        [],
        ["stream"],
    ]
    moved = outputs[1][0].data["text/plain"]
    assert "0 ada" in moved
    assert moved.endswith("(no longer live: it was stopped)")
    assert outputs[4][0].data["text/plain"].startswith("Log of topic orders: 1 partition, 1 record")
    assert outputs[5][0].data["text/plain"].endswith("(no longer live: the cluster was stopped)")

    for number, cell in enumerate(notebook.cells, 1):
        cell.execution_count = number
    path = tmp_path / "live.ipynb"
    nbformat.write(notebook, path)
    run = subprocess.run(
        [*_NBVAL, str(path)],
        cwd=ROOT,
        env={**os.environ, "KAFKALAB_BACKEND": backend},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_another_topic_is_another_output() -> None:
    """What is compared of a live view names what it is a view of."""

    def output(text: str) -> dict[str, object]:
        data = {"text/plain": text, "text/html": f"<template><pre>{text}</pre></template>"}
        return {"output_type": "display_data", "data": data, "metadata": {}}

    one = output("Live view of topic orders\nLog of topic orders: 1 record\n(live)")
    two = output("Live view of topic orders\nLog of topic orders: 2 records\n(no longer live)")
    other = output("Live view of topic clicks\nLog of topic clicks: 1 record\n(live)")
    assert same([one], [two])
    assert not same([one], [other])

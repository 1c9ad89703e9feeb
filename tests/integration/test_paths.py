"""Folders with names that are not plain ASCII: the cache, Kafka's own, a connector's, an
application's. The terminal says `LC_ALL=C`, under which Java takes names of files as ASCII."""

from __future__ import annotations

import os
import shutil
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest

from kafkalab import KafkaCluster, read_topic
from kafkalab.cluster.console import ToolResult
from kafkalab.common.deadline import Deadline
from kafkalab.install import class_archive, jvm
from kafkalab.install.java import find_java
from kafkalab.install.kafka import provide
from kafkalab.settings import Settings
from tests.integration import test_streams

SLOW = 120.0
WORKER_ALONE = "bin/connect-standalone.sh config/connect-standalone.properties"
NAME = "사용자 Ü %41 ba\\ck it's #x=!y"
DECOMPOSED = unicodedata.normalize("NFD", "사용자 Ü")
"""As macOS keeps names: letters and marks apart."""
TEXT = "안녕, Jürgen"

pytestmark = pytest.mark.skipif(os.name != "posix", reason="names of POSIX folders")


@pytest.fixture(autouse=True)
def _plain_terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A terminal without a locale, in a folder where nothing may be left."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("LC_ALL", "C")
    yield
    assert list(here.iterdir()) == []


def settings_in(folder: Path) -> Settings:
    """Settings whose cache and Kafka are in this folder; only Java has to be copied."""
    settings = Settings.from_environment()
    kafka = provide(settings).class_path[0].parent.parent
    folder.mkdir(parents=True)
    (folder / "kafka").symlink_to(kafka)
    return replace(settings, cache=folder, kafka_home=folder / "kafka")


def run(cluster: KafkaCluster, line: str, input: str = "") -> list[str]:
    result = cluster.console(line, input=input, timeout=SLOW)
    assert isinstance(result, ToolResult)
    assert result.exit_code == 0, result.output
    return result.output


def move_java_and_package(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """As in a checkout of such a name, whose `.venv` has Java and where the package has files."""
    java = find_java().executable.parents[1]
    shutil.copytree(java, folder / "java")  # it finds its own folder through any link
    monkeypatch.setenv("JAVA_HOME", str(folder / "java"))
    data = Path(str(resources.files("kafkalab"))) / "data"
    (folder / "package").mkdir()
    (folder / "package" / "data").symlink_to(data)
    monkeypatch.setattr(jvm, "files", lambda _: folder / "package")


def test_a_cluster_in_such_a_folder(
    backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_in(tmp_path / NAME)
    if backend == "process":
        move_java_and_package(monkeypatch, tmp_path / NAME)
        kafka = provide(settings)
        class_archive.train(settings.cache, kafka)
        assert class_archive.find(settings.cache, kafka) is not None
    with KafkaCluster(backend=backend, name="paths", settings=settings) as cluster:
        assert "INFO" in cluster.logs(), "the broker did not find what Log4j is to do"
        run(cluster, "bin/kafka-topics.sh --create --topic paths")
        run(cluster, "bin/kafka-console-producer.sh --topic paths", input=f"{TEXT}\n")
        assert list(read_topic(cluster, "paths")["value"]) == [TEXT]
        read = run(
            cluster, "bin/kafka-console-consumer.sh --topic paths --from-beginning --max-messages 1"
        )
        assert TEXT in read
        dumped = run(
            cluster,
            "bin/kafka-dump-log.sh --print-data-log "
            "--files /tmp/kraft-combined-logs/paths-0/00000000000000000000.log",
        )
        assert any(TEXT in line for line in dumped)
        assert any("Found log directory" in line for line in storage(cluster))
        copies_lines_of(cluster, tmp_path / NAME / "connect")
        if backend == "process":  # containers keep an application's state in a folder of their own
            counts_words(cluster)
    assert not any((settings.cache / "run").glob("kafkalab-*"))
    assert [path.name for path in tmp_path.iterdir() if path.name != "here"] == [NAME]


def storage(cluster: KafkaCluster) -> list[str]:
    return run(cluster, "bin/kafka-storage.sh info -c config/server.properties")


def copies_lines_of(cluster: KafkaCluster, folder: Path) -> None:
    """A file connector whose own settings name files in Korean."""
    folder.mkdir()
    (folder / "source.properties").write_text(
        "# 입력\nname=in\nconnector.class=FileStreamSource\nfile=입력.txt\ntopic=lines\n",
        encoding="utf-8",
    )
    out = folder / "출력 é.txt"
    (folder / "sink.json").write_text(
        '{"name": "out", "config": {"connector.class": "FileStreamSink", '
        f'"file": "{out.name}", "topics": "lines"}}}}',
        encoding="utf-8",
    )
    (folder / "입력.txt").write_text(f"{TEXT}\n", encoding="utf-8")
    worker = cluster.connect(
        f"{WORKER_ALONE} source.properties sink.json",
        folder=folder,
        timeout=SLOW,
    )

    def copied() -> bool:
        return out.exists() and out.read_text(encoding="utf-8") == f"{TEXT}\n"

    assert Deadline(SLOW).wait_for(copied), worker.logs(last=20)
    worker.remove()


def counts_words(cluster: KafkaCluster) -> None:
    """Kafka Streams, whose state is RocksDB's files."""
    test_streams.create(cluster)
    demo = test_streams.start(cluster)
    test_streams.write(cluster, "eins zwei")
    assert test_streams.counts(cluster, 2) == [("eins", 1), ("zwei", 1)]
    demo.stop()


def test_decomposed_letters_and_another_java(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine's own Java, where it has one: Java 17 takes its encodings otherwise than 25."""
    java = shutil.which("java")
    if java is not None:
        monkeypatch.setenv("JAVA_HOME", str(Path(java).resolve().parents[1]))
    settings = settings_in(tmp_path / DECOMPOSED)
    with KafkaCluster(backend="process", name="decomposed", settings=settings) as cluster:
        run(cluster, "bin/kafka-topics.sh --create --topic paths")
        run(cluster, "bin/kafka-console-producer.sh --topic paths", input=f"{TEXT}\n")
        assert list(read_topic(cluster, "paths")["value"]) == [TEXT]
    assert [path.name for path in tmp_path.iterdir() if path.name != "here"] == [DECOMPOSED]

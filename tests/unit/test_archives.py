"""The class list, the slots of archives, and when the trainer may work."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kafkalab.install import class_archive, format_template, trainer
from kafkalab.install.format_template import Origin
from kafkalab.install.java import Java
from kafkalab.install.kafka import Distribution
from kafkalab.releases import CURRENT
from kafkalab.runtime.owner import Owner


@pytest.fixture
def distribution(tmp_path: Path) -> Distribution:
    """Two files in the place of jars: keys are made of their names, sizes and times."""
    jars = (tmp_path / "a.jar", tmp_path / "b.jar")
    for jar in jars:
        jar.write_bytes(b"jar")
    return Distribution(Java(tmp_path / "java", 25, "one"), jars, "home", CURRENT)


def test_newer_java_gets_every_line_first(distribution: Distribution) -> None:
    full, without_references, classes = class_archive.class_lists(distribution)
    assert any(line.startswith("@cp ") for line in full)
    assert not any(line.startswith("@cp") for line in without_references)
    assert any(line.startswith("@lambda-proxy ") for line in without_references)
    assert not any(line.startswith("@") for line in classes)
    for name in ("kafka/server/BrokerServer", "org/apache/kafka/tools/TopicCommand"):
        assert name in classes


def test_older_java_gets_no_reference_lines(distribution: Distribution) -> None:
    old = dataclasses.replace(distribution, java=Java(Path("java"), 17, "old"))
    lists = list(class_archive.class_lists(old))
    assert len(lists) == 2
    assert not any(line.startswith("@cp") for lines in lists for line in lines)


def test_class_list_names_no_machine(distribution: Distribution) -> None:
    text = "\n".join(next(iter(class_archive.class_lists(distribution))))
    assert "kafkalab" not in text  # a folder of the cache
    assert "source:" not in text
    assert " id: " not in text


def test_every_tool_is_in_the_class_list(distribution: Distribution) -> None:
    classes = set(next(iter(class_archive.class_lists(distribution))))
    missing = {name for name in CURRENT.scripts.values() if name.replace(".", "/") not in classes}
    assert missing == set()


def key(distribution: Distribution) -> str:
    return class_archive._Slot.of(Path("cache"), distribution).key


def test_key_changes_with_everything_that_an_archive_depends_on(
    distribution: Distribution,
) -> None:
    before = key(distribution)
    other_java = dataclasses.replace(distribution.java, identity="two")
    reordered = distribution.class_path[::-1]
    assert key(distribution) == before
    assert key(dataclasses.replace(distribution, java=other_java)) != before
    assert key(dataclasses.replace(distribution, class_path=reordered)) != before
    os.utime(distribution.class_path[0], (1, 1))
    assert key(distribution) != before


def test_no_archive_is_no_damage(tmp_path: Path, distribution: Distribution) -> None:
    assert class_archive.find(tmp_path, distribution) is None
    assert class_archive.find_damage(tmp_path, distribution) is None
    assert class_archive.jvm_options(tmp_path, distribution) == []


def test_trainer_waits_no_longer_than_its_owner_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer, "LOOK_SECONDS", 0.05)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        owner = Owner(process.pid, 0.0)  # a start time that is not that process's
        assert not owner.alive
        assert trainer.wait_until_idle(owner, idle_percent=-1.0) is False
        process.kill()


def test_trainer_goes_to_work_once_the_machine_is_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer, "LOOK_SECONDS", 0.05)
    assert trainer.wait_until_idle(Owner.this_process(), idle_percent=101.0) is True


def test_template_is_used_only_where_it_is_intact(
    tmp_path: Path, distribution: Distribution, caplog: pytest.LogCaptureFixture
) -> None:
    assert format_template.find(tmp_path, Origin.of_jars(distribution)) is None
    format_template.keep(tmp_path, Origin.of_jars(distribution), b"checkpoint")
    assert format_template.find(tmp_path, Origin.of_jars(distribution)) == b"checkpoint"
    (path,) = (tmp_path / "archives").glob("format-*.json")
    whole = path.read_bytes()
    for damaged in (whole[: len(whole) // 2], b"", b"[]", whole.replace(b'"sha256": "', b'"x": "')):
        path.write_bytes(damaged)
        caplog.clear()
        assert format_template.find(tmp_path, Origin.of_jars(distribution)) is None
        assert "damaged" in caplog.text
        assert not path.exists()
    format_template.keep(tmp_path, Origin.of_jars(distribution), b"checkpoint")
    flipped = whole.replace(b"Y2hlY2twb2ludA", b"Y2hlY2twb2luaA")
    assert flipped != whole
    path.write_bytes(flipped)
    assert format_template.find(tmp_path, Origin.of_jars(distribution)) is None


def test_template_of_another_kafka_is_not_used(tmp_path: Path, distribution: Distribution) -> None:
    format_template.keep(tmp_path, Origin.of_jars(distribution), b"checkpoint")
    os.utime(distribution.class_path[0], (1, 1))
    assert format_template.find(tmp_path, Origin.of_jars(distribution)) is None

"""Jars that Maven brings: fetched once, verified, and never used where they are others."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.downloads import fake_mvn

from kafkalab.errors import KafkaLabError
from kafkalab.install import jars, maven
from kafkalab.install.jars import JarSet
from kafkalab.settings import Settings

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="shell scripts")
OWN = JarSet("lake", "Lake", "1.0", "pom.xml", "lake.sha512", 1)
COPY = """\
for word; do
    case $word in -DoutputDirectory=*) printf good >"${word#*=}/lake.jar" ;; esac
done
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(Settings.from_environment({}), cache=tmp_path / "cache")


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Its folder of programs, which has no mvn yet."""
    sums = {"lake.jar": hashlib.sha512(b"good").hexdigest()}
    monkeypatch.setattr(maven, "pinned_sums", lambda name: sums)
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path / "bin"


def test_they_are_fetched_once(settings: Settings, machine: Path) -> None:
    fake_mvn(machine, COPY)
    found = jars.provide(settings, OWN)
    assert [jar.read_bytes() for jar in found] == [b"good"]
    assert [path.name for path in (settings.cache / "lake").iterdir()] == ["1.0-maven"]
    fake_mvn(machine, "exit 1")
    assert jars.provide(settings, OWN) == found


def test_a_damaged_one_is_fetched_again(
    settings: Settings, machine: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fake_mvn(machine, COPY)
    (jar,) = jars.provide(settings, OWN)
    jar.write_bytes(b"evil")
    assert jars.find_cached(settings.cache, OWN) is None
    assert "lake.jar has been changed" in caplog.text
    (again,) = jars.provide(settings, OWN)
    assert again.read_bytes() == b"good"


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (COPY.replace("good", "evil"), "lake.jar from Maven has a wrong checksum"),
        ("echo '[ERROR] no route'; exit 1", "no route"),
    ],
)
def test_what_is_not_pinned_is_never_used(
    settings: Settings, machine: Path, script: str, words: str
) -> None:
    fake_mvn(machine, script)
    with pytest.raises(KafkaLabError, match=words):
        jars.provide(settings, OWN)
    assert list((settings.cache / "lake").iterdir()) == []


def test_a_java_alone_does_not_run_them(settings: Settings, machine: Path) -> None:
    assert jars.find_java_for(settings, OWN) is None
    fake_mvn(machine, COPY)
    assert jars.find_java_for(settings, OWN) is not None
    jars.provide(settings, OWN)
    (machine / "mvn").unlink()
    assert jars.find_java_for(settings, OWN) is not None, "they are here"


def test_a_folder_that_java_cannot_take_is_refused(settings: Settings) -> None:
    odd = replace(settings, cache=settings.cache / "a:b")
    with pytest.raises(KafkaLabError, match="Lake cannot run in the cache folder"):
        jars.provide(odd, OWN)
    odd = replace(settings, cache=settings.cache / "Ann's")
    picky = replace(OWN, refused={"'": "it takes none"})
    with pytest.raises(KafkaLabError, match="Ann's: it takes none") as caught:
        jars.provide(odd, picky)
    assert "export KAFKALAB_CACHE=" in caught.value.fix

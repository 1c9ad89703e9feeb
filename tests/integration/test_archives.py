"""Archives made by real Java and used by real brokers: intact ones only, and never fatal."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from kafkalab import KafkaCluster
from kafkalab.common.deadline import Deadline
from kafkalab.errors import KafkaLabError
from kafkalab.install import class_archive, jvm, trainer
from kafkalab.install.kafka import Distribution, provide
from kafkalab.runtime import registry, removal
from kafkalab.settings import Settings
from tests.conftest import skip_or_fail

TRAINER_GONE_SECONDS = 30


@pytest.fixture(scope="module")
def kafka() -> Distribution:
    return provide(Settings.from_environment())


@pytest.fixture(scope="module")
def made(kafka: Distribution, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with an archive in it, not to be changed."""
    cache = tmp_path_factory.mktemp("made")
    class_archive.train(cache, kafka)
    return cache


@pytest.fixture
def cache(made: Path, tmp_path: Path) -> Path:
    """A cache with an intact archive of its own."""
    target = tmp_path / "cache"
    (target / "archives").mkdir(parents=True)
    for name in (archive_in(made).name, sidecar_in(made).name):
        (target / "archives" / name).write_bytes((made / "archives" / name).read_bytes())
    return target


@pytest.fixture
def quickly_made(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Java's part takes a while: a copy of what it made once is the next archive."""

    def dump(*_: object) -> tuple[Path, str]:
        return Path(shutil.copyfile(archive_in(made), tmp_path / "copy.jsa")), ""

    monkeypatch.setattr(class_archive, "_dump", dump)


def archive_in(cache: Path) -> Path:
    (archive,) = (cache / "archives").glob("*.jsa")
    return archive


def sidecar_in(cache: Path) -> Path:
    (sidecar,) = (cache / "archives").glob("classes-*.json")
    return sidecar


def overwrite_middle(cache: Path) -> None:
    archive = archive_in(cache)
    archive.chmod(0o644)
    with archive.open("r+b") as stream:
        stream.seek(archive.stat().st_size // 2)
        stream.write(b"not a class")


def truncate(cache: Path) -> None:
    archive = archive_in(cache)
    archive.chmod(0o644)
    os.truncate(archive, archive.stat().st_size // 2)


def keep_size_and_time(cache: Path) -> None:
    """Damage that size and modification time do not show."""
    archive = archive_in(cache)
    stat = archive.stat()
    overwrite_middle(cache)
    os.utime(archive, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def write_garbage_sidecar(cache: Path) -> None:
    sidecar_in(cache).write_bytes(b"\x00\xffgarbage")


def write_half_sidecar(cache: Path) -> None:
    sidecar = sidecar_in(cache)
    sidecar.write_bytes(sidecar.read_bytes()[:40])


def write_other_hash(cache: Path) -> None:
    sidecar, archive = sidecar_in(cache), archive_in(cache)
    data = json.loads(sidecar.read_text(encoding="utf-8"))
    wrong = "0" * 64
    archive.rename(archive.with_name(archive.name.replace(data["sha256"][:16], wrong[:16])))
    sidecar.write_text(json.dumps({**data, "sha256": wrong}), encoding="utf-8")


DAMAGES = [
    overwrite_middle,
    truncate,
    keep_size_and_time,
    write_garbage_sidecar,
    write_half_sidecar,
    write_other_hash,
]


def can_use(kafka: Distribution, archive: Path) -> bool:
    """True where a JVM that must have this archive starts with it."""
    command = [
        str(kafka.java.executable),
        *jvm.SMALL,
        *jvm.SERVER_HEAP,
        "-Xshare:on",
        f"-XX:SharedArchiveFile={archive}",
        "-cp",
        kafka.class_path_text,
        "-version",
    ]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_java_uses_what_was_made(kafka: Distribution, made: Path) -> None:
    assert class_archive.jvm_options(made, kafka) == [f"-XX:SharedArchiveFile={archive_in(made)}"]
    assert can_use(kafka, archive_in(made))
    assert not can_use(replace(kafka, class_path=kafka.class_path[::-1]), archive_in(made))
    assert not list((made / "run").glob("kafkalab-*"))


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_damage_is_noticed_not_used_and_mended(
    kafka: Distribution,
    cache: Path,
    made: Path,
    quickly_made: None,
    damage: Callable[[Path], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert class_archive.find(cache, kafka) is not None  # the hash of the intact one is remembered
    damage(cache)
    assert class_archive.find_damage(cache, kafka) is not None
    assert class_archive.jvm_options(cache, kafka) == []
    assert "will be made again" in caplog.text
    assert class_archive.find_damage(cache, kafka) is None

    assert class_archive.train(cache, kafka) == class_archive.find(cache, kafka)
    assert hashlib.sha256(archive_in(cache).read_bytes()).digest() == (
        hashlib.sha256(archive_in(made).read_bytes()).digest()
    )


def test_archive_of_another_java_is_replaced(
    kafka: Distribution, cache: Path, quickly_made: None, caplog: pytest.LogCaptureFixture
) -> None:
    updated = replace(kafka, java=replace(kafka.java, identity="after an update in its place"))
    assert class_archive.find(cache, updated) is None
    assert class_archive.find_damage(cache, updated) is None
    assert "WARNING" not in caplog.text
    archive = class_archive.train(cache, updated)
    assert archive_in(cache) == archive  # the earlier one is gone
    assert class_archive.find(cache, kafka) is None


def test_half_written_archive_is_no_archive(
    kafka: Distribution, tmp_path: Path, quickly_made: None
) -> None:
    folder = tmp_path / "archives"
    folder.mkdir()
    name = class_archive._Slot.of(tmp_path, kafka).name
    (folder / f"{name}-0123456789abcdef.jsa").write_bytes(b"half")
    loose = folder / "partial-0123456789abcdef"
    loose.write_bytes(b"half")
    os.utime(loose, (1, 1))
    assert class_archive.find(tmp_path, kafka) is None
    archive = class_archive.train(tmp_path, kafka)
    assert archive_in(tmp_path) == archive
    assert not loose.exists()


def test_eight_processes_make_one(kafka: Distribution, tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from kafkalab.install import class_archive;"
        "from kafkalab.install.kafka import provide;"
        "from kafkalab.settings import Settings;"
        "kafka = provide(Settings.from_environment());"
        "print(class_archive.train(Path(sys.argv[1]), kafka).stat().st_ino)"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(8)
    ]
    said = {process.communicate(timeout=300)[0] for process in processes}
    assert [process.returncode for process in processes] == [0] * 8
    assert said == {f"{archive_in(tmp_path).stat().st_ino}\n"}
    assert class_archive.find(tmp_path, kafka) is not None


@pytest.mark.skipif(os.name != "posix", reason="file modes")
def test_read_only_cache_is_used_as_it_is(kafka: Distribution, cache: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from kafkalab.install import class_archive;"
        "from kafkalab.install.kafka import provide;"
        "from kafkalab.errors import KafkaLabError; from kafkalab.settings import Settings;"
        "kafka = provide(Settings.from_environment()); cache = Path(sys.argv[1]);"
        "print(bool(class_archive.jvm_options(cache, kafka)))\n"
        "try: class_archive.train(cache / 'new', kafka)\n"
        "except KafkaLabError as error: print(error.what)\n"
    )

    def run() -> list[str]:
        command = [*without_write_privilege(), sys.executable, "-c", program, str(cache)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    folder = cache / "archives"
    folder.chmod(0o555)
    cache.chmod(0o555)
    try:
        used, refused = run()
        assert used == "True"
        assert "cannot be written" in refused
        overwrite_middle(cache)
        used, _ = run()
        assert used == "False"
        assert archive_in(cache).exists(), "it could not be removed, and is not used all the same"
    finally:
        cache.chmod(0o755)
        folder.chmod(0o755)


def without_write_privilege() -> list[str]:
    """Before a command: root may write everywhere unless it gives this right away."""
    if os.getuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        skip_or_fail("root needs setpriv to give away its right to write everywhere", "setpriv")
    return ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"]


def test_java_that_cannot_make_one_is_asked_once(
    kafka: Distribution, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(class_archive, "_flags", lambda _: ["-XX:+NoSuchFlag"])
    with pytest.raises(KafkaLabError, match="could not create a class archive") as failure:
        class_archive.train(tmp_path, kafka)
    assert any("NoSuchFlag" in line for line in failure.value.log)
    assert class_archive.failed_before(tmp_path, kafka)
    assert not list((tmp_path / "run").glob("kafkalab-*"))
    monkeypatch.undo()
    assert not class_archive.failed_before(tmp_path, kafka)


# --- in the background ------------------------------------------------------------------------


def trainers(cache: Path) -> Iterator[psutil.Process]:
    """Processes that make an archive in this cache, and those that wait to."""
    for process in psutil.process_iter():
        try:
            command = process.cmdline()
            works = "kafkalab.install.trainer" in command or "-Xshare:dump" in command
            if works and any(str(cache) in word for word in command):
                yield process
        except psutil.Error:
            continue


def test_request_returns_at_once_and_makes_one(
    kafka: Distribution, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer, "DELAY_SECONDS", 0.1)
    monkeypatch.setattr(trainer, "IDLE_PERCENT", 101.0)
    monkeypatch.setattr(trainer, "NICENESS", 0)  # it would wait for what else runs here
    trainer.request(tmp_path, kafka)
    assert class_archive.find(tmp_path, kafka) is None, "it waited for the archive"
    assert Deadline(240).wait_for(lambda: class_archive.find(tmp_path, kafka) is not None, poll=0.5)
    assert Deadline(TRAINER_GONE_SECONDS).wait_for(lambda: not list(trainers(tmp_path)), poll=0.2)
    assert not list((tmp_path / "run").glob("kafkalab-*"))
    before = set(threading.enumerate())
    trainer.request(tmp_path, kafka)  # there is one: nothing to do
    assert set(threading.enumerate()) <= before


def test_trainer_ends_with_its_owner_and_leaves_nothing(
    kafka: Distribution, tmp_path: Path
) -> None:
    program = (
        "import sys, time; from pathlib import Path; from kafkalab.install import trainer;"
        "from kafkalab.install.kafka import provide;"
        "from kafkalab.settings import Settings; trainer.DELAY_SECONDS = 0.1;"
        "trainer.IDLE_PERCENT = 101.0; trainer.NICENESS = 0;"
        "kafka = provide(Settings.from_environment());"
        "trainer.request(Path(sys.argv[1]), kafka); print(flush=True); time.sleep(300)"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as owner:
        working = Deadline(120).wait_for(
            lambda: any("-Xshare:dump" in p.cmdline() for p in trainers(tmp_path)), poll=0.1
        )
        (record,) = registry.records(tmp_path / "run")
        found = removal.labelled_processes(record.label)
        owner.kill()
    assert working
    assert found, "stop --all finds it by its label"
    assert record.program == "trainer"
    assert not record.leftover
    assert Deadline(TRAINER_GONE_SECONDS).wait_for(lambda: not list(trainers(tmp_path)), poll=0.2)
    assert not list((tmp_path / "run").glob("kafkalab-*"))
    assert not list((tmp_path / "archives").glob("*.jsa"))


# --- the format template ----------------------------------------------------------------------


def settings_of(kafka: Distribution, cache: Path) -> Settings:
    home = kafka.class_path[0].parent.parent
    return replace(Settings.from_environment(), cache=cache, kafka_home=home)


def formatted(cluster: KafkaCluster, cache: Path) -> tuple[dict[str, str], bytes]:
    (folder,) = (cache / "run").glob("kafkalab-*/node-1/data")
    text = (folder / "meta.properties").read_text(encoding="utf-8")
    fields = dict(
        line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#")
    )
    return fields, (folder / "bootstrap.checkpoint").read_bytes()


def without_times(checkpoint: bytes) -> bytes:
    """A checkpoint without what changes with the time of writing.

    It is a log of three record batches. Each has a length at byte 8, and at 17, 27, 35 its
    checksum and its two timestamps (the record batch of Kafka's protocol guide). The first and
    the last one hold control records with the time inside: they must have the same length.
    """
    parts, position = [], 0
    while position < len(checkpoint):
        length = 12 + int.from_bytes(checkpoint[position + 8 : position + 12], "big")
        batch = checkpoint[position : position + length]
        control = batch[22] & 0x20
        parts.append(batch[:17] + (b"" if control else batch[21:27] + batch[43:]))
        position += length
    return b"|".join(parts)


def test_what_is_written_equals_what_formatting_writes(kafka: Distribution, tmp_path: Path) -> None:
    """On both ways: a first start, which runs the tool, and a later one from the template."""
    settings = settings_of(kafka, tmp_path)
    seen = []
    for _ in ("first", "later"):
        with KafkaCluster(backend="process", settings=settings, name="format") as cluster:
            seen.append(formatted(cluster, tmp_path))
            (properties,) = (tmp_path / "run").glob("kafkalab-*/node-1/server.properties")
            text = properties.read_text(encoding="utf-8")
    official = tmp_path / "official"
    own = tmp_path / "server.properties"
    own.write_text(
        "".join(
            f"log.dirs={official}\n" if line.startswith("log.dirs=") else f"{line}\n"
            for line in text.splitlines()
        ),
        encoding="utf-8",
    )
    cluster_id = seen[-1][0]["cluster.id"]
    command = jvm.command(
        kafka,
        jvm.FORMAT_MAIN,
        flags=(),
        properties={"log4j2.configurationFile": jvm.log_config("tool")},
        args=("format", "--cluster-id", cluster_id, "--config", str(own)),
    )
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    assert {path.name for path in official.iterdir()} == {"meta.properties", "bootstrap.checkpoint"}
    text = (official / "meta.properties").read_text(encoding="utf-8")
    fields = dict(
        line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#")
    )
    checkpoint = (official / "bootstrap.checkpoint").read_bytes()
    for meta, written in seen:
        assert meta.keys() == fields.keys()
        assert (meta["version"], meta["node.id"]) == (fields["version"], fields["node.id"])
        assert len(meta["directory.id"]) == len(fields["directory.id"])
        assert without_times(written) == without_times(checkpoint)
    assert seen[0][0]["cluster.id"] != cluster_id
    assert seen[0][1] == seen[1][1], "the second start used the first one's template"


# --- what it is for ---------------------------------------------------------------------------


def test_broker_starts_with_a_damaged_archive(kafka: Distribution, cache: Path) -> None:
    overwrite_middle(cache)
    with KafkaCluster(backend="process", settings=settings_of(kafka, cache), name="dmg") as cluster:
        assert [broker.state for broker in cluster.brokers] == ["running"]


def test_a_tool_takes_nearly_all_classes_from_the_archive(
    kafka: Distribution, made: Path, tmp_path: Path
) -> None:
    """Counted, since the time that it takes depends on what else the machine does."""

    def from_elsewhere(options: list[str]) -> int:
        loaded = tmp_path / "loaded.txt"
        command = jvm.command(
            kafka,
            jvm.FORMAT_MAIN,
            flags=(
                *(*jvm.SMALL, *jvm.TOOL_HEAP, *jvm.QUIET, *options),
                f"-Xlog:class+load=info:file={loaded}",
            ),
            properties={"log4j2.configurationFile": jvm.log_config("tool")},
            args=("random-uuid",),
        )
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        lines = [line for line in loaded.read_text().splitlines() if " source: " in line]
        return sum("shared objects file" not in line for line in lines)

    without = from_elsewhere([])
    assert without > 1000
    assert from_elsewhere(class_archive.jvm_options(made, kafka)) < 0.1 * without

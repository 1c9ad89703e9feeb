"""The class archive: what makes a second start fast.

A Java process that finds its classes parsed and linked in an archive starts in a third of the
time. One archive serves the broker and all console tools. It is made from a list of the classes
that they load (`data/classes.txt.gz`, written by `python -m benchmarks.class_list`), so making
it runs no broker.

An archive belongs to one Java, one Kafka and one class path. The JVM uses one whose bytes were
changed without a word, so each carries a sidecar with its hash and with what it belongs to, and
nothing is used that differs.
"""

from __future__ import annotations

import contextlib
import functools
import gzip
import hashlib
import json
import logging
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from filelock import FileLock, Timeout

from kafkalab.common.interrupts import own_group
from kafkalab.common.programs import starting
from kafkalab.errors import KafkaLabError
from kafkalab.install import jvm
from kafkalab.install.cache_files import (
    cache_error,
    digest,
    remove_loose_files,
    sha256,
    stamps,
    sync,
    write_whole,
)
from kafkalab.install.java import Java
from kafkalab.install.kafka import Distribution
from kafkalab.runtime import registry, removal
from kafkalab.runtime.owner import Owner
from kafkalab.runtime.registry import RunRecord

log = logging.getLogger(__name__)

TRAINER_LABEL = "kafkalab-trainer-"
"""Labels of archives that are being made start with it."""
MAKE_SECONDS = 15 * 60
"""Making one takes 5 s of one core; the machine may be busy and the process is a polite one."""
_LINKING = "-XX:+AOTClassLinking"
_LINKING_SINCE = 25


# --- use --------------------------------------------------------------------------------------


def jvm_options(cache: Path, distribution: Distribution) -> list[str]:
    """Options that use the archive for a broker or tool; none where there is no intact one."""
    archive = find(cache, distribution)
    return [] if archive is None else [f"-XX:SharedArchiveFile={archive}"]


def find(cache: Path, distribution: Distribution) -> Path | None:
    """The intact archive of this Java and Kafka, or None.

    A damaged one is removed and reported through the logger.
    """
    slot = _Slot.of(cache, distribution)
    try:
        archive = slot.intact()
    except _DamageError as damage:
        log.warning("%s; it is not used and will be made again", damage)
        slot.remove_damaged()
        return None
    if archive is None:
        log.info("there is no class archive for this Java and Kafka yet: starts take longer")
    return archive


def find_damage(cache: Path, distribution: Distribution) -> str | None:
    """What is wrong with the archive; None where it is intact or not made yet."""
    try:
        _Slot.of(cache, distribution).intact()
    except _DamageError as damage:
        return str(damage)
    return None


def failed_before(cache: Path, distribution: Distribution) -> bool:
    """True where this Java could not make an archive of this Kafka: it will not the next time."""
    slot = _Slot.of(cache, distribution)
    try:
        return slot.failed.read_text(encoding="utf-8") == slot.key
    except OSError:
        return False


class _DamageError(Exception):
    """An archive or its sidecar is not what was written."""


@dataclass(frozen=True)
class _Slot:
    """Where the archive of one Java and one Kafka lies.

    The slot follows from places (of Java, of the jars), the key from contents: so what was made
    before an update is noticed and replaced, and does not stay forever.

    Attributes
    ----------
    folder : Path
    name : str
    key : str
        A hash of all that an archive depends on.
    """

    folder: Path
    name: str
    key: str

    @classmethod
    def of(cls, cache: Path, distribution: Distribution) -> _Slot:
        place = [str(distribution.java.executable), distribution.class_path_text]
        contents = [
            distribution.java.identity,
            distribution.java.version,
            _flags(distribution.java),
            stamps(distribution.class_path),
            _class_list_hash(distribution.release.classes),
        ]
        return cls(cache / "archives", f"classes-{digest(place)[:16]}", digest(contents))

    @property
    def sidecar(self) -> Path:
        return self.folder / f"{self.name}.json"

    @property
    def failed(self) -> Path:
        """Holds the key for which no archive could be made."""
        return self.folder / f"{self.name}.failed"

    def archive(self, sha256: str) -> Path:
        return self.folder / f"{self.name}-{sha256[:16]}.jsa"

    def intact(self) -> Path | None:
        """The archive; None where there is none, or one of another Java or Kafka."""
        wanted = self._sidecar_hash()
        if wanted is None:
            return None
        archive = self.archive(wanted)
        try:
            stat = archive.stat()
            found = _hash_once(archive, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
        except FileNotFoundError:  # replaced or removed after a look at its sidecar
            return None
        except OSError as error:
            raise _DamageError(f"the class archive {archive} cannot be read ({error})") from error
        if found != wanted:
            raise _DamageError(f"the class archive {archive} has been changed")
        return archive

    def _sidecar_hash(self) -> str | None:
        try:
            sidecar = json.loads(self.sidecar.read_text(encoding="utf-8"))
            key, sha256 = str(sidecar["key"]), str(sidecar["sha256"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise _DamageError(f"{self.sidecar} cannot be read") from error
        if key != self.key:
            log.info("the class archive of %s belongs to an earlier Java or Kafka", self.sidecar)
            return None
        return sha256

    def remove_damaged(self) -> None:
        """Remove what `intact` raised for; another process may have replaced it meanwhile."""
        with contextlib.suppress(OSError):
            try:
                wanted = self._sidecar_hash()
            except _DamageError:
                self.sidecar.unlink()
            else:
                if wanted is not None:
                    self.archive(wanted).unlink()


@functools.lru_cache(maxsize=16)
def _hash_once(path: Path, size: int, mtime: int, ctime: int) -> str:
    """SHA-256 of a file, taken once a process unless its size or times change (75 MB: 0.05 s)."""
    return sha256(path)


def _flags(java: Java) -> list[str]:
    linking = [_LINKING] if java.version >= _LINKING_SINCE else []
    return [*jvm.SMALL, *jvm.SERVER_HEAP, *linking]


# --- the list of classes ----------------------------------------------------------------------


def _class_list_bytes(name: str) -> bytes:
    return (files("kafkalab") / "data" / name).read_bytes()


@functools.cache
def _class_list_hash(name: str) -> str:
    return hashlib.sha256(_class_list_bytes(name)).hexdigest()


def class_lists(distribution: Distribution) -> Iterator[list[str]]:
    """Lists to make an archive from, best first.

    Lines that start with `@` say which lambdas and references to link beforehand. Older Javas
    refuse `@cp` lines; a Kafka or Java of another build can refuse any.
    """
    packed = _class_list_bytes(distribution.release.classes)
    lines = gzip.decompress(packed).decode("utf-8").splitlines()
    if distribution.java.version >= _LINKING_SINCE:
        yield lines
    yield [line for line in lines if not line.startswith("@cp")]
    yield [line for line in lines if not line.startswith("@")]


# --- making -----------------------------------------------------------------------------------


def train(
    cache: Path,
    distribution: Distribution,
    *,
    stop_when: Callable[[], bool] = lambda: False,
) -> Path:
    """Make the archive of this Java and Kafka unless there is one; return its path.

    Of several processes that want it one makes it and the others wait.

    Parameters
    ----------
    cache : Path
    distribution : Distribution
    stop_when : callable, optional
        Polled meanwhile; once it is true the work ends and nothing of it is left.

    Raises
    ------
    KafkaLabError
        The cache cannot be written, or Java could not make an archive.
    """
    slot = _Slot.of(cache, distribution)
    try:
        slot.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(slot.folder / "make.lock", timeout=MAKE_SECONDS):
            archive = find(cache, distribution)
            if archive is None:
                log.info("making the class archive")
                archive = _make(distribution, slot, stop_when)
    except Timeout as error:
        raise KafkaLabError(
            "Another process has been making class archives for a quarter of an hour.",
            tried=f"to wait for {slot.folder / 'make.lock'}",
            fix="end the other process, then run this again: kafkalab prefetch",
        ) from error
    except OSError as error:
        raise cache_error(cache, error) from error
    return archive


def _make(distribution: Distribution, slot: _Slot, stop_when: Callable[[], bool]) -> Path:
    remove_loose_files(slot.folder)
    with _work_folder(slot.folder.resolve().parent) as folder:
        said = ""
        for lines in class_lists(distribution):
            made, said = _dump(distribution, folder, lines, stop_when)
            if made is not None:
                slot.failed.unlink(missing_ok=True)
                return _install(made, slot)
            log.info("Java made no class archive from %d lines: %s", len(lines), said)
    slot.failed.write_text(slot.key, encoding="utf-8")
    raise KafkaLabError(
        f"Java {distribution.java.version} could not create a class archive; "
        "clusters work without one, but start more slowly.",
        tried=f"{distribution.java.executable} -Xshare:dump",
        fix="install another Java, 17 or newer, and set JAVA_HOME to it",
        log=said.splitlines()[-6:],
    )


@contextlib.contextmanager
def _work_folder(cache: Path) -> Iterator[Path]:
    """A folder for half an archive, with a record: found and removed like a cluster's."""
    run_dir = cache / "run"
    for record in registry.records(run_dir):
        if record.label.startswith(TRAINER_LABEL) and record.leftover:
            removal.remove_run(run_dir, record.label, record.backend)
    label = f"{TRAINER_LABEL}{os.urandom(5).hex()}"
    folder = registry.run_folder(run_dir, label)
    try:
        RunRecord(label, "trainer", "process", Owner.this_process()).write(run_dir)
        yield folder
    finally:
        removal.remove_run(run_dir, label, "process")


def _dump(
    distribution: Distribution,
    folder: Path,
    lines: Sequence[str],
    stop_when: Callable[[], bool],
) -> tuple[Path | None, str]:
    """Have Java make an archive and use it once; the archive, or None and what Java said."""
    class_list, archive = folder / "classes.txt", folder / "classes.jsa"
    class_list.write_text("\n".join(lines) + "\n", encoding="utf-8")
    label = removal.mark(folder.name)
    code, said = _run_java(
        distribution,
        [
            "-Xshare:dump",
            *_flags(distribution.java),
            *jvm.QUIET,
            label,
            f"-XX:SharedClassListFile={class_list}",
            f"-XX:SharedArchiveFile={archive}",
        ],
        stop_when,
    )
    if code == 0 and archive.is_file():
        # `on`: a JVM that cannot use it ends, and does not go on without it
        use = [f"-XX:SharedArchiveFile={archive}", "-Xshare:on", *jvm.SMALL, *jvm.SERVER_HEAP]
        code, said = _run_java(distribution, [*use, label, "-version"], stop_when)
    return (archive, "") if code == 0 and archive.is_file() else (None, said)


def _run_java(
    distribution: Distribution, options: Sequence[str], stop_when: Callable[[], bool]
) -> tuple[int, str]:
    *flags, last = options
    command = [str(distribution.java.executable), *flags, "-cp", distribution.class_path_text, last]
    with tempfile.TemporaryFile() as output:
        with starting("Java"):
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=jvm.environment(),
                start_new_session=True,
                creationflags=own_group(),
            )
        try:
            while True:
                try:
                    code = process.wait(timeout=0.5)
                    break
                except subprocess.TimeoutExpired:
                    if stop_when():
                        raise StoppedError from None
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        output.seek(0)
        return code, output.read().decode("utf-8", errors="replace")


class StoppedError(Exception):
    """`stop_when` became true."""


def _install(made: Path, slot: _Slot) -> Path:
    """Bring an archive to its place: whole, and its sidecar after it."""
    made_hash = sha256(made)
    sync(made)
    archive = slot.archive(made_hash)
    made.replace(archive)
    write_whole(slot.sidecar, {"key": slot.key, "sha256": made_hash})
    for old in slot.folder.glob(f"{slot.name}-*.jsa"):
        if old != archive:
            with contextlib.suppress(OSError):  # Windows keeps a file that a broker uses
                old.unlink()
    return archive

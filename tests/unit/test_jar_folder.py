"""The manifest of a folder of jars: written whole, or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from kafkalab.install import jar_folder
from kafkalab.install.cache_files import sha512
from kafkalab.install.jar_folder import LIBS, MANIFEST


@pytest.fixture
def made(tmp_path: Path) -> Path:
    folder = tmp_path / "made"
    (folder / LIBS).mkdir(parents=True)
    (folder / LIBS / "a.jar").write_bytes(b"jar")
    return folder


def sums_of(folder: Path) -> dict[str, str]:
    return {jar.name: sha512(jar) for jar in (folder / LIBS).iterdir()}


def fill_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only half of a file finds room on it."""
    write = Path.write_text

    def half(path: Path, text: str, encoding: str | None = None) -> int:
        write(path, text[: len(text) // 2], encoding)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_text", half)


def test_a_full_disk_gets_no_file_with_each_look(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "1.0"
    jar_folder.put_in_place(made, folder, sums_of(made))
    os.utime(folder / LIBS / "a.jar", (1, 1))
    fill_the_disk(monkeypatch)
    assert [jar_folder.find_damage(folder) for _ in range(3)] == [None] * 3
    assert {path.name for path in folder.iterdir()} == {LIBS, MANIFEST}


def test_what_cannot_be_noted_is_not_put_in_place(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sums = sums_of(made)
    fill_the_disk(monkeypatch)
    with pytest.raises(OSError, match="No space left"):
        jar_folder.put_in_place(made, tmp_path / "1.0", sums)
    assert not (tmp_path / "1.0").exists()
    assert [path.name for path in made.iterdir()] == [LIBS]

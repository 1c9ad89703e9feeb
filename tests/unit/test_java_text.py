"""What Java reads is ASCII, and means what was written."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import javaproperties
import pytest

from kafkalab.common import java_text
from kafkalab.errors import KafkaLabError
from kafkalab.lines.connect_line import connector_texts

NAMES = [
    "/home/사용자",
    unicodedata.normalize("NFD", "/home/사용자"),
    "/home/Jürgen Ö",
    "/home/😀",
    r"C:\Users\사용자\data",
    "/a b/%41/#x/!y/k=v/it's/: z",
    " leads and trails ",
    "two\nlines\tand a tab",
]


@pytest.mark.parametrize("name", NAMES)
def test_properties_are_ascii_and_keep_every_letter(name: str) -> None:
    text = java_text.properties({"log.dirs": name, name: "value"})
    assert text.isascii()
    assert javaproperties.loads(text) == {"log.dirs": name, name: "value"}


def test_letters_beyond_sixteen_bits_become_two_units() -> None:
    assert java_text.ascii_only("é😀") == r"\u00e9\ud83d\ude00"


@pytest.mark.parametrize(
    "written",
    [
        "# 주석\nfile=입력.txt\ntopic=t\n",
        "file=C:\\\\사용자\\\\in.txt\n",  # two backslashes are one
        "file=C:\\사용자\n",  # one alone means nothing
        "file=입\\\n  력.txt\n",
        "a\\ b=ü\\u00fc\\=😀\n",
        "plain=ascii\\\\\n",
    ],
)
def test_a_persons_own_file_means_the_same(written: str) -> None:
    text = java_text.ascii_only(written)
    assert text.isascii()
    assert javaproperties.loads(text) == javaproperties.loads(written)
    assert java_text.ascii_only(text) == text


def test_connectors_files_are_read_when_they_are_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "source.properties"
    file.write_text("file=입력.txt\n", encoding="utf-8")
    assert connector_texts([file.name], tmp_path) == {file.name: "file=\\uc785\\ub825.txt\n"}
    file.write_text('{"file": "é"}', encoding="utf-8")
    assert connector_texts([file.name], tmp_path) == {file.name: '{"file": "\\u00e9"}'}
    file.unlink()
    with pytest.raises(KafkaLabError, match=r"source\.properties cannot be read"):
        connector_texts([file.name], tmp_path)

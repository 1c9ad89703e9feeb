"""The README says what is in the repository."""

from __future__ import annotations

import re

from benchmarks.notebooks import README, measured, with_table
from tests.browser import readme_picture
from tests.notebooks import room
from tests.notebooks.refresh import ROOT
from tests.notebooks.structure import all_notebooks

from kafkalab.releases import CURRENT
from kafkalab.settings import BACKENDS

LONGER = ("08", "09", "10", "25", "26")
TEXT = README.read_text(encoding="utf-8")


def test_its_table_is_what_the_notebooks_state() -> None:
    assert with_table(TEXT, measured(TEXT)) == TEXT, (
        "write it again: python -m benchmarks.notebooks"
    )


def test_every_notebook_was_measured_and_is_short() -> None:
    seconds = measured(TEXT)
    in_a_room = seconds.pop(room.TAG)
    assert set(seconds) == {path.name[:2] for path in all_notebooks()}
    for number, taken in seconds.items():
        assert 0 < taken < (90 if number in LONGER else 60), number
    assert 0 < in_a_room < sum(seconds[number] for number in room.PATH)


def test_its_picture_shows_the_notebook_as_it_is() -> None:
    assert readme_picture.digest_in(readme_picture.PICTURE) == readme_picture.digest(), (
        "take it again: python -m tests.browser.readme_picture"
    )


def test_its_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", TEXT)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_it_names_every_variable_backend_and_version() -> None:
    for name in ("BACKEND", "IMAGE", "KAFKA_HOME", "CLIENT_CONFIG", "BOOTSTRAP_SERVERS", "CACHE"):
        assert f"KAFKALAB_{name}" in TEXT
    for word in (*BACKENDS, CURRENT.version, CURRENT.image.split("@")[0]):
        assert word in TEXT

"""Every committed notebook has what `skeleton.py` asks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.notebooks import markdown, structure

PAGES = [
    page
    for page in (*structure.ROOT.glob("*.md"), *(structure.ROOT / "docs").rglob("*.md"))
    if page.is_file()
]


def _name(value: object) -> str:
    return value.stem if isinstance(value, Path) else getattr(value, "__name__", str(value))


@pytest.mark.parametrize("check", structure.CHECKS, ids=_name)
@pytest.mark.parametrize("path", structure.all_notebooks(), ids=_name)
def test_notebook(path: Path, check: structure.Check) -> None:
    where = path.relative_to(structure.ROOT)
    faults = [f"{where}, {fault}" for fault in check(structure.subject(path))]
    assert not faults, "\n".join(faults)


def test_there_are_notebooks() -> None:
    assert structure.all_notebooks()[0].name == "00_start_here.ipynb"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_of_a_page_resolve(page: Path) -> None:
    found = markdown.read(page.read_text(encoding="utf-8"))
    broken = {link: structure.broken_link(link, page, found.headings) for link in found.links}
    assert not {link: reason for link, reason in broken.items() if reason}

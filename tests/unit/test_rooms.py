"""CONTRIBUTING.md's map of the rooms is the tree, in the order that import-linter holds."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "helpers" / "kafkalab"


def mapped() -> dict[str, str]:
    """Room → its row's text, as CONTRIBUTING.md has them."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = text.split("<!-- rooms: begin -->")[1].split("<!-- rooms: end -->")[0]
    return dict(re.findall(r"^\| `(\w+)/` \|(.*)$", rows, re.M))


def layers() -> list[str]:
    """The contract's layers, from the top down; neighbors on one layer as one text."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    found: list[str] = next(c["layers"] for c in contracts if c["type"] == "layers")
    return found


def test_the_map_has_every_room_of_the_tree() -> None:
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert set(mapped()) == rooms


def test_the_map_is_in_the_order_of_the_layers() -> None:
    order = [name for layer in layers() for name in layer.split(" | ")]
    assert list(mapped()) == [name for name in order if (PACKAGE / name).is_dir()]


def test_folders_that_the_map_names_are_there() -> None:
    for room, row in mapped().items():
        for folder in re.findall(r"`([\w/]+)/`", row):
            inside = PACKAGE / room / folder
            assert inside.is_dir() or (PACKAGE / folder).is_dir() or folder == "my-lab", folder


def test_every_room_says_what_it_is() -> None:
    for init in PACKAGE.rglob("__init__.py"):
        assert init.read_text(encoding="utf-8").startswith('"""'), init

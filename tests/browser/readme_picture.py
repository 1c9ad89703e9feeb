"""Take the README's picture again: `python -m tests.browser.readme_picture`.

JupyterLab runs notebook 00 as a person does. The picture keeps a digest of the cells that it
shows, so that a test can say when they have changed since.
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from PIL import Image, PngImagePlugin
from playwright.sync_api import Page

from kafkalab.learn.lab import FIRST, ORIGINALS
from tests.browser.lab import (
    CELLS,
    IN_NOTEBOOK,
    browser_at,
    browser_path,
    copy_of_the_checkout,
    lab_in,
    run_all,
)
from tests.notebooks.structure import ROOT

PICTURE = ROOT / "docs" / "images" / "00_start_here.png"
DIGEST = "cells"
LAST = "show.log("
"""The last cell in sight is the first that has this."""
COLORS = 64


def digest() -> str:
    """Of the committed cells that the picture shows, and what they print and draw."""
    shown: list[dict[str, Any]] = []
    for cell in nbformat.read(ROOT / ORIGINALS / FIRST, as_version=4).cells:
        outputs = [output.get("data", output.get("text")) for output in cell.get("outputs", [])]
        shown.append({"source": cell.source, "outputs": outputs})
        if cell.cell_type == "code" and LAST in cell.source:
            break
    return hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()


def digest_in(picture: Path) -> str:
    """What `digest` was when the picture was taken; empty where nobody wrote it down."""
    with Image.open(picture) as image:
        return str(image.info.get(DIGEST, ""))


def take(path: str) -> bytes:
    """A screenshot of the notebook's panel, from its first output to its first picture."""
    with tempfile.TemporaryDirectory() as room:
        folder, own = Path(room, "kafka-notebooks"), Path(room, "jupyter")
        environment = copy_of_the_checkout(folder, own)
        with lab_in(folder, environment) as lab, browser_at(path) as browser:
            page = browser.new_page(viewport={"width": 1000, "height": 1082})
            run_all(page, lab)
            show_the_first_picture(page)
            return page.locator(f"{IN_NOTEBOOK} .jp-WindowedPanel-outer").screenshot()


def show_the_first_picture(page: Page) -> None:
    """Scroll there, with no cell selected and the file browser closed."""
    page.keyboard.press("Control+b")
    page.locator(CELLS, has_text=LAST).first.evaluate("cell => cell.scrollIntoView({block: 'end'})")
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur()")
    page.wait_for_function(
        "() => !document.querySelector('.jp-FileBrowser')?.checkVisibility()", timeout=10_000
    )


def small(screenshot: bytes) -> bytes:
    """The picture as a PNG of few colors, with the digest in it."""
    note = PngImagePlugin.PngInfo()
    note.add_text(DIGEST, digest())
    packed = io.BytesIO()
    with Image.open(io.BytesIO(screenshot)) as image:
        few = image.convert("RGB").quantize(COLORS)
        few.save(packed, "PNG", optimize=True, pnginfo=note)
    return packed.getvalue()


def main() -> int:
    """Write the picture; 1 where there is no browser."""
    path = browser_path()
    if path is None:
        print("The picture needs Chromium or Chrome.", file=sys.stderr)
        return 1
    PICTURE.write_bytes(small(take(path)))
    print(f"{PICTURE.relative_to(ROOT)}: written")
    return 0


if __name__ == "__main__":
    sys.exit(main())

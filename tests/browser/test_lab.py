"""The main job as a person does it: `make lab`, *Run All Cells*, look."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest
from playwright.sync_api import Browser, Page, expect

from kafkalab.learn.lab import COPIES, FIRST, ORIGINALS
from tests import broker_logs
from tests.browser.lab import (
    CELLS,
    ERRORS,
    IN_NOTEBOOK,
    OUTPUTS,
    SERVER_STOP,
    Lab,
    copy_of_the_checkout,
    lab_in,
    run_all,
)
from tests.notebooks.canonical import comparable
from tests.notebooks.structure import ROOT

READ_CELLS = f"""() => [...document.querySelectorAll('{CELLS}')].map(cell => ({{
    prompt: cell.querySelector('.jp-InputPrompt').innerText,
    source: cell.querySelector('.cm-content').innerText.trim(),
    outputs: [...cell.querySelectorAll('.jp-OutputArea-output')].map(output => ({{
        mime: output.dataset.mimeType,
        text: output.innerText,
        pictures: output.querySelectorAll('svg, img').length,
    }})),
}}))"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab on a copy of the notebooks, in a folder with spaces and Korean letters."""
    folder = tmp_path_factory.mktemp("browser") / "내 Kafka lab"
    environment = copy_of_the_checkout(folder, tmp_path_factory.mktemp("jupyter"))
    with lab_in(folder, environment) as running:
        yield running
        processes = psutil.Process(running.process.pid).children(recursive=True)
    gone, alive = psutil.wait_procs(processes, timeout=SERVER_STOP)
    assert not alive, "processes of JupyterLab are left"
    assert not [record for p in gone for record in broker_logs.held_runs(p.pid)]


@pytest.fixture(scope="module")
def page(browser: Browser, lab: Lab) -> Iterator[Page]:
    """The first notebook, opened by the address that the server prints, and run to its end."""
    page = browser.new_page(viewport={"width": 1280, "height": 1600})
    run_all(page, lab)
    yield page
    page.close()


@pytest.fixture(scope="module")
def cells(page: Page) -> list[dict[str, Any]]:
    """What a person sees of the code cells."""
    seen: list[dict[str, Any]] = page.evaluate(READ_CELLS)
    return seen


@pytest.fixture(scope="module")
def committed() -> list[Any]:
    notebook = nbformat.read(ROOT / ORIGINALS / FIRST, as_version=4)
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_the_copy_opens_and_not_the_original(page: Page, lab: Lab) -> None:
    assert f"/lab/tree/{COPIES}/{FIRST}" in page.url
    assert (lab.folder / COPIES / FIRST).is_file()
    expect(page.locator(".jp-Dialog")).to_have_count(0)


def test_every_cell_ran_once_in_order(cells: list[dict[str, Any]], committed: list[Any]) -> None:
    numbers = [int(re.sub(r"\D", "", cell["prompt"])) for cell in cells]
    assert numbers == list(range(1, len(committed) + 1))


def test_no_error_and_no_red_text(page: Page) -> None:
    assert page.locator(ERRORS).all_inner_texts() == []


def test_what_is_printed_is_what_is_committed(
    cells: list[dict[str, Any]], committed: list[Any]
) -> None:
    kind = "application/vnd.jupyter.stdout"
    for seen, cell in zip(cells, committed, strict=True):
        printed = [o["text"].strip() for o in seen["outputs"] if o["mime"] == kind]
        wanted = [o.text.strip() for o in cell.outputs if o.output_type == "stream"]
        assert [*map(comparable, printed)] == [*map(comparable, wanted)]
        assert len(seen["outputs"]) == len(cell.outputs)


def test_the_pictures_are_shown(page: Page, committed: list[Any]) -> None:
    drawn = [o for cell in committed for o in cell.outputs if "<svg" in str(o.get("data", ""))]
    assert drawn, "the first notebook shows a picture"
    pictures = page.locator(f"{OUTPUTS} svg[role='img']")
    expect(pictures).to_have_count(len(drawn))
    for number in range(len(drawn)):
        box = pictures.nth(number).bounding_box()
        assert box is not None
        assert box["width"] > 100
        assert box["height"] > 40


LEAST_TEXT = 9.5
"""Pixels of the smallest text in a picture."""

WIDTHS = """pictures => pictures.map(picture => {
    const box = picture.getBoundingClientRect();
    const scale = box.width / picture.viewBox.baseVal.width;
    const sizes = [...picture.querySelectorAll('text')].map(
        text => parseFloat(getComputedStyle(text).fontSize));
    const area = picture.closest('.jp-OutputArea-output');
    const frame = picture.closest('[tabindex]');
    frame.scrollLeft = 10_000;
    const hidden = picture.getBoundingClientRect().right - frame.getBoundingClientRect().right;
    frame.scrollLeft = 0;
    return {
        text: Math.min(...sizes) * scale,
        scale: scale,
        sticks_out: area.scrollWidth - area.clientWidth,
        unreachable: hidden,
    };
})"""


@pytest.mark.parametrize("width", [1024, 1280, 2560])
def test_the_pictures_are_legible_at_any_width(page: Page, lab: Lab, width: int) -> None:
    """With the side bar open, as at first: where there is no room, a picture scrolls."""
    wide = page.viewport_size
    assert wide is not None
    page.set_viewport_size({"width": width, "height": 1600})
    pictures = page.locator(f"{OUTPUTS} svg[role='img']")
    pictures.first.scroll_into_view_if_needed()
    seen = pictures.evaluate_all(WIDTHS)
    page.screenshot(path=lab.folder / f"{width}.png")
    page.set_viewport_size(wide)
    assert seen
    for picture in seen:
        assert picture["text"] >= LEAST_TEXT, f"see {lab.folder}/{width}.png"
        assert picture["scale"] <= 1
        assert picture["sticks_out"] <= 0
        assert picture["unreachable"] <= 1


def test_a_link_to_another_notebook_opens_the_learner_s_copy(page: Page, lab: Lab) -> None:
    link = page.locator(f"{IN_NOTEBOOK} .jp-MarkdownCell a[href*='.ipynb']").first
    name = link.get_attribute("href") or ""
    link.click()
    opened = Path(name.split("?")[0]).name.split("#")[0]
    tab = page.get_by_role("tab", name=re.compile(re.escape(opened)))
    expect(tab).to_have_count(1, timeout=30_000)
    assert next((lab.folder / COPIES).rglob(opened)).is_file()
    page.get_by_role("tab", name=FIRST).click()
    expect(page.locator(OUTPUTS).first).to_be_visible()


def test_the_pictures_are_legible_in_both_themes(page: Page, lab: Lab) -> None:
    picture = page.locator(f"{OUTPUTS} svg[role='img']").first
    light = contrasts(page)
    picture.scroll_into_view_if_needed()
    page.screenshot(path=lab.folder / "light.png")

    page.get_by_role("menuitem", name="Settings", exact=True).click()
    page.locator(".lm-Menu-item", has_text=re.compile(r"^Theme")).first.hover()
    page.locator(".lm-Menu-item", has_text=re.compile(r"^JupyterLab Dark$")).first.click()
    expect(page.locator("body[data-jp-theme-light='false']")).to_have_count(1, timeout=30_000)
    picture.scroll_into_view_if_needed()
    page.screenshot(path=lab.folder / "dark.png")
    dark = contrasts(page)

    assert light
    assert dark
    weak = {text: ratio for text, ratio in [*light.items(), *dark.items()] if ratio < 4.5}
    assert not weak, f"see {lab.folder}"


def contrasts(page: Page) -> dict[str, float]:
    """Each text in a picture, and the contrast to what is behind it (WCAG 2, 1 to 21)."""
    found: dict[str, float] = page.evaluate(
        f"""() => {{
        const numbers = color => {{
            const context = document.createElement('canvas').getContext('2d');
            context.fillStyle = color;
            context.fillRect(0, 0, 1, 1);
            return [...context.getImageData(0, 0, 1, 1).data];
        }};
        const light = color => {{
            const [r, g, b] = color.slice(0, 3).map(v => v / 255).map(
                v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        }};
        const over = (top, below) => {{
            const a = top[3] / 255;
            return [0, 1, 2].map(i => top[i] * a + below[i] * (1 - a)).concat(255);
        }};
        const page_color = numbers(
            getComputedStyle(document.body).getPropertyValue('--jp-layout-color0') || 'white');
        const inside = (a, b) => a.left >= b.left - 1 && a.right <= b.right + 1
            && a.top >= b.top - 1 && a.bottom <= b.bottom + 1;
        const found = {{}};
        for (const svg of document.querySelectorAll("{OUTPUTS} svg[role='img']")) {{
            for (const text of svg.querySelectorAll('text')) {{
                if (!text.textContent.trim()) continue;
                const box = text.getBoundingClientRect();
                let behind = page_color;
                for (const rect of svg.querySelectorAll('rect')) {{
                    const style = getComputedStyle(rect);
                    if (rect.closest('clipPath, mask, pattern, defs')) continue;
                    if (style.fill === 'none' || style.fill.startsWith('url')) continue;
                    const follows = rect.compareDocumentPosition(text) & 4;
                    if (follows && inside(box, rect.getBoundingClientRect())) {{
                        const fill = numbers(style.fill);
                        fill[3] *= style.opacity * style.fillOpacity;
                        behind = over(fill, behind);
                    }}
                }}
                const style = getComputedStyle(text);
                const fill = numbers(style.fill);
                fill[3] *= style.opacity * style.fillOpacity;
                const [a, b] = [light(over(fill, behind)), light(behind)];
                const theme = document.body.dataset.jpThemeLight === 'true' ? 'light' : 'dark';
                const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
                const name = `${{theme}}: ${{text.textContent.trim()}}`;
                found[name] = Math.min(ratio, found[name] ?? 21);
            }}
        }}
        return found;
    }}"""
    )
    return found

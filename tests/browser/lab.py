"""A JupyterLab of its own, started as `make lab` starts it, and a browser that runs a notebook."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from kafkalab.common.deadline import Deadline
from kafkalab.learn.lab import ORIGINALS
from tests.notebooks.structure import ROOT

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
SERVER_START = 120.0
KERNEL_START = 120.0
RUN_ALL = 240.0
SERVER_STOP = 60.0
SERVER_LINES = 40

ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/lab/tree/\S+\?token=[0-9a-f]+")
IN_NOTEBOOK = ".jp-NotebookPanel:not(.lm-mod-hidden)"
CELLS = f"{IN_NOTEBOOK} .jp-CodeCell"
OUTPUTS = f"{IN_NOTEBOOK} .jp-OutputArea-output"
ERRORS = ", ".join(
    f"{OUTPUTS}[data-mime-type='application/vnd.jupyter.{kind}']" for kind in ("error", "stderr")
)


def browser_path() -> str | None:
    """The browser of this machine, or None."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


@contextmanager
def browser_at(path: str) -> Iterator[Browser]:
    """That browser, without a window."""
    as_root = hasattr(os, "geteuid") and os.geteuid() == 0
    options = ["--disable-dev-shm-usage", *(["--no-sandbox"] if as_root else [])]
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=options)
        yield running
        running.close()


@dataclass(frozen=True)
class Lab:
    """A JupyterLab that runs, started as `make lab` starts it."""

    folder: Path
    address: str
    process: subprocess.Popen[str]
    written: list[str]

    @property
    def origin(self) -> str:
        return self.address.split("/lab/")[0]

    @property
    def token(self) -> str:
        return self.address.split("token=")[1]


def copy_of_the_checkout(folder: Path, own: Path) -> dict[str, str]:
    """What a learner has, in `folder`; the variables of a JupyterLab with settings in `own`."""
    for name in (ORIGINALS, "docs"):
        shutil.copytree(ROOT / name, folder / name)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "JUPYTER"))}
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        environment[name] = str(own / name.lower())
    for name in ("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR"):
        environment[name] = str(own / name.lower())
    draw_all_cells(Path(environment["JUPYTERLAB_SETTINGS_DIR"]))
    return environment


def draw_all_cells(settings: Path) -> None:
    """JupyterLab draws only the cells in sight, by default, and the tests read all of them."""
    own = settings / "@jupyterlab" / "notebook-extension" / "tracker.jupyterlab-settings"
    own.parent.mkdir(parents=True)
    own.write_text('{"windowingMode": "none"}', encoding="utf-8")


@contextmanager
def lab_in(folder: Path, environment: Mapping[str, str]) -> Iterator[Lab]:
    """`kafkalab lab` in a copy of the checkout, without opening a browser of its own."""
    command = [str(Path(sys.executable).with_name("kafkalab")), "lab", "--no-browser"]
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    ) as process:
        yield from _served(folder, process)


def _served(folder: Path, process: subprocess.Popen[str]) -> Iterator[Lab]:
    """The server once it has said its address; it is ended after that."""
    written: list[str] = []
    reader = threading.Thread(target=written.extend, args=(process.stdout,), daemon=True)
    reader.start()
    found: list[str] = []

    def says_its_address() -> bool:
        found[:] = ADDRESS.findall("".join(written))
        return bool(found) or process.poll() is not None

    try:
        assert Deadline(SERVER_START).wait_for(says_its_address, poll=0.1), "".join(written)
        assert found, "".join(written)
        yield Lab(folder, found[0], process, written)
    finally:
        process.terminate()
        try:
            process.wait(SERVER_STOP)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


def run_all(page: Page, lab: Lab) -> None:
    """Open the address that the server prints, and choose *Run All Cells*."""
    page.goto(lab.address, wait_until="domcontentloaded")
    expect(page.locator(CELLS).first).to_be_visible(timeout=60_000)
    wait_for_kernel(page, lab)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name=re.compile("^Run All Cells")).click()
    wait_until_numbered(page, lab)


def wait_for_kernel(page: Page, lab: Lab) -> None:
    """JupyterLab shows an idle kernel before the notebook has one; the server knows."""
    deadline = Deadline(KERNEL_START)
    while not deadline.passed:
        sessions = page.request.get(f"{lab.origin}/api/sessions?token={lab.token}").json()
        kernels = [session["kernel"] for session in sessions]
        if any(k["execution_state"] == "idle" and k["connections"] for k in kernels):
            return
        page.wait_for_timeout(100)
    fail(page, lab, f"no kernel is idle after {KERNEL_START:g} s; does a dialogue ask for one?")


def wait_until_numbered(page: Page, lab: Lab) -> None:
    deadline = Deadline(RUN_ALL)
    while not deadline.passed:
        prompts = page.locator(f"{CELLS} .jp-InputPrompt").all_inner_texts()
        if all(re.search(r"\[\d+\]", prompt) for prompt in prompts):
            return
        if page.locator(ERRORS).count():
            break
        page.wait_for_timeout(200)
    fail(page, lab, f"the cells show {prompts} and {page.locator(ERRORS).all_inner_texts()}")


def fail(page: Page, lab: Lab, what: str) -> NoReturn:
    picture = lab.folder / "failed.png"
    page.screenshot(path=picture)
    server = "".join(lab.written[-SERVER_LINES:])
    pytest.fail(f"{what}\nthe screen: {picture}\nJupyterLab wrote last:\n{server}", pytrace=False)

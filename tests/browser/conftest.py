"""The browser of this machine, for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.lab import BROWSERS, browser_at, browser_path
from tests.conftest import skip_or_fail

expect.set_options(timeout=30_000)  # a page's own default timeout does not count for it


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = browser_path()
    if path is None:
        skip_or_fail(f"no browser is installed (looked for {', '.join(BROWSERS)})", "browser")
    with browser_at(path) as running:
        yield running

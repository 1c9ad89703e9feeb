"""■ in notebook 10: quixstreams takes it while an application runs, and `run_app` gives it back.

The functions that take it are the library's own; only what they stop is a stand-in, since a
running application needs a cluster, and `test_interrupted` has one.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from quixstreams import Application

from tests.notebooks.structure import NOTEBOOKS, subject

LIBRARY: Any = Application  # its handlers get a stand-in for themselves
STREAMS = NOTEBOOKS / "quickstart" / "10_streams.ipynb"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")


class Runs:
    """Handles signals as an application does, and has ■ pressed while it runs, or not."""

    def __init__(self, pressed: bool) -> None:
        self._pressed = pressed
        self.stopped = False

    def _on_sigint(self, *_: object) -> None:
        LIBRARY._on_sigint(self)

    def _on_sigterm(self, *_: object) -> None:
        LIBRARY._on_sigterm(self)

    def stop(self) -> None:
        self.stopped = True

    def run(self, count: int, timeout: float) -> None:
        LIBRARY._setup_signal_handlers(self)
        if self._pressed:
            os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture
def run_app() -> Iterator[Callable[[Runs, int], None]]:
    (source,) = (cell.source for _, cell in subject(STREAMS).code if "def run_app" in cell.source)
    names: dict[str, Any] = {}
    exec("import signal\n" + source, names)  # noqa: S102
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)  # as a kernel does before a cell
    yield names["run_app"]
    for number, handler in before.items():
        signal.signal(number, handler)


def test_the_button_works_again_after_a_run(run_app: Callable[[Runs, int], None]) -> None:
    run_app(Runs(pressed=False), 1)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_the_button_ends_the_run_and_the_cell(run_app: Callable[[Runs, int], None]) -> None:
    app = Runs(pressed=True)
    with pytest.raises(KeyboardInterrupt):
        run_app(app, 1)
    assert app.stopped
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler

"""■ while an application of quixstreams runs: the library takes it, `stop_button` gives it back.

The functions that take it are the library's own; only what they stop is a stand-in, since a
running application needs a cluster, and `interrupted` has one.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from quixstreams import Application

from kafkalab import stop_button

LIBRARY: Any = Application  # its handlers get a stand-in for themselves

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

    def run(self) -> None:
        LIBRARY._setup_signal_handlers(self)
        if self._pressed:
            os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)  # as a kernel does before a cell
    yield
    now = {number: signal.getsignal(number) for number in before}
    for number, handler in before.items():
        signal.signal(number, handler)
    assert now == {**before, signal.SIGINT: signal.default_int_handler}


def test_the_button_works_again_after_a_run() -> None:
    app = Runs(pressed=False)
    with stop_button():
        app.run()
    assert not app.stopped


def test_the_button_ends_the_run_and_the_cell() -> None:
    app = Runs(pressed=True)
    with pytest.raises(KeyboardInterrupt), stop_button():
        app.run()
    assert app.stopped


def test_an_error_in_the_run_stays_what_it_is() -> None:
    def run_and_fail() -> None:
        Runs(pressed=False).run()
        raise RuntimeError

    with pytest.raises(RuntimeError), stop_button():
        run_and_fail()


def test_the_button_before_the_library_takes_it() -> None:
    with pytest.raises(KeyboardInterrupt), stop_button():
        signal.raise_signal(signal.SIGINT)

"""Whatever ends a cluster's owner, nothing of the cluster is left."""

from __future__ import annotations

import os
import random
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from kafkalab.backends.choice import BackendName
from kafkalab.settings import Settings
from tests import life

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")

MOMENTS = 6
"""So many a run; each run draws others."""
SIDE_BY_SIDE = 3
"""So many owners start, die and are waited for at once."""


@pytest.fixture
def settings(backend: BackendName, tmp_path: Path) -> Settings:
    return replace(life.lab_settings(tmp_path / "cache"), backend=backend)


def a_start_in_seconds(settings: Settings) -> float:
    """How long a start takes on this machine now: moments are spread over it."""
    with life.owner(settings, "hold") as owner:
        assert owner.line() == "go"
        start = time.monotonic()
        assert owner.line().startswith("ready"), "the cluster did not start"
        seconds = time.monotonic() - start
        owner.kill()
        assert life.nothing_left(settings) == []
    return seconds


def caches(settings: Settings) -> list[Settings]:
    """One cache an owner, so that what is left can be told apart."""
    own = settings.cache
    return [
        replace(life.lab_settings(own.parent / f"cache-{i}"), backend=settings.backend)
        for i in range(MOMENTS)
    ]


def killed_after(settings: Settings, seconds: float) -> str:
    with life.owner(settings, "hold") as owner:
        assert owner.line() == "go"
        time.sleep(seconds)  # the moment is what is tested
        owner.kill()
        left = life.nothing_left(settings)
    return f"killed after {seconds:.2f} s: {left}" if left else ""


def interrupted_after(settings: Settings, seconds: float) -> str:
    with life.owner(settings, "interrupted") as owner:
        assert owner.line() == "go"
        time.sleep(seconds)
        owner.press_stop()
        said = owner.line()
        if said == "ready":
            owner.press_stop()
            said = owner.line()
        code = owner.end()
    fine = said == "left []" and code == 0 and not life.nothing_left(settings)
    return "" if fine else f"interrupted after {seconds:.2f} s: {said!r}, exit code {code}"


def moments(longest: float, seed: int) -> list[float]:
    """Random ones, from the first file to the running cluster."""
    draw = random.Random(seed)
    return [draw.uniform(0.0, longest) for _ in range(MOMENTS)]


def test_sigkill_at_any_moment_leaves_nothing(settings: Settings) -> None:
    longest = 2 * a_start_in_seconds(settings)  # side by side they are slower
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        results = pool.map(
            killed_after, caches(settings), moments(longest, seed=int.from_bytes(os.urandom(4)))
        )
        assert [result for result in results if result] == []


def test_stop_button_at_any_moment_of_a_start_leaves_nothing(settings: Settings) -> None:
    longest = 2 * a_start_in_seconds(settings)
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        results = pool.map(
            interrupted_after,
            caches(settings),
            moments(longest, seed=int.from_bytes(os.urandom(4))),
        )
        assert [result for result in results if result] == []


def test_stop_button_reaches_clients_and_no_broker(settings: Settings) -> None:
    with life.owner(settings, "work") as owner:
        assert owner.line() == "ready"
        owner.press_stop()
        assert owner.line() == "interrupted"
        assert owner.line() == "unwritten 0 same True states ['running']"
        assert owner.line() == "left []"
        assert owner.end() == 0


def test_a_forked_child_does_not_keep_the_cluster(settings: Settings) -> None:
    with life.owner(settings, "fork") as owner:
        child = int(re.fullmatch(r"child (\d+)", owner.line())[1])  # type: ignore[index]
        try:
            owner.kill()
            left = life.nothing_left(settings)
            assert psutil.pid_exists(child), "the child ended too early to prove anything"
            assert left == []
        finally:
            with suppress(psutil.NoSuchProcess):
                psutil.Process(child).kill()


def test_stop_does_not_wait_for_a_forked_child(settings: Settings) -> None:
    with life.owner(settings, "fork") as owner:
        assert owner.line().startswith("child ")
        assert owner.process.stdin is not None
        owner.process.stdin.write("\n")
        owner.process.stdin.flush()
        # one that does not hear the goodbye is killed
        assert owner.line() == "stopped, the guardian returned 0"
        assert life.nothing_left(settings) == []

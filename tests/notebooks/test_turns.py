"""Where CI runs the notebooks: the quick start on both backends, use cases on each in turn."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

from tests.notebooks.nbval_shim import BACKENDS, backends_for
from tests.notebooks.structure import ROOT, all_notebooks


def test_the_quick_start_runs_on_both() -> None:
    quick = [path for path in all_notebooks() if path.parent.name == "quickstart"]
    assert quick
    assert {backends_for(path, "turns") for path in quick} == {BACKENDS}


def test_use_cases_take_turns() -> None:
    cases = [path for path in all_notebooks() if path.parent.name == "use_cases"]
    found = Counter(backends_for(path, "turns") for path in cases)
    assert found.keys() == {("process",), ("docker",)}
    assert all(backends_for(path, "all") == BACKENDS for path in cases)


def test_without_the_option_auto_chooses() -> None:
    assert {backends_for(path, None) for path in all_notebooks()} == {("",)}


def test_what_is_in_turn_runs_on_one_of_the_two() -> None:
    both, turns = collected("all"), collected("turns")
    dropped = [test for test in both if test not in turns]
    assert dropped
    for test in dropped:
        here, there = BACKENDS if f"[{BACKENDS[0]}" in test else BACKENDS[::-1]
        assert test.replace(f"[{here}", f"[{there}") in turns


def collected(each: str) -> list[str]:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
    command += ["--each-backend", each, "tests/integration/test_services.py"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [line for line in done.stdout.splitlines() if "::" in line]

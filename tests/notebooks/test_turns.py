"""Where CI runs the notebooks: the quick start on both backends, use cases on each in turn."""

from __future__ import annotations

from collections import Counter

from tests.notebooks.nbval_shim import BACKENDS, backends_for
from tests.notebooks.structure import all_notebooks


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

"""A notebook whose services this machine lacks is skipped in words, or fails where CI has them."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from kafkalab.services import choice
from kafkalab.services.debezium import DEBEZIUM
from kafkalab.terminal import prefetch
from tests.notebooks import needs
from tests.notebooks.interrupted import cells_of, press_for
from tests.notebooks.structure import all_notebooks, subject
from tests.notebooks.test_nbval_catches import code, nbval

STARTS = "from kafkalab import services\nredis, again = services.Redis(), services.Redis()"
NO_IMAGE = "kafkalab/no-such-image:0"


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    path = tmp_path / "beside.ipynb"
    cells = [code(STARTS), code("redis.start()"), code("redis.stop()")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither an image of Redis nor its program."""
    monkeypatch.setenv("KAFKALAB_REDIS_IMAGE", NO_IMAGE)
    monkeypatch.delenv("KAFKALAB_BACKEND", raising=False)
    monkeypatch.delenv("KAFKALAB_TEST_REQUIRE", raising=False)
    monkeypatch.setattr(choice, "find_program", lambda *_: None)


def test_each_service_is_named_once(notebook: Path) -> None:
    assert needs.services_of(notebook) == ["redis"]


def test_most_notebooks_start_none() -> None:
    assert needs.services_of(all_notebooks()[0]) == []


@pytest.mark.parametrize("backend", ["docker", "process", ""])
@pytest.mark.usefixtures("nowhere")
def test_a_notebook_whose_service_is_missing_is_skipped(notebook: Path, backend: str) -> None:
    reasons = r"image|[Nn]o Docker engine answers|redis-server is not installed"
    with pytest.raises(pytest.skip.Exception, match=reasons):
        needs.need_services(notebook, backend)


@pytest.mark.parametrize(
    ("backend", "need"), [("docker", "redis-image"), ("process", "redis"), ("", "redis")]
)
@pytest.mark.usefixtures("nowhere")
def test_it_fails_where_the_service_is_required(
    notebook: Path, backend: str, need: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKALAB_TEST_REQUIRE", need)
    with pytest.raises(pytest.fail.Exception, match=f"{need} is required here"):
        needs.need_services(notebook, backend)


def test_nbval_says_why_it_skips(notebook: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKALAB_BACKEND", "docker")
    monkeypatch.setenv("KAFKALAB_REDIS_IMAGE", NO_IMAGE)
    monkeypatch.delenv("KAFKALAB_TEST_REQUIRE", raising=False)
    run = nbval(notebook.parent)
    assert (run.returncode, run.failed, run.passed) == (0, {}, set())
    assert len(run.skipped) == 3
    assert all("image" in reason or "Docker engine" in reason for reason in run.skipped.values())


LONG = [path for path in all_notebooks() if path.parent.name == "use_cases" or "08_" in path.name]


@pytest.mark.parametrize("path", LONG, ids=lambda path: path.stem)
def test_the_press_comes_early_in_what_takes_long(path: Path) -> None:
    cells = cells_of(path)
    assert press_for(path, cells) == press_for(path, cells)
    assert press_for(path, cells).number <= cells[(len(cells) - 1) // 3].number


@pytest.mark.parametrize("path", all_notebooks(), ids=lambda path: path.stem)
def test_what_a_notebook_runs_beside_kafka_can_be_fetched_by_its_number(path: Path) -> None:
    source = "\n".join(cell.source for _, cell in subject(path).code)
    exporter = [prefetch.EXPORTER] if "jmx_exporter=True" in source else []
    connector = [DEBEZIUM.name] if needs.has_debezium(path) else []
    beside = prefetch.BESIDE.get(path.name[:2], ())
    assert sorted(beside) == sorted([*exporter, *connector, *needs.services_of(path)])

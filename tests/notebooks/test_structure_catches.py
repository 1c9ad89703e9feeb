"""Each check of `structure.py` finds its fault, and none in a whole notebook."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.notebooks import skeleton, structure

PICTURE = {"image/png": "iVBORw0KGgo=", "text/plain": "<Figure size 640x480 with 1 Axes>"}
SVG = "<svg role='img'><title>The log</title><desc>Three records</desc></svg>"

OPENING = """\
# 03 · Write events

## You will be able to

- write a record
- wait for the broker's answer
- see a write fail

## Needs

- Time: 15 minutes
- Backends: docker, process, existing
- Before: [02](02_create_topic.ipynb)

## Start the cluster

This cluster is new; topics of other notebooks are not in it. A **record** is one event."""


def stdout(text: str) -> Any:
    return nbformat.v4.new_output("stream", name="stdout", text=text)


def result(**data: str) -> Any:
    return nbformat.v4.new_output("execute_result", data=data)


def error(text: str) -> Any:
    return nbformat.v4.new_output("error", ename="KafkaError", evalue=text, traceback=[text])


def recorded() -> list[Any]:
    code: Any = nbformat.v4.new_code_cell
    placeholder = {"tags": [skeleton.PLACEHOLDER]}
    return [
        code(f"guess = {skeleton.RECORDS}", metadata=placeholder),
        code(f"other = {skeleton.RECORDS}", metadata=placeholder),
        code("guess.compare(1)\nother.compare(2)"),
    ]


def exercise_cells() -> list[Any]:
    code: Any = nbformat.v4.new_code_cell
    cells = [
        nbformat.v4.new_markdown_cell("## Exercises"),
        code('q1, q2 = exercises.load("03", cluster)'),
    ]
    for name in ("q1", "q2"):
        check = code(
            f"answer = None\n{name}.check(answer)",
            metadata={"tags": [skeleton.PLACEHOLDER]},
            outputs=[result(**{"text/plain": "Exercise · not attempted"})],
        )
        cells += [code(name), code(f"{name}.start()"), check]
    return cells


def whole() -> Any:
    """A notebook without a fault."""
    text: Any = nbformat.v4.new_markdown_cell
    code: Any = nbformat.v4.new_code_cell
    cells = [
        text(OPENING),
        code("cluster = KafkaCluster().start()", outputs=[result(**{"text/plain": "1 broker"})]),
        text("## One\n\n> *Belief:* it is written.\n\n> *Predict:* what is printed?"),
        code("print('at', cluster.bootstrap_servers)", outputs=[stdout("at 127.0.0.1:9092\n")]),
        text("## Two\n\n> *Predict:* what is drawn? See [the first](#One) and **partitions**."),
        code("show.log(cluster, 'x')", outputs=[result(**{"image/svg+xml": SVG})]),
        text("## Three\n\nThe time differs, so it is not compared.\n\n> *Predict:* how long?"),
        code("print(took)", metadata={"tags": [skeleton.IGNORED]}, outputs=[stdout("0.3\n")]),
        text("## When it goes wrong"),
        code("fail()", metadata={"tags": [skeleton.FAILS]}, outputs=[error("no such topic")]),
        *recorded(),
        *exercise_cells(),
        text("## Recap\n\nYou wrote.\n\n![three records](picture.svg)\n\n## Stop the cluster"),
        code("cluster.stop()"),
        text("## Next\n\n[04 Read events](04_read_events.ipynb)"),
    ]
    for number, cell in enumerate((c for c in cells if c.cell_type == "code"), start=1):
        cell.execution_count = number
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata = nbformat.from_dict(skeleton.metadata_of(notebook))
    return notebook


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    nbformat.write(nbformat.v4.new_notebook(), tmp_path / "02_create_topic.ipynb")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("## The end")])
    nbformat.write(notebook, tmp_path / "04_read_events.ipynb")
    (tmp_path / "picture.svg").write_text(SVG, encoding="utf-8")
    return tmp_path


def subject(folder: Path, notebook: Any) -> structure.Subject:
    path = folder / "03_write_events.ipynb"
    nbformat.write(notebook, path)
    return structure.Subject(
        path, notebook, frozenset({"topic"}), frozenset({"record", "partition", "topic", "offset"})
    )


@pytest.mark.parametrize("check", structure.CHECKS, ids=lambda check: check.__name__)
def test_a_whole_notebook_has_no_fault(folder: Path, check: structure.Check) -> None:
    assert not list(check(subject(folder, whole())))


def replaced(number: int, old: str, new: str) -> Callable[[Any], None]:
    def change(notebook: Any) -> None:
        assert old in notebook.cells[number].source
        notebook.cells[number].source = notebook.cells[number].source.replace(old, new)

    return change


def printed(number: int, *outputs: Any) -> Callable[[Any], None]:
    def change(notebook: Any) -> None:
        notebook.cells[number].outputs = list(outputs)

    return change


def cell(number: int, **fields: Any) -> Callable[[Any], None]:
    def change(notebook: Any) -> None:
        notebook.cells[number].update(nbformat.from_dict(fields))

    return change


def added(*cells: Any) -> Callable[[Any], None]:
    return lambda notebook: notebook.cells.extend(cells)


RECAP, STOP, NEXT = 21, 22, 23
MANY_TERMS = " ".join(f"**term {letter}**" for letter in "abcd")

DAMAGES: list[tuple[structure.Check, Callable[[Any], None], str]] = [
    (
        structure.minimal_metadata,
        lambda notebook: notebook.metadata.update({"toc": {}}),
        "metadata of the notebook",
    ),
    (structure.minimal_metadata, cell(1, metadata={"collapsed": True}), "collapsed"),
    (structure.counts_run_from_one, cell(3, execution_count=None), "None"),
    (structure.counts_run_from_one, cell(3, execution_count=7), "7"),
    (structure.known_tags, cell(3, metadata={"tags": ["nbval-ignore-ouput"]}), "ouput"),
    (structure.known_tags, cell(0, metadata={"tags": ["sldie"]}), "sldie"),
    (structure.known_tags, replaced(3, "print", "# NBVAL_SKIP\nprint"), "cell 2"),
    (structure.title, replaced(0, "# 03 ·", "# 04 ·"), "# 03 ·"),
    (structure.title, replaced(NEXT, "## Next", "# Next"), "level 1"),
    (structure.parts_in_order, replaced(0, "## Needs", "## What it needs"), "## Needs"),
    (structure.parts_in_order, replaced(RECAP, "## Recap", "## Stop the cluster"), "2 times"),
    (
        structure.parts_in_order,
        lambda notebook: notebook.cells.insert(1, notebook.cells.pop(NEXT)),
        "the order",
    ),
    (
        structure.says_what_you_will_be_able_to,
        replaced(0, "- write a record\n- wait for the broker's answer\n", ""),
        "1 items",
    ),
    (structure.says_what_it_needs, replaced(0, "- Time: 15 minutes", "a while"), "Time"),
    (structure.says_what_it_needs, replaced(0, "15 minutes", "90 minutes"), "90"),
    (structure.says_what_it_needs, replaced(0, "docker, process", "docker, podman"), "podman"),
    (structure.says_what_it_needs, replaced(0, "- Before:", "- After:"), "Before"),
    (structure.starts_and_stops_a_cluster, replaced(1, "KafkaCluster", "Cluster"), "Start"),
    (structure.starts_and_stops_a_cluster, replaced(STOP, "cluster.stop()", "done"), "Stop"),
    (structure.starts_and_stops_a_cluster, replaced(0, "This cluster is new", "Go"), "said"),
    (structure.goes_on_somewhere, replaced(NEXT, "(04_read_events.ipynb)", ""), "no link"),
    (structure.asks_before_it_tells, replaced(4, "> *Predict:*", "So"), "2 lines"),
    (
        structure.asks_before_it_tells,
        replaced(4, "## Two", "## Two\n\n> *Belief:* a.\n\n> *Belief:* b."),
        "3 beliefs",
    ),
    (
        structure.asks_before_it_tells,
        added(nbformat.v4.new_markdown_cell("> *Predict:* what then?")),
        "no code cell after",
    ),
    (structure.records_predictions, cell(10, source="guess = 3"), "1 cells with"),
    (structure.records_predictions, cell(12, source="guess"), "0 compared"),
    (structure.records_predictions, cell(10, metadata={}), "without the tag"),
    (structure.has_exercises, replaced(14, '"03"', '"04"'), "does not call"),
    (structure.has_exercises, replaced(14, "q1, q2 =", "q1, ="), "1 exercises"),
    (structure.has_exercises, replaced(14, "q2", "q3"), "no cell 'q3'"),
    (structure.has_exercises, replaced(16, "start", "begin"), "no cell 'q1.start()'"),
    (structure.has_exercises, replaced(20, "q2.check", "q1.check"), "q2.check("),
    (structure.has_exercises, cell(17, metadata={}), "q1.check("),
    (structure.has_exercises, printed(17), "does not say"),
    (structure.neither_short_nor_long, cell(3, source="x = 1\n" * 16), "16 lines"),
    (
        structure.neither_short_nor_long,
        added(*(nbformat.v4.new_markdown_cell("more") for _ in range(40))),
        "56 cells",
    ),
    (
        structure.few_new_terms_and_all_explained,
        replaced(0, "one event", f"one {MANY_TERMS}"),
        "6 new terms",
    ),
    (
        structure.few_new_terms_and_all_explained,
        replaced(0, "one event", "one **important** event"),
        "glossary.md: important",
    ),
    (structure.links_resolve, replaced(NEXT, "04_read", "05_read"), "no such file"),
    (structure.links_resolve, replaced(NEXT, ".ipynb", ".ipynb#the-start"), "no such heading"),
    (structure.links_resolve, replaced(4, "#One", "#None"), "no such heading"),
    (structure.links_resolve, replaced(4, "#One", "https:///x"), "no such address"),
    (structure.links_resolve, replaced(4, "#One", "file:///etc/x"), "no such address"),
    (structure.lists_begin_at_one, replaced(0, "A **record**", "\n\n13. A **record**"), "at 13"),
    (structure.pictures_have_words, replaced(RECAP, "three records", ""), "alternative"),
    (structure.pictures_have_words, replaced(RECAP, "picture.svg", "gone.svg"), "does not exist"),
    (structure.pictures_have_words, printed(5, result(**PICTURE)), "alternative"),
    (
        structure.pictures_have_words,
        printed(5, result(**{"text/html": "<svg></svg>"})),
        "without title",
    ),
    (
        structure.says_what_flush_counts,
        replaced(3, "print", 'print("records not sent yet:", producer.flush(10))\nprint'),
        "without an answer",
    ),
    (
        structure.asks_whether_there_is_a_record,
        replaced(3, "print", "record = consumer.poll(1)\nfound = 1 if record else 0\nprint"),
        "record is true",
    ),
    (structure.never_sleeps, replaced(3, "print", "time.sleep(1)\nprint"), "sleep"),
    (structure.never_sleeps, replaced(3, "print", "Event().wait(1)\nprint"), "sleep"),
    (
        structure.clean_streams,
        printed(3, nbformat.v4.new_output("stream", name="stderr", text="%3|FAIL")),
        "stderr",
    ),
    (structure.errors_only_where_meant, printed(3, error("oh")), "without the tag"),
    (structure.errors_only_where_meant, printed(9, stdout("fine\n")), "is no error"),
    (structure.names_no_machine, printed(3, stdout("at 127.0.0.1:20001\n")), "canonical"),
    (structure.names_no_machine, printed(3, stdout("at localhost:8888\n")), "port 8888"),
    (structure.names_no_machine, printed(3, stdout("in /home/ada/lab\n")), "place"),
    (structure.names_no_machine, printed(3, stdout("in /tmp/tmpx1y2/data\n")), "place"),
    (structure.names_no_machine, printed(3, stdout("in C:\\Users\\ada\n")), "place"),
    (structure.names_no_machine, printed(3, stdout("from 192.168.1.7\n")), "place"),
    (structure.names_no_machine, printed(3, stdout(f"{structure.ROOT}/x\n")), "machine"),
    (structure.names_no_machine, printed(9, error("/root/x.py is gone")), "place"),
    (
        structure.names_no_machine,
        printed(5, result(**{"image/svg+xml": SVG.replace("Three", "127.0.0.1:20001")})),
        "canonical",
    ),
    (
        structure.most_outputs_are_compared,
        cell(3, metadata={"tags": [skeleton.IGNORED]}),
        "5 of 7",
    ),
    (
        structure.most_outputs_are_compared,
        printed(5, result(**PICTURE)),
        "5 of 7",
    ),
    (
        structure.says_why_an_output_is_not_compared,
        replaced(6, "so it is not compared", "as you see"),
        "not compared",
    ),
]


@pytest.mark.parametrize(("check", "damage", "words"), DAMAGES)
def test_a_fault_is_found(
    folder: Path, check: structure.Check, damage: Callable[[Any], None], words: str
) -> None:
    notebook = whole()
    damage(notebook)
    faults = "\n".join(check(subject(folder, notebook)))
    assert faults
    assert words in faults


def test_a_file_that_make_notebooks_did_not_write_is_found(folder: Path) -> None:
    made = subject(folder, whole())
    made.path.write_text(made.path.read_text("utf-8").replace("\n ", "\n  "), encoding="utf-8")
    assert list(structure.written_by_refresh(made))


def test_every_check_has_a_damage() -> None:
    damaged = {check for check, _, _ in DAMAGES} | {structure.written_by_refresh}
    assert damaged == set(structure.CHECKS)


def test_this_machine_s_name_is_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "ada-laptop")
    monkeypatch.setattr("getpass.getuser", lambda: "ada")
    for text in ("client ada-laptop\n", "by ada on\n"):
        notebook = whole()
        printed(3, stdout(text))(notebook)
        assert list(structure.names_no_machine(subject(folder, notebook)))
    notebook = whole()
    printed(3, stdout("an adage\n"))(notebook)
    assert not list(structure.names_no_machine(subject(folder, notebook)))

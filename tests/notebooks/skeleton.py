"""What every notebook holds, as data: how to write one, and what the structure test asks.

A notebook in `notebooks/` is plain `.ipynb` with its outputs. Write it by these rules; then
`make notebooks` (`python -m tests.notebooks.refresh notebooks/03_….ipynb`) executes it and writes
counts and outputs in canonical form, and `pytest tests/notebooks` says what is missing.

Markdown, in this order (headings of level 2, spelled as here; the rounds stand between
*Start the cluster* and *When it goes wrong*, under headings of their own):

- `# 03 · Write events`: the title, with the number of the file name.
- `## You will be able to`: a list of 3 to 5 items.
- `## Needs`: a list with `- Time: 15 minutes`, `- Backends: docker, process, existing` (those that
  the notebook works on) and `- Before: [02 Create a topic](02_create_topic.ipynb)` or
  `- Before: nothing`.
- `## Start the cluster`: says "This cluster is new"; its code cell calls `KafkaCluster(`.
- three or more rounds of predict → run → explain. A question before a cell is a line
  `> *Predict:* …?`; a belief that the notebook overturns is a line `> *Belief:* …` (two at most).
- `## When it goes wrong`: a real failure, provoked and fixed.
- `## Exercises`: `q1, q2 = exercises.load("03", cluster)`, two to four of them; then for each a
  cell `q1` that shows its question, `q1.start()`, and a placeholder with the tag `exercise` that
  ends with `q1.check(…)` and says *not attempted*.
- `## Recap`
- `## Stop the cluster`: its code cell calls `cluster.stop()`.
- `## Next`: links the next notebook.

Two questions or more are recorded: a cell with the tag `exercise` and `guess = predict("", why="")`
stands after the question, and `guess.compare(…)` after the run shows what the cluster did.

Notebook 00 is the first ten minutes: it needs only the parts in `FIRST_PARTS`, one question and one
exercise.

Bold (`**record**`) is only for Kafka's terms, where each first appears in the series; each is an
entry (a heading or bold) of `docs/glossary.md`. At most five are new in a notebook.

Code cells do one thing in 15 lines or fewer, never call `sleep`, and leave nothing on stderr.
Tags are the ones in `TAGS`; nbval's magic comments are not used. A cell whose output cannot be
compared is tagged `nbval-ignore-output` and says why: "not compared" stands in a comment of the
cell or in the markdown before or after it. A cell that is meant to fail is tagged
`raises-exception`. A picture from matplotlib has its alternative text in the cell's metadata:
`{"mystnb": {"image": {"alt": "Line chart: …"}}}`.

Outputs never differ between Docker and processes. Print measured durations with a decimal point
and a unit ("0.4 s"); made-up dates lie before 2026; addresses, ids, log timestamps and the like
may vary, see `sanitize.cfg`.
"""

from __future__ import annotations

from typing import Any

PARTS = (
    "You will be able to",
    "Needs",
    "Start the cluster",
    "When it goes wrong",
    "Exercises",
    "Recap",
    "Stop the cluster",
    "Next",
)
FIRST_PARTS = (
    "You will be able to",
    "Needs",
    "Start the cluster",
    "Exercises",
    "Stop the cluster",
    "Next",
)
EXERCISES = "Exercises"

TAGS = {
    "raises-exception": "the cell is meant to fail",
    "nbval-ignore-output": "its output cannot be compared; the text beside it says why",
    "room": "part of the 90 minutes' path for a room",
    "exercise": "a placeholder that the learner fills in",
    "defines": "its functions are used by the exercises' solutions",
}
IGNORED = "nbval-ignore-output"
FAILS = "raises-exception"

REASON = "not compared"
RECORDS = 'predict("", why="")'
COMPARES = ".compare("
PLACEHOLDER = "exercise"
LOADS = "exercises.load("
NOT_ATTEMPTED = "not attempted"
NEW_CLUSTER = "this cluster is new"
START_CALL = "KafkaCluster("
STOP_CALL = "cluster.stop()"
PREDICT = "> *Predict:*"
BELIEF = "> *Belief:*"

ITEMS = range(3, 6)
TASKS = range(2, 5)
FIRST_TASKS = range(1, 2)
MINUTES = range(5, 31)
CELLS = range(12, 41)
"""Without those of the exercises."""

MIN_PREDICTIONS = 3
MIN_RECORDED = 2
MAX_BELIEFS = 2
MAX_NEW_TERMS = 5
MAX_LINES = 15
MIN_COMPARED = 0.75

KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}
LANGUAGE_INFO = {"name": "python"}
CELL_METADATA = ("tags", "mystnb")


def metadata_of(notebook: Any) -> dict[str, Any]:
    """What a committed notebook's own metadata is; its title names the page in an HTML export."""
    first = notebook.cells[0].source if notebook.cells else ""
    heading = first.partition("\n")[0].removeprefix("# ").strip()
    named = {"title": heading} if heading else {}
    return {"kernelspec": KERNELSPEC, "language_info": LANGUAGE_INFO, **named}

"""`progress()`: what a cell shows of the series, and where it stands for this learner."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kafkalab.learn.lab import ORIGINALS, lab_of_this_kernel, repository
from kafkalab.learn.progress.facts import SeriesMap, series_map
from kafkalab.learn.progress.words import as_html, as_text
from kafkalab.learn.record import store
from kafkalab.learn.record.entries import Record
from kafkalab.learn.series import notebooks

_NOT_RECORDED = (
    "Nothing is recorded here: progress is kept with your own copies of the notebooks, which "
    "make lab opens."
)


@dataclass(frozen=True)
class Progress:
    """The series with what was done of it; shows itself in a notebook, `print` gives its words.

    Attributes
    ----------
    series : SeriesMap
    said : str
        One more sentence, such as that nothing is recorded here; or "".
    """

    series: SeriesMap
    said: str = ""

    def __repr__(self) -> str:
        return as_text(self.series, self.said)

    __str__ = __repr__

    def _repr_html_(self) -> str:
        return as_html(self.series, self.said)


def progress() -> Progress:
    """Show the series: the predictions that you made and the exercises that you solved.

    They are recorded where you work on your own copies of the notebooks, in
    `my-lab/.progress.json`, and nowhere else. The text and the table are the same for all
    backends.

    Raises
    ------
    KafkaLabError
        Where the notebooks of the series are not here.
    """
    lab = lab_of_this_kernel()
    if lab is None:
        return Progress(series_map(notebooks(repository() / ORIGINALS), Record()), _NOT_RECORDED)
    return progress_in(lab)


def progress_in(lab: Path) -> Progress:
    """What is recorded in a folder of copies, `my-lab`."""
    reading = store.read(lab)
    return Progress(series_map(notebooks(lab.parent / ORIGINALS), reading.record), reading.said)

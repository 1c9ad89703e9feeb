"""What `kafkalab reset` does to the record of a learner's progress."""

from __future__ import annotations

from pathlib import Path

from kafkalab.errors import KafkaLabError
from kafkalab.learn.record import store
from kafkalab.learn.record.entries import NewerError
from kafkalab.learn.series import notebooks


def forget(number: str | None, originals: Path, lab: Path) -> Path | None:
    """Forget what is recorded of one notebook, or with None of all.

    Parameters
    ----------
    number : str or None
        Such as "03".
    originals, lab : Path
        The folders of the committed notebooks and of the learner's copies.

    Returns
    -------
    Path or None
        The record as it was before; None where there was nothing to forget.

    Raises
    ------
    KafkaLabError
        Where the record cannot be changed.
    """
    path = lab / store.FILE
    meant = [each for each in notebooks(originals) if number in (None, each.number)]
    cells = {cell for each in meant for cell in each.questions}
    numbers = {exercise for each in meant for exercise, _ in each.exercises}
    try:
        return store.forget(lab, lambda record: record.without(cells, numbers))
    except NewerError as error:
        raise KafkaLabError(
            f"{path} was written by a newer version of kafkalab, and nothing in it is forgotten.",
            fix=f'use that version, or remove the file: rm "{path}"',
        ) from error
    except (OSError, NotImplementedError) as error:
        raise KafkaLabError(
            f"{path} cannot be changed: {getattr(error, 'strerror', None) or error}.",
            tried="to forget what is recorded of your progress",
            fix=f'free some disk space, or make the folder yours: sudo chown -R "$USER" "{lab}"',
        ) from error

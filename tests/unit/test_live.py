"""How long the last look of a live view waits for whom."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from kafkalab.queries.topics import Partition, Topic
from kafkalab.show.facts.log import OFTEN, ONE_LOOK, Patience, TopicLog
from kafkalab.show.watching.live import _Output

HEARD = TopicLog(Topic("orders", (1,), (Partition(0, 1, (1,), (1,), 0, 0),)), ())
SILENT = TopicLog(Topic("orders", (1,), (Partition(0, 1, (1,), (1,)),)), ())


@pytest.mark.parametrize(
    ("first", "looks", "patience"),
    [
        (HEARD, [], ONE_LOOK),
        (HEARD, [SILENT], ONE_LOOK),
        (HEARD, [SILENT, HEARD, SILENT], ONE_LOOK),
        (HEARD, [SILENT, SILENT], OFTEN),
        (SILENT, [], OFTEN),
        (SILENT, [HEARD], ONE_LOOK),
    ],
)
def test_one_late_look_makes_the_last_one_no_shorter(
    first: TopicLog, looks: Sequence[TopicLog], patience: Patience
) -> None:
    answers = iter([*looks, HEARD])
    asked: list[Patience] = []

    def look(given: Patience) -> TopicLog:
        asked.append(given)
        return next(answers)

    output = _Output(look, lambda away: OFTEN if away else ONE_LOOK, first, 60.0, lambda: True)
    for _ in looks:
        output._refresh()
    output.finish()
    assert asked == [*(OFTEN for _ in looks), patience]
    assert output.log == HEARD

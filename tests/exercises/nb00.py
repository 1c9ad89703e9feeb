"""Wrong answers to the exercise of notebook 00."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from kafkalab import KafkaCluster
from kafkalab.exercises.nb00_start_here import COUNTDOWN
from kafkalab.exercises.stage import Event, fresh_topic, look_at_records, write
from tests.exercises.cases import Wrong


def _goes_on(rest: Callable[[int], Iterable[str]]) -> Callable[[KafkaCluster], object]:
    """Write what `rest` makes of the last number that is there."""

    def act(cluster: KafkaCluster) -> object:
        last = int(look_at_records(cluster, COUNTDOWN)["value"].iloc[-1])
        write(cluster, COUNTDOWN, [Event(value) for value in rest(last)])
        return None

    return act


def _made_anew(first: str) -> Callable[[KafkaCluster], object]:
    def act(cluster: KafkaCluster) -> object:
        fresh_topic(cluster, COUNTDOWN)
        write(cluster, COUNTDOWN, [Event(value) for value in (first, "3", "2", "1", "0")])
        return None

    return act


def _all_at_once(last: int) -> list[str]:
    return [", ".join(str(n) for n in range(last - 1, -1, -1))]


WRONG: Mapping[str, tuple[Wrong, ...]] = {
    "00.1": (
        Wrong("only the zero", _goes_on(lambda _: ["0"]), r"Found: the records \['\d+', .*, '0'\]"),
        Wrong(
            "stops at one",
            _goes_on(lambda last: map(str, range(last - 1, 0, -1))),
            r"Found: .*'1'\]\.\nLooked for: .*'0'\]",
        ),
        Wrong(
            "upwards",
            _goes_on(lambda last: map(str, range(last))),
            r"Found: the records .*'0', '1'",
        ),
        Wrong(
            "the last number again",
            _goes_on(lambda last: map(str, range(last, -1, -1))),
            r"begin again with `start\(\)`",
        ),
        Wrong("all in one record", _goes_on(_all_at_once), r"'[\d, ]+, 0'\]"),
        Wrong("another topic of that name", _made_anew("four"), r"Found: 'four' as the first"),
        Wrong("one that counts too far", _made_anew("20241127"), r"Found: '20241127' as the first"),
    )
}

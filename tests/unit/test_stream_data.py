"""The data of notebooks 26 and 27: the same in each run, and late in the same way by two rules."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from demos.streams import data
from demos.streams.data import HOMES, MINUTE, MOVES, NOON, REOPENS, TOO_LATE, WITHIN_GRACE

WINDOW, GRACE = 10 * MINUTE, 5 * MINUTE


def real_orders() -> Iterator[tuple[str, str, int]]:
    """Number, city and time of each order that is no test."""
    for key, value, time in data.orders():
        order = json.loads(value)
        if "test" not in order:
            name = order["customer"].strip().lower()
            moved = name == "dee" and time >= MOVES
            yield key, "Seoul" if moved else HOMES[name], time


def late(grace: int, *, by_city: bool) -> set[str]:
    newest: dict[str, int] = {}
    found = set()
    for number, city, time in real_orders():
        whose = city if by_city else ""
        newest[whose] = max(newest.get(whose, 0), time)
        if time // WINDOW * WINDOW + WINDOW + grace <= newest[whose]:
            found.add(number)
    return found


def test_it_is_the_same_in_each_run() -> None:
    for make in (data.orders, data.clicks, data.customers, data.rush):
        assert make() == make()
    assert data.orders(1) != data.orders(2)


@pytest.mark.parametrize("by_city", [True, False])
def test_late_orders_are_late_by_the_citys_time_and_by_that_of_all(by_city: bool) -> None:
    """quixstreams has a time for each key, Flink one for each partition: 27 compares them."""
    too_late = {f"o-{number:03}" for number in TOO_LATE}
    assert late(GRACE, by_city=by_city) == too_late
    assert late(0, by_city=by_city) == too_late | {f"o-{number:03}" for number in WITHIN_GRACE}


def test_the_last_orders_close_each_citys_windows_of_before() -> None:
    last = [(city, time) for _, city, time in real_orders() if time >= REOPENS]
    assert sorted(city for city, _ in last) == sorted(set(HOMES.values()))
    earlier = [time for _, _, time in real_orders() if time < REOPENS]
    assert max(earlier) // WINDOW * WINDOW + WINDOW + GRACE <= REOPENS


def test_an_order_of_before_the_move_arrives_after_it() -> None:
    found = [(number, time) for number, _, time in real_orders() if number == "o-041"]
    assert found[0][1] < MOVES
    keys = [key for key, *_ in data.orders()]
    times = {key: time for key, _, time in data.orders()}
    assert max(times[key] for key in keys[: keys.index("o-041")]) > MOVES
    (value,) = [value for key, value, _ in data.orders() if key == "o-041"]
    assert json.loads(value)["customer"].strip().lower() == "dee"


def test_clicks_come_by_time_and_have_a_crawler() -> None:
    clicks = data.clicks()
    assert [time for *_, time in clicks] == sorted(time for *_, time in clicks)
    assert {key for key, *_ in clicks} == {*HOMES, "crawler"}
    assert clicks[0].timestamp >= NOON


def test_a_rush_has_each_order_once() -> None:
    rush = data.rush()
    assert len({json.loads(value)["id"] for _, value, _ in rush}) == len(rush) == 400

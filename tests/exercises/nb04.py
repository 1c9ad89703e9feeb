"""Wrong answers to the exercises of notebook 04."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from kafkalab import KafkaCluster
from kafkalab.exercises import nb04_read_events as own
from kafkalab.exercises.bookmarks import commit_offsets
from tests.exercises.acts import records_of, send
from tests.exercises.cases import Wrong


def readings(choose: Callable[[list[str]], object]) -> Callable[[KafkaCluster], object]:
    return lambda cluster: choose([r["value"] for r in records_of(cluster, own.READINGS)])


def bookmarks(billing: int | None, shipping: int | None) -> Callable[[KafkaCluster], object]:
    def act(cluster: KafkaCluster) -> object:
        for group, offset in ((own.BILLING, billing), (own.SHIPPING, shipping)):
            if offset is not None:
                commit_offsets(cluster, group, own.ORDERS, {0: offset})
        return None

    return act


def broken(cluster: KafkaCluster) -> int:
    values = [record["value"] for record in records_of(cluster, own.PARCELS)]
    return next(n for n, value in enumerate(values) if not own._is_json(value))


def mended_by_another(cluster: KafkaCluster) -> object:
    place = broken(cluster)
    return send(cluster, own.PARCELS, {"value": json.dumps({"parcel": place})})


WRONG: Mapping[str, tuple[Wrong, ...]] = {
    "04.1": (
        Wrong("the first ten", readings(lambda all_: all_[:10]), r"10 values, from '1: "),
        Wrong("the last nine", readings(lambda all_: all_[-9:]), r"9 values, from"),
        Wrong("one too early", readings(lambda all_: all_[-11:-1]), r"10 values, from"),
        Wrong("backwards", readings(lambda all_: all_[:-11:-1]), r"in another order"),
        Wrong("none", lambda cluster: [], r"an empty list"),
        Wrong("only a number", lambda cluster: 10, r"10 as answer"),
    ),
    "04.2": (
        Wrong("billing read all", bookmarks(9, 9), r"`ex04-billing` stands at offset 9"),
        Wrong(
            "the last that was read", bookmarks(3, 8), r"offset 3; `ex04-shipping` stands at .* 8"
        ),
        Wrong("no shipping", bookmarks(4, None), r"`ex04-shipping` has no bookmark"),
        Wrong("no billing", bookmarks(None, 9), r"`ex04-billing` has no bookmark"),
    ),
    "04.3": (
        Wrong("the one after it", lambda cluster: broken(cluster) + 1, r"which is JSON, at offset"),
        Wrong("the first", lambda cluster: 0, r"which is JSON, at offset 0"),
        Wrong("the end", lambda cluster: own.PARCEL_COUNT, r"no record at offset 150"),
        Wrong("its value", lambda cluster: '{"parcel": 7, "gra', r"as answer"),
        Wrong("a new record in its place", mended_by_another, r"which is JSON, at offset 150"),
    ),
}

"""Wrong answers to the exercises of notebook 02."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kafkalab import KafkaCluster
from kafkalab.exercises.nb02_create_topic import (
    AUDIT,
    DAY_MS,
    DAYS,
    IN_USE,
    LARGEST,
    ODD,
    PARTITIONS,
    RIGHT_NAME,
    SHOPS,
    TRIALS,
    WRONG_NAME,
)
from kafkalab.exercises.stage import (
    Event,
    change_settings,
    fresh_topic,
    look_at_own_settings,
    look_at_records,
    remove_topics,
    write,
)
from tests.exercises.cases import Wrong

Act = Callable[[KafkaCluster], object]

DEFAULTS = {
    "retention.ms": "604800000",
    "cleanup.policy": "delete",
    "max.message.bytes": "1048588",
    "segment.ms": "604800000",
}


def _makes(name: str, partitions: int = 1, config: Mapping[str, str] | None = None) -> Act:
    def act(cluster: KafkaCluster) -> object:
        fresh_topic(cluster, name, partitions=partitions, config=config)
        return None

    return act


def _measured(more: Mapping[str, str]) -> Act:
    """All that is asked for, and more."""
    config = {"retention.ms": str(DAYS * DAY_MS), "max.message.bytes": str(LARGEST)}
    return _makes(AUDIT, PARTITIONS, {**config, **more})


def _deletes(*names: str) -> Act:
    def act(cluster: KafkaCluster) -> object:
        remove_topics(cluster, *names)
        return None

    return act


def _odd_shop(cluster: KafkaCluster) -> str:
    return next(shop for shop in SHOPS if look_at_own_settings(cluster, shop))


def _sets_the_default(cluster: KafkaCluster) -> object:
    shop = _odd_shop(cluster)
    change_settings(cluster, shop, {k: DEFAULTS[k] for k in look_at_own_settings(cluster, shop)})
    return None


def _makes_it_anew(cluster: KafkaCluster) -> object:
    fresh_topic(cluster, _odd_shop(cluster))
    return None


def _deletes_it(cluster: KafkaCluster) -> object:
    remove_topics(cluster, _odd_shop(cluster))
    return None


def _changes_another(cluster: KafkaCluster) -> object:
    other = next(shop for shop in SHOPS if shop != _odd_shop(cluster))
    change_settings(cluster, other, {"retention.ms": ODD["retention.ms"]})
    return None


def _copies(
    change: Callable[[list[str]], list[str]], *, partitions: int = 3, deletes: bool = True
) -> Act:
    """Copy the orders to the right name, changed."""

    def act(cluster: KafkaCluster) -> object:
        orders = look_at_records(cluster, WRONG_NAME)["value"].tolist()
        fresh_topic(cluster, RIGHT_NAME, partitions=partitions)
        write(cluster, RIGHT_NAME, [Event(order) for order in change(orders)])
        if deletes:
            remove_topics(cluster, WRONG_NAME)
        return None

    return act


WRONG: Mapping[str, tuple[Wrong, ...]] = {
    "02.1": (
        Wrong("the quick start's", _makes(AUDIT), r"a topic of 1 partition\."),
        Wrong("three partitions", _makes(AUDIT, 3), r"a topic of 3 partitions"),
        Wrong("no settings", _makes(AUDIT, 4), r"retention\.ms=604800000, which is 7 days"),
        Wrong(
            "seconds",
            _makes(AUDIT, 4, {"retention.ms": "2592000"}),
            r"=2592000, which is 43 minutes",
        ),
        Wrong("for ever", _makes(AUDIT, 4, {"retention.ms": "-1"}), r"which is for ever"),
        Wrong(
            "one setting",
            _makes(AUDIT, 4, {"retention.ms": "2592000000"}),
            r"Found: max\.message\.bytes=1048588",
        ),
        Wrong("compacted", _measured({"cleanup.policy": "compact"}), r"Found: cleanup\.policy=c"),
        Wrong(
            "a limit of size", _measured({"retention.bytes": "1"}), r"Found: retention\.bytes=1,"
        ),
    ),
    "02.2": (
        Wrong("the default set", _sets_the_default, r"still set for ex02-shop-\w+ itself"),
        Wrong("made anew", _makes_it_anew, r"no record in ex02-shop-\w+\."),
        Wrong("deleted", _deletes_it, r"no topic ex02-shop-\w+\."),
        Wrong("another one changed too", _changes_another, r"still set for ex02-shop-"),
    ),
    "02.3": (
        Wrong("empty", _makes(RIGHT_NAME, 3), rf"{RIGHT_NAME} without a record"),
        Wrong("one partition", _copies(list, partitions=1), r"with 1 partition\."),
        Wrong("one is missing", _copies(lambda orders: orders[:-1]), r"Found: \d records? in"),
        Wrong("twice", _copies(lambda orders: orders * 2), r"Found: \d+ records in"),
        Wrong("numbers alone", _copies(lambda orders: [o[6] for o in orders]), r"\['1', '2', "),
        Wrong("made up", _copies(lambda _: ["order 1 of 1"]), r"Found: 1 record in"),
        Wrong(
            "not deleted",
            _copies(list, deletes=False),
            rf"still there\.\nLooked for: no topic {WRONG_NAME}",
        ),
        Wrong("deleted only", _deletes(WRONG_NAME), rf"neither {WRONG_NAME} nor {RIGHT_NAME}"),
    ),
    "02.4": (
        Wrong("some are left", _deletes(*TRIALS[:4]), r"ex02-test-e, ex02-test-f still there"),
        Wrong("too short a pattern", _deletes(*TRIALS, *IN_USE[:3]), r"no topic ex02-test, ex02-t"),
        Wrong("a pattern in the middle", _deletes(*TRIALS, IN_USE[3]), r"no topic ex02-latest-a,"),
        Wrong("the wrong ones", _deletes(*IN_USE), r"There is no undo"),
    ),
}

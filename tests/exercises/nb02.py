"""Answers to the exercises of notebook 02 that do not follow from what they expect."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from kafkalab import KafkaCluster
from kafkalab.learn.course import nb02_create_topic as own
from kafkalab.learn.exercises.look import Look
from kafkalab.learn.exercises.setting import (
    Event,
    change_settings,
    drop_settings,
    fresh_topic,
    remove_topics,
    write,
)
from tests.exercises.acts import grow, records_of, send
from tests.exercises.cases import Right, Wrong

AUDIT, MISSPELT, ORDERS = own.AUDIT.name, own.MISSPELT.name, own.ORDERS.name
THIRTY_DAYS = str(30 * own.DAY_MS)


def audit(
    retention: str, size: str = "2000000", *, partitions: int = 4
) -> Callable[[KafkaCluster], None]:
    config = {"retention.ms": retention, "max.message.bytes": size}
    return lambda cluster: fresh_topic(cluster, AUDIT, partitions=partitions, config=config)


def size_forgotten(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, AUDIT, partitions=4, config={"retention.ms": THIRTY_DAYS})


def created_by_a_write(cluster: KafkaCluster) -> None:
    send(cluster, AUDIT, {"value": "hello"})


def deletes(*names: str) -> Callable[[KafkaCluster], None]:
    return lambda cluster: remove_topics(cluster, *names)


def odd_shop(cluster: KafkaCluster) -> str:
    look = Look(cluster)
    return next(shop.name for shop in own.SHOPS if look.own_settings(shop.name))


def sets_the_default(cluster: KafkaCluster) -> None:
    shop = odd_shop(cluster)
    defaults = Look(cluster).settings(next(s.name for s in own.SHOPS if s.name != shop))
    odd = Look(cluster).own_settings(shop)
    change_settings(cluster, shop, {name: defaults[name] for name in odd})


def creates_it_again(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, odd_shop(cluster))


def creates_it_again_with_a_record(cluster: KafkaCluster) -> None:
    """With key and value as they were: what the learner saw of it."""
    shop = odd_shop(cluster)
    fresh_topic(cluster, shop)
    write(cluster, shop, [Event("opened", key=shop)])


def takes_it_away(cluster: KafkaCluster) -> str:
    shop = odd_shop(cluster)
    drop_settings(cluster, shop, own.ODD)
    return shop


def and_the_records(cluster: KafkaCluster) -> None:
    place = TopicPartition(takes_it_away(cluster), 0, 1)
    admin = AdminClient(cluster.client_config)
    admin.delete_records([place])[place].result(10)


def and_grows_it(cluster: KafkaCluster) -> None:
    grow(cluster, takes_it_away(cluster), 2)


def and_sets_another(cluster: KafkaCluster) -> None:
    change_settings(cluster, takes_it_away(cluster), {"retention.ms": "604800000"})


def deletes_it(cluster: KafkaCluster) -> None:
    remove_topics(cluster, odd_shop(cluster))


def makes_up(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, ORDERS, partitions=3)
    write(cluster, ORDERS, [Event("order 1 of 1")])
    remove_topics(cluster, MISSPELT)


def copies(
    change: Callable[[list[str]], Sequence[str]], *, partitions: int = 3, deletes: bool = True
) -> Callable[[KafkaCluster], None]:
    """The orders, changed, in the right topic, and the wrong one deleted or not."""

    def act(cluster: KafkaCluster) -> None:
        orders = [record["value"] for record in records_of(cluster, MISSPELT)]
        fresh_topic(cluster, ORDERS, partitions=partitions)
        write(cluster, ORDERS, [Event(order) for order in change(orders)])
        if deletes:
            remove_topics(cluster, MISSPELT)

    return act


def as_text(orders: list[str]) -> list[str]:
    """`str(record.value())` of bytes."""
    return [str(order.encode()) for order in orders]


def deleted_and_put_back(cluster: KafkaCluster) -> None:
    remove_topics(cluster, *own.TRIALS, *own.IN_USE[:3])
    for name in own.IN_USE[:3]:
        fresh_topic(cluster, name)


def written_to_later(cluster: KafkaCluster) -> None:
    """A program that still runs brings one back."""
    remove_topics(cluster, *own.TRIALS)
    send(cluster, own.TRIALS[2], {"value": "still testing"})


def in_steps(cluster: KafkaCluster, _: object) -> None:
    fresh_topic(cluster, AUDIT)
    grow(cluster, AUDIT, 4)
    change_settings(cluster, AUDIT, {"retention.ms": THIRTY_DAYS})
    change_settings(cluster, AUDIT, {"max.message.bytes": "2000000"})


GONE = "in use and gone"

WRONG: Mapping[str, tuple[Wrong, ...]] = {
    "02.1": (
        Wrong("seconds", audit("2592000"), r"`retention\.ms=2592000`", "30 days"),
        Wrong("three days", audit("259200000"), r"`retention\.ms=259200000`", "30 days"),
        Wrong("size forgotten", size_forgotten, r"`max\.message\.bytes=1048588`", "batch size"),
        Wrong("two mebibytes", audit(THIRTY_DAYS, "2097152"), r"2097152", "batch size"),
        Wrong("created by a write", created_by_a_write, r"first write created it", "partitions"),
        Wrong("one partition", audit(THIRTY_DAYS, partitions=1), r"1 partition", "partitions"),
    ),
    "02.2": (
        Wrong(
            "the default set", sets_the_default, r"set for `ex02-shop-\w+` itself", "own settings"
        ),
        Wrong("created again", creates_it_again, r"no record in `ex02-shop-\w+`\.", "emptied"),
        Wrong("deleted", deletes_it, r"no topic `ex02-shop-\w+`\.", "lost"),
        Wrong(
            "created again with a record",
            creates_it_again_with_a_record,
            r"no record that `start\(\)` wrote",
            "replaced by yours",
        ),
        Wrong("its records too", and_the_records, r"no record in `ex02-shop", "emptied"),
        Wrong("a partition more", and_grows_it, r"one partition in `ex02-shop", "grown"),
        Wrong("another one set", and_sets_another, r"`retention\.ms=604800000`", "own settings"),
    ),
    "02.3": (
        Wrong("made up", makes_up, r"the values `order 1 of 1`", "no order"),
        Wrong(
            "deleted only",
            deletes(MISSPELT),
            r"neither `ex02-ordres` nor `ex02-orders`",
            "both gone",
        ),
        Wrong("as text", copies(as_text), r"`b'order \d of \d'`", "view of bytes"),
        Wrong("only the first", copies(lambda all_: all_[:1]), r"missing: `ord", "records missing"),
        Wrong("twice", copies(lambda all_: all_ * 2), r"more often", "records twice"),
        Wrong("not deleted", copies(list, deletes=False), r"`ex02-ordres`, which", "still there"),
        Wrong("one partition", copies(list, partitions=1), r"1 partition", "partitions"),
        Wrong("nothing copied", copies(lambda _: []), r"order of `ex02-ordres`", "nothing written"),
    ),
    "02.4": (
        Wrong(
            "some are left",
            deletes(*own.TRIALS[:4]),
            r"`ex02-test-e` and `ex02-test-f` still",
            "left",
        ),
        Wrong(
            "too short a pattern",
            deletes(*own.TRIALS, *own.IN_USE[:3]),
            r"no topic `ex02-test",
            GONE,
        ),
        Wrong(
            "in the middle", deletes(*own.TRIALS, own.IN_USE[3]), r"no topic `ex02-latest-a`,", GONE
        ),
        Wrong("the wrong ones", deletes(*own.IN_USE), r"There is no undo", GONE),
        Wrong("all of them", deletes(*own.TRIALS, *own.IN_USE), r"no topic `ex02-test`", GONE),
        Wrong("only the first", deletes(own.TRIALS[0]), r"`ex02-test-b`, .*still there", "left"),
        Wrong("put back", deleted_and_put_back, r"no record in `ex02-test`", "in use and emptied"),
        Wrong("written to later", written_to_later, r"`ex02-test-c` still there", "left"),
    ),
}
RIGHT: Mapping[str, tuple[Right, ...]] = {"02.1": (Right("in steps", in_steps),)}

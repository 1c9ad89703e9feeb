"""Answers to the exercises of notebook 02 that do not follow from what they expect."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from confluent_kafka.admin import AdminClient, NewPartitions

from kafkalab import KafkaCluster
from kafkalab.learn.course import nb02_create_topic as own
from kafkalab.learn.exercises.look import Look
from kafkalab.learn.exercises.setting import (
    Event,
    change_settings,
    fresh_topic,
    remove_topics,
    write,
)
from tests.exercises.cases import Right, Wrong

AUDIT, MISSPELT, ORDERS = own.AUDIT.name, own.MISSPELT.name, own.ORDERS.name


def seconds(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, AUDIT, partitions=4, config={"retention.ms": "2592000"})


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


def deletes_it(cluster: KafkaCluster) -> None:
    remove_topics(cluster, odd_shop(cluster))


def makes_up(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, ORDERS, partitions=3)
    write(cluster, ORDERS, [Event("order 1 of 1")])
    remove_topics(cluster, MISSPELT)


def in_steps(cluster: KafkaCluster, _: object) -> None:
    fresh_topic(cluster, AUDIT)
    admin = AdminClient(cluster.client_config)
    admin.create_partitions([NewPartitions(AUDIT, 4)])[AUDIT].result(10)
    change_settings(cluster, AUDIT, {"retention.ms": str(30 * own.DAY_MS)})
    change_settings(cluster, AUDIT, {"max.message.bytes": "2000000"})


WRONG: Mapping[str, tuple[Wrong, ...]] = {
    "02.1": (Wrong("seconds", seconds, r"milliseconds(.|\n)*`retention\.ms=2592000`"),),
    "02.2": (
        Wrong("the default set", sets_the_default, r"set for `ex02-shop-\w+` itself"),
        Wrong("created again", creates_it_again, r"no record in `ex02-shop-\w+`\."),
        Wrong("deleted", deletes_it, r"no topic `ex02-shop-\w+`\."),
    ),
    "02.3": (
        Wrong("made up", makes_up, r"not asked for: `order 1 of 1`"),
        Wrong("deleted only", deletes(MISSPELT), r"neither `ex02-ordres` nor `ex02-orders`"),
    ),
    "02.4": (
        Wrong("some are left", deletes(*own.TRIALS[:4]), r"`ex02-test-e` and `ex02-test-f` still"),
        Wrong("too short a pattern", deletes(*own.TRIALS, *own.IN_USE[:3]), r"no topic `ex02-test"),
        Wrong("in the middle", deletes(*own.TRIALS, own.IN_USE[3]), r"no topic `ex02-latest-a`,"),
        Wrong("the wrong ones", deletes(*own.IN_USE), r"There is no undo"),
    ),
}
RIGHT: Mapping[str, tuple[Right, ...]] = {"02.1": (Right("in steps", in_steps),)}

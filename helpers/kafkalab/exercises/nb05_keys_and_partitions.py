"""Exercises of notebook 05: foresee a partition, agree on one, grow a topic, mend an order."""

from __future__ import annotations

import inspect
import random
import time
from typing import TYPE_CHECKING

from kafkalab.cards import short
from kafkalab.exercises.answers import numbers_by_text, some, texts
from kafkalab.exercises.engine import (
    Exercise,
    Verdict,
    correct,
    no_topic,
    not_attempted,
    not_yet,
)
from kafkalab.exercises.stage import (
    Event,
    fresh_topic,
    look_at_records,
    look_at_topic,
    remove_topics,
    write,
)

if TYPE_CHECKING:
    import pandas as pd

    from kafkalab.cluster import KafkaCluster


def murmur2(key: bytes) -> int:
    mix, bits = 0x5BD1E995, 0xFFFFFFFF
    number = 0x9747B28C ^ len(key)
    for start in range(0, len(key) - 3, 4):
        four = int.from_bytes(key[start : start + 4], "little") * mix & bits
        number = number * mix & bits ^ (four ^ four >> 24) * mix & bits
    rest = key[len(key) // 4 * 4 :]
    if rest:
        number = (number ^ int.from_bytes(rest, "little")) * mix & bits
    number = (number ^ number >> 13) * mix & bits
    return number ^ number >> 15


def partition_of(key: bytes, partitions: int) -> int:
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def _pairs(records: pd.DataFrame) -> list[tuple[str, int]]:
    return [(str(k), int(p)) for k, p in zip(records["key"], records["partition"], strict=True)]


# --- 05.1 -----------------------------------------------------------------------------------------

PARCELS = "ex05-parcels"
CITIES = ("Accra", "Bogota", "Cairo", "Delhi", "Essen")


def prepare_parcels(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, PARCELS, partitions=random.randint(5, 9))


def check_parcels(cluster: KafkaCluster, answer: object) -> Verdict:
    records = look_at_records(cluster, PARCELS)
    if answer is None and records.empty:
        return not_attempted(f"`{PARCELS}` is empty, and no partitions are named.")
    given = numbers_by_text(answer)
    if given is None or set(given) != set(CITIES):
        return not_yet(
            f"{short(answer)} as answer",
            f"a dictionary with the {len(CITIES)} keys and the partition of each, a number",
        )
    topic = look_at_topic(cluster, PARCELS)
    count = len(topic.partitions) if topic else 0
    lies = dict(_pairs(records))
    missing = [city for city in CITIES if city not in lies]
    if missing:
        return not_yet(f"no record with the key {some(missing)}", "one record for each key")
    strange = [c for c in CITIES if given[c] != partition_of(c.encode(), count)]
    if strange:
        city = strange[0]
        return not_yet(
            f"your answer says {short(given[city], 30)} for {city}, and murmur2 does not, for "
            f"{count} partitions",
            "the partitions that Java's clients and the console tools would choose",
        )
    astray = [(c, p) for c, p in _pairs(records) if c in given and p != given[c]]
    if astray:
        city, place = astray[0]
        return not_yet(
            f"the right answer, but a record of {city} lies in partition {place}, and murmur2 says "
            f"{given[city]}",
            "records by a producer that uses murmur2; `start()` makes the topic anew, perhaps with "
            "another number of partitions",
        )
    return correct(
        f"All {len(CITIES)} lie where you said, of {count} partitions. Whoever uses murmur2 knows "
        "it beforehand, without asking the cluster for more than their number."
    )


FORESEE = Exercise(
    number="05.1",
    title="Say where it will go",
    question=(
        f'Topic `{PARCELS}` is empty. The picture `show.topic(cluster, "{PARCELS}")` says how '
        "many partitions it has; `start()` draws the number by lot.\n"
        f"Calculate where records with the keys {', '.join(f'`{c}`' for c in CITIES)} go by "
        "murmur2. Then write one record for each, with any value.\n"
        'Hand over what you calculated, as `{"Accra": 3, …}`. The check compares it with where '
        "the records lie."
    ),
    ready=f"`{PARCELS}` is empty. Its number of partitions has been drawn by lot.",
    prepare=prepare_parcels,
    check=check_parcels,
    hints=(
        "`partition_of` from this notebook takes the key as bytes, and the number of partitions.",
        f'`admin.list_topics(timeout=5).topics["{PARCELS}"].partitions` has as many entries as the '
        "topic has partitions. The producer needs `murmur2_random`: `producer` has it.",
        "`answer = {city: partition_of(city.encode(), count) for city in cities}`, and then "
        f'`write(producer, "{PARCELS}", [(city, "parcel") for city in cities])`.',
    ),
    solution=f"""
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

# as in the notebook
{inspect.getsource(murmur2)}

{inspect.getsource(partition_of)}

admin = AdminClient(cluster.client_config)
count = len(admin.list_topics(timeout=10).topics["{PARCELS}"].partitions)
cities = {CITIES}
answer = {{city: partition_of(city.encode(), count) for city in cities}}

producer = Producer({{**cluster.client_config, "partitioner": "murmur2_random"}})
for city in cities:
    producer.produce("{PARCELS}", key=city, value="parcel")
producer.flush(10)
""",
)

# --- 05.2 -----------------------------------------------------------------------------------------

ACCOUNTS = "ex05-accounts"
OPENED, CLOSED = "opened", "closed"
_ANEW = "`start()` makes the topic anew, with other accounts"


def prepare_accounts(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, ACCOUNTS, partitions=3)
    names = [f"account {n}" for n in random.sample(range(100, 999), 10)]
    opened = [Event(OPENED, key=n, partition=partition_of(n.encode(), 3)) for n in names]
    write(cluster, ACCOUNTS, opened)


def check_accounts(cluster: KafkaCluster, answer: object) -> Verdict:
    records = look_at_records(cluster, ACCOUNTS)
    opened = dict(_pairs(records[records["value"] == OPENED]))
    closed = _pairs(records[records["value"] == CLOSED])
    if answer is None and len(records) == len(opened):
        return not_attempted(f"No record in `{ACCOUNTS}` says `{CLOSED}`.")
    open_still = sorted(opened.keys() - dict(closed).keys())
    if open_still:
        return not_yet(f"not closed: {some(open_still)}", f"a record `{CLOSED}` for each account")
    apart = sorted(name for name, partition in closed if opened.get(name) != partition)
    if apart:
        return not_yet(
            f"{some(apart)}: closed in another partition than opened",
            f"both records of an account in one partition; {_ANEW}",
        )
    if len(closed) != len(opened):
        return not_yet(
            f"{len(closed)} records `{CLOSED}`", f"{len(opened)}, one for each account; {_ANEW}"
        )
    return correct(
        f"All {len(opened)} accounts are closed in the partition in which they were opened, so "
        "every reader sees them opened first."
    )


AGREE = Exercise(
    number="05.2",
    title="Two programs, one partition",
    question=(
        f"A Java program has opened ten accounts in `{ACCOUNTS}`: the key is the account's name, "
        f"the value `{OPENED}`. Close each of them from Python, with the value `{CLOSED}`, so that "
        "nobody can see an account closed before it is opened.\n"
        "Make a producer of your own for it. The check looks at the topic; there is nothing to "
        "hand over."
    ),
    ready=(
        f"`{ACCOUNTS}` has three partitions and holds 10 records `{OPENED}`, one for each account."
    ),
    prepare=prepare_accounts,
    check=check_accounts,
    hints=(
        f'`read_topic(cluster, "{ACCOUNTS}")["key"]` has the names. What holds order between two '
        "records?",
        'A producer with `"partitioner": "murmur2_random"` puts a key where Java does. Old records '
        "stay; after a wrong try, `start()` makes the topic anew.",
    ),
    solution=f"""
from confluent_kafka import Producer
from kafkalab import read_topic

producer = Producer({{**cluster.client_config, "partitioner": "murmur2_random"}})
for name in read_topic(cluster, "{ACCOUNTS}")["key"]:
    producer.produce("{ACCOUNTS}", key=name, value="{CLOSED}")
producer.flush(10)
""",
)

# --- 05.3 -----------------------------------------------------------------------------------------

VISITS = "ex05-visits"
BEFORE, AFTER = 3, 5


def prepare_visits(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, VISITS, partitions=BEFORE)
    names = [f"visitor {n}" for n in random.sample(range(1000), 20)]
    write(
        cluster,
        VISITS,
        [Event("visit", key=n, partition=partition_of(n.encode(), BEFORE)) for n in names],
    )


def check_visits(cluster: KafkaCluster, answer: object) -> Verdict:
    topic = look_at_topic(cluster, VISITS)
    if topic is None:
        return no_topic(VISITS)
    count = len(topic.partitions)
    if answer is None and count == BEFORE:
        return not_attempted(f"`{VISITS}` has {BEFORE} partitions still.")
    if count != AFTER:
        return not_yet(
            f"`{VISITS}` has {count} partitions",
            f"{AFTER}" + ("; `start()` begins again with fewer" if count > AFTER else ""),
        )
    # by calculation, since a second visit may show already where a visitor has gone
    names = {name for name, _ in _pairs(look_at_records(cluster, VISITS))}
    moved = {n for n in names if len({partition_of(n.encode(), p) for p in (BEFORE, AFTER)}) > 1}
    given = texts(answer)
    wanted = "a list of the keys whose next record goes to another partition than their first"
    if given is None:
        return not_yet(f"{short(answer)} as answer", wanted)
    stays, left_out = sorted(set(given) - moved), sorted(moved - set(given))
    if stays:
        return not_yet(f"among your keys: {some(stays)}, which does not move", wanted)
    if left_out:
        return not_yet(f"{len(set(given))} keys; not among them: {some(left_out)}", wanted)
    return correct(
        f"{len(moved)} of {len(names)} visitors move. Their old records stay where they are, and "
        "from now on no order holds between these and the new ones."
    )


GROW = Exercise(
    number="05.3",
    title="Who moves?",
    question=(
        f"Topic `{VISITS}` has {BEFORE} partitions and one record for each of twenty visitors, put "
        f"there by murmur2. Let it grow to {AFTER} partitions.\n"
        "Hand over a list of the visitors (keys) whose next record will go to another partition "
        "than the one that they have."
    ),
    ready=f"`{VISITS}` has {BEFORE} partitions and holds 20 records, one for each visitor.",
    prepare=prepare_visits,
    check=check_visits,
    hints=(
        "The line with `--alter` and `--partitions` is in the notebook. `read_topic` has keys and "
        "partitions.",
        f"A visitor moves where `partition_of(key, {BEFORE})` and `partition_of(key, {AFTER})` "
        "differ. The function wants bytes: `key.encode()`.",
    ),
    solution=f"""
from confluent_kafka.admin import AdminClient, NewPartitions
from kafkalab import read_topic

# as in the notebook
{inspect.getsource(murmur2)}

{inspect.getsource(partition_of)}

admin = AdminClient(cluster.client_config)
admin.create_partitions([NewPartitions("{VISITS}", {AFTER})])["{VISITS}"].result(timeout=10)
answer = [
    key
    for key in read_topic(cluster, "{VISITS}")["key"]
    if partition_of(key.encode(), {BEFORE}) != partition_of(key.encode(), {AFTER})
]
""",
)

# --- 05.4 -----------------------------------------------------------------------------------------

MIXED, MENDED = "ex05-steps", "ex05-steps-mended"
STEPS = ("ordered", "paid", "packed", "sent")
PLACES = ((2, 2, 0, 0), (1, 0, 1, 0), (0, 2, 1, 1))
_REMOVES = f"`start()` removes `{MENDED}` and begins again with other orders"


def prepare_steps(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, MIXED, partitions=3)
    remove_topics(cluster, MENDED)
    orders = [f"order {n}" for n in random.sample(range(100, 999), 6)]
    now = int(time.time() * 1000)
    events = [
        Event(step, key=order, partition=PLACES[n % 3][s], timestamp=now - 60_000 + s * 1000 + n)
        for s, step in enumerate(STEPS)
        for n, order in enumerate(orders)
    ]
    write(cluster, MIXED, events)


def check_steps(cluster: KafkaCluster, answer: object) -> Verdict:
    orders = sorted(set(look_at_records(cluster, MIXED)["key"]))
    topic = look_at_topic(cluster, MENDED)
    if topic is None:
        return not_attempted(f"There is no topic `{MENDED}`.")
    if len(topic.partitions) != 3:
        return not_yet(f"`{MENDED}` has {len(topic.partitions)} partition(s)", "3")
    steps = look_at_records(cluster, MENDED)
    strange = sorted({short(key) for key in steps["key"] if key not in orders})
    if strange:
        return not_yet(
            f"records with the key {some(strange)}",
            f"the orders that are in `{MIXED}` now, as keys; {_REMOVES}",
        )
    for order in orders:
        own = steps[steps["key"] == order]
        values = [str(value) for value in own["value"]]
        if sorted(values) != sorted(STEPS):
            wanted = f"{', '.join(STEPS)}, each once"
            return not_yet(f"{order} has: {some(values)}", f"{wanted}; {_REMOVES}")
        if own["partition"].nunique() > 1:
            places = sorted(map(str, own["partition"].unique()))
            return not_yet(
                f"{order} lies in the partitions {some(places)}", f"one for each order; {_REMOVES}"
            )
        if values != list(STEPS):
            return not_yet(
                f"{order} has: {', '.join(values)}", f"{', '.join(STEPS)}, in order; {_REMOVES}"
            )
    return correct(
        f"Each of the {len(orders)} orders has its {len(STEPS)} steps in one partition, in the "
        "order in which they happened."
    )


MEND = Exercise(
    number="05.4",
    title="Put the steps in order",
    question=(
        f"Orders went through four steps: {', '.join(f'`{step}`' for step in STEPS)}. Somebody "
        f"wrote them to `{MIXED}` without care, and an order's steps lie in several partitions.\n"
        f"Make the topic `{MENDED}` with three partitions and copy all records to it, key and "
        "value, so that a reader sees the steps of each order as they happened.\n"
        "The check looks at the topic; there is nothing to hand over."
    ),
    ready=(
        f"`{MIXED}` has three partitions and holds 24 records: the 4 steps of 6 orders. There is "
        f"no `{MENDED}` yet."
    ),
    prepare=prepare_steps,
    check=check_steps,
    hints=(
        "`read_topic` gives the records by partition and offset. Which of its columns says what "
        "happened first?",
        "*When it goes wrong* ends with the same work for the accounts: `create`, `sort_values`, "
        "`write`. After a wrong try, `start()` removes your topic.",
    ),
    solution=f"""
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic
from kafkalab import read_topic

admin = AdminClient(cluster.client_config)
admin.create_topics([NewTopic("{MENDED}", 3, 1)])["{MENDED}"].result(timeout=10)

steps = read_topic(cluster, "{MIXED}").sort_values("timestamp", kind="stable")
producer = Producer({{**cluster.client_config, "partitioner": "murmur2_random"}})
for key, value in zip(steps["key"], steps["value"]):
    producer.produce("{MENDED}", key=key, value=value)
producer.flush(10)
""",
)

EXERCISES: tuple[Exercise, ...] = (FORESEE, AGREE, GROW, MEND)

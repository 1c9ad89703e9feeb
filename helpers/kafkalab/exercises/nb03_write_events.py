"""Exercises of notebook 03: a record with all its parts, a batch that fails in part, bad input."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

from kafkalab.cards import short
from kafkalab.exercises.answers import number, some, texts
from kafkalab.exercises.engine import Exercise, Verdict, correct, not_attempted, not_yet
from kafkalab.exercises.stage import (
    Event,
    fresh_topic,
    look_at_records,
    look_at_settings,
    write,
)

if TYPE_CHECKING:
    import pandas as pd

    from kafkalab.cluster import KafkaCluster

# --- 03.1 -----------------------------------------------------------------------------------------

PAYMENTS = "ex03-payments"
KEY = "order-17"
VALUE = {"customer": "ada", "amount": 12.5}
HEADERS = [("source", "checkout")]
NOON = 1_714_564_800_000  # 2024-05-01 12:00 UTC, in milliseconds since 1970


def prepare_payments(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, PAYMENTS, config={"retention.ms": "-1"})
    others = range(random.randint(3, 9))
    write(cluster, PAYMENTS, [Event('{"amount": 1}', key=f"order-{n}") for n in others])


def check_payment(cluster: KafkaCluster, answer: object) -> Verdict:
    records = look_at_records(cluster, PAYMENTS)
    written = records[records["key"] == KEY]
    if answer is None and written.empty:
        return not_attempted(f"There is no record with the key `{KEY}` in `{PAYMENTS}`.")
    wanted = f"the offset of your record in `{PAYMENTS}`, from its delivery report"
    offset = number(answer)
    if offset is None:
        return not_yet(f"{short(answer)} as answer", wanted)
    there = records[records["offset"] == offset]
    if there.empty:
        return not_yet(f"no record at offset {short(offset, 30)}", wanted)
    faults = _faults(there.iloc[0])
    if faults:
        return not_yet(f"at offset {offset}: {'; '.join(faults)}", "; ".join(faults.values()))
    return correct(
        f"The broker wrote your record at offset {offset}, and it holds all four parts. Only the "
        "delivery report could tell your program so."
    )


def _faults(record: pd.Series[Any]) -> dict[str, str]:
    """What is amiss with the record, and what it should be."""
    faults = {}
    if record["key"] != KEY:
        faults[f"the key {short(record['key'])}"] = f"the key {KEY!r}"
    if _json(record["value"]) != VALUE:
        found = f"the value {short(record['value'])}, which is not the JSON asked for"
        faults[found] = f"the value {json.dumps(VALUE)}"
    if record["headers"] != HEADERS:
        faults[f"the headers {short(record['headers'])}"] = f"the headers {HEADERS}"
    milliseconds = int(record["timestamp"].timestamp() * 1000)
    if milliseconds != NOON:
        found = f"the time {record['timestamp']:%Y-%m-%d %H:%M} UTC ({milliseconds})"
        faults[found] = f"the time {NOON}"
    return faults


def _json(value: object) -> object:
    try:
        return json.loads(value) if isinstance(value, str) else None
    except ValueError:
        return None


A_RECORD = Exercise(
    number="03.1",
    title="A record with all its parts",
    question=(
        f"Topic `{PAYMENTS}` holds some payments. Write one more, with these parts:\n"
        f"· key: `{KEY}`\n"
        '· value: the JSON of `{"customer": "ada", "amount": 12.5}`\n'
        "· one header: `source` with the value `checkout`\n"
        f"· time: noon on 1 May 2024 in UTC, which is `{NOON}` milliseconds since 1970\n"
        "Prove that it has arrived: hand over the offset that its delivery report names."
    ),
    prepare=prepare_payments,
    check=check_payment,
    ready=f"`{PAYMENTS}` holds some payments, none of them with the key `{KEY}`.",
    hints=(
        "Each part is an argument of `produce`: `key=`, `value=`, `headers=`, `timestamp=`. "
        "`json.dumps` makes the value.",
        "`on_delivery=` takes a function with two parameters, the error and the record. It can "
        "put `record.offset()` into a list that you made before.",
        'offsets = []; `producer.produce("ex03-payments", …, on_delivery=lambda error, record: '
        "offsets.append(record.offset()))`; then `producer.flush(10)`, and hand over `offsets[0]`.",
    ),
    solution=f"""
import json
from confluent_kafka import Producer

offsets = []


def report(error, record):
    if error is None:
        offsets.append(record.offset())


producer = Producer({{**cluster.client_config, "partitioner": "murmur2_random"}})
producer.produce(
    "{PAYMENTS}",
    key="{KEY}",
    value=json.dumps({{"customer": "ada", "amount": 12.5}}),
    headers={{"source": "checkout"}},
    timestamp={NOON},
    on_delivery=report,
)
producer.flush(10)
answer = offsets[0]
""",
)

# --- 03.2 -----------------------------------------------------------------------------------------

UPLOADS, ALBUM = "ex03-uploads", "ex03-album"
LIMIT = 1000
PHOTOS = 12


def prepare_photos(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, UPLOADS)
    fresh_topic(cluster, ALBUM, config={"max.message.bytes": str(LIMIT)})
    large = random.sample(range(1, PHOTOS + 1), random.choice((2, 3)))
    sizes = {
        n: random.randint(1500, 4000) if n in large else random.randint(100, 700)
        for n in range(1, PHOTOS + 1)
    }
    photos = [Event(f"{n:02} ".ljust(size, "."), key=f"photo-{n:02}") for n, size in sizes.items()]
    write(cluster, UPLOADS, photos)


def check_photos(cluster: KafkaCluster, answer: object) -> Verdict:
    album = _pairs(look_at_records(cluster, ALBUM))
    if answer is None and not album:
        return not_attempted(f"`{ALBUM}` is empty.")
    limit = look_at_settings(cluster, ALBUM)["max.message.bytes"]
    if limit != str(LIMIT):
        return not_yet(
            f"`{ALBUM}` takes {limit} bytes at once", f"its limit as it was: {LIMIT} bytes"
        )
    uploads = _pairs(look_at_records(cluster, UPLOADS))
    fitting = [photo for photo in uploads if len(photo[1]) <= LIMIT]
    fault = _album_fault(album, fitting)
    if fault:
        return not_yet(
            fault,
            f"each of the {len(fitting)} photos that fit, once and unchanged. What travels with "
            "one that is too large is refused with it",
        )
    refused = {key for key, value in uploads if len(value) > LIMIT}
    named = texts(answer)
    if named is None or set(named) != refused:
        told = short(answer) if named is None else some(sorted(set(named)))
        return not_yet(
            f"all photos that fit are in `{ALBUM}`, and as keys of those that failed: {told}",
            "a list of the keys whose delivery reports hold an error, no more and no fewer",
        )
    return correct(
        f"{len(fitting)} photos have arrived, and you know which {len(refused)} have not: "
        f"{some(sorted(refused))}. One record that fails takes no other with it, if each is sent "
        "by itself."
    )


def _pairs(records: pd.DataFrame) -> list[tuple[str, str]]:
    return [
        (str(key), str(value)) for key, value in zip(records["key"], records["value"], strict=True)
    ]


def _album_fault(album: list[tuple[str, str]], fitting: list[tuple[str, str]]) -> str:
    missing = sorted(key for key, _ in set(fitting) - set(album))
    strange = sorted(short(key) for key, _ in set(album) - set(fitting))
    if missing:
        return (
            f"`{ALBUM}` holds {len(album)} records; photos that are not in it as they were: "
            f"{some(missing)}"
        )
    if strange:
        return f"`{ALBUM}` holds records that are no photo of `{UPLOADS}`: {some(strange)}"
    if len(album) != len(fitting):
        return f"{len(album)} records in `{ALBUM}`, so some photos twice (`start()` empties it)"
    return ""


A_BATCH = Exercise(
    number="03.2",
    title="Some of them are too large",
    question=(
        f"Topic `{UPLOADS}` holds {PHOTOS} photos; their keys are their names. Copy them, key and "
        f"value, to `{ALBUM}`, which takes {LIMIT:,} bytes at once. Some are larger.\n"
        "Make all others arrive, each once. Leave the limit as it is.\n"
        "Hand over a list of the keys that failed. `max.message.bytes` counts what travels "
        "together, so send each photo by itself: wait for its answer before you send the next."
    ),
    prepare=prepare_photos,
    check=check_photos,
    ready=f"`{UPLOADS}` holds {PHOTOS} photos. `{ALBUM}` is empty.",
    hints=(
        f'`photos = read_topic(cluster, "{UPLOADS}")` gives them as a table; '
        '`zip(photos["key"], photos["value"])` gives the pairs.',
        "The delivery report of a photo that is too large has an error. Let `on_delivery=` note "
        "`record.key()` in a list where there is one.",
        "`producer.flush(10)` inside the loop, after each `produce`, sends each by itself. If some "
        "have come twice meanwhile, `start()` empties the album.",
    ),
    solution=f"""
from confluent_kafka import Producer
from kafkalab import read_topic

failed = []


def report(error, record):
    if error is not None:
        failed.append(record.key().decode())


photos = read_topic(cluster, "{UPLOADS}")
producer = Producer({{**cluster.client_config, "partitioner": "murmur2_random"}})
for key, value in zip(photos["key"], photos["value"]):
    producer.produce("{ALBUM}", key=key, value=value, on_delivery=report)
    producer.flush(10)  # each by itself
answer = failed
""",
)

# --- 03.3 -----------------------------------------------------------------------------------------

CARTS, GOOD, ODD = "ex03-carts", "ex03-good", "ex03-odd"
WHY = "why"


def prepare_carts(cluster: KafkaCluster) -> None:
    for topic in (CARTS, GOOD, ODD):
        fresh_topic(cluster, topic)
    fruits = ("apple", "banana", "cherry", "date", "elderberry", "fig", "grape")
    good = [json.dumps({"fruit": fruit, "count": random.randint(1, 9)}) for fruit in fruits]
    odd = [
        '{"fruit": "kiwi", "cou',
        json.dumps({"obst": "kirsche", "anzahl": 3}),
        json.dumps({"fruit": "lemon"}),
        "2 mangos",
    ]
    carts = random.sample(good + odd, len(good + odd))
    write(cluster, CARTS, [Event(cart) for cart in carts])


def check_carts(cluster: KafkaCluster, answer: object) -> Verdict:
    good, odd = look_at_records(cluster, GOOD), look_at_records(cluster, ODD)
    if answer is None and good.empty and odd.empty:
        return not_attempted(f"`{GOOD}` and `{ODD}` are empty.")
    carts = list(look_at_records(cluster, CARTS)["value"])
    for topic, records, wanted in (
        (GOOD, good, [cart for cart in carts if _of_use(cart)]),
        (ODD, odd, [cart for cart in carts if not _of_use(cart)]),
    ):
        fault = _cart_fault(topic, list(records["value"]), wanted)
        if fault:
            return not_yet(fault, f"{len(wanted)} carts in `{topic}`, as in `{CARTS}` and in order")
    silent = [
        value
        for value, headers in zip(odd["value"], odd["headers"], strict=True)
        if not _why(headers)
    ]
    if silent:
        return not_yet(
            f"no header `{WHY}` with a reason at {short(silent[0])} in `{ODD}`",
            f"a header `{WHY}` on each record there",
        )
    return correct(
        f"{len(good)} carts are of use, and {len(odd)} are set aside with their reasons. Nothing "
        "is lost, and whoever reads the good ones need not check again."
    )


def _of_use(cart: object) -> bool:
    found = _json(cart)
    return isinstance(found, dict) and {"fruit", "count"} <= found.keys()


def _cart_fault(topic: str, found: list[object], wanted: list[object]) -> str:
    strange = [value for value in found if value not in wanted]
    missing = [value for value in wanted if value not in found]
    if strange:
        return f"{short(strange[0])} in `{topic}`"
    if missing:
        return f"{len(found)} records in `{topic}`; not among them: {short(missing[0])}"
    if len(found) != len(wanted):
        return f"{len(found)} records in `{topic}`, some of them twice (`start()` empties it)"
    if found != wanted:
        return f"the carts in `{topic}` in another order"
    return ""


def _why(headers: list[tuple[str, object]]) -> bool:
    return any(name == WHY and value for name, value in headers)


BAD_INPUT = Exercise(
    number="03.3",
    title="Set aside what is of no use",
    question=(
        f"Topic `{CARTS}` holds carts. A cart of use is a JSON object with the fields `fruit` and "
        "`count`; some are not.\n"
        f"Copy the value of each that is of use to `{GOOD}`, and of each other to `{ODD}`, "
        f"unchanged and in order. Give each record in `{ODD}` a header `{WHY}` that says what is "
        "wrong with it. The check looks at the topics; there is nothing to hand over."
    ),
    prepare=prepare_carts,
    check=check_carts,
    ready=f"`{CARTS}` holds some carts. `{GOOD}` and `{ODD}` are empty.",
    hints=(
        "The cell that says *understood* or *no use* has the loop already: write where it prints.",
        "Ask for both fields, `cart['fruit']` and `cart['count']`, before you write to "
        f"`{GOOD}`. Then `except (json.JSONDecodeError, KeyError) as error` has the reason.",
        f'`producer.produce("{ODD}", value=value, headers={{"{WHY}": repr(error)}})`, and '
        "`producer.flush(10)` at the end. After a wrong try, `start()` empties the topics.",
    ),
    solution=f"""
import json
from confluent_kafka import Producer
from kafkalab import read_topic

producer = Producer({{**cluster.client_config, "partitioner": "murmur2_random"}})
for value in read_topic(cluster, "{CARTS}")["value"]:
    try:
        cart = json.loads(value)
        cart["fruit"], cart["count"]
    except (json.JSONDecodeError, KeyError) as error:
        producer.produce("{ODD}", value=value, headers={{"{WHY}": repr(error)}})
    else:
        producer.produce("{GOOD}", value=value)
producer.flush(10)
""",
)

EXERCISES: tuple[Exercise, ...] = (A_RECORD, A_BATCH, BAD_INPUT)

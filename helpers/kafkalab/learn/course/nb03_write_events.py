"""Exercises of notebook 03: a record with all its parts, some that are too large, bad input."""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Iterator
from typing import Any

from kafkalab.cluster.cluster import KafkaCluster
from kafkalab.common.words import count
from kafkalab.learn.exercises.exercise import Exercise
from kafkalab.learn.exercises.expectations import Topic
from kafkalab.learn.exercises.expected_answers import Answer, that
from kafkalab.learn.exercises.fault import Fault, code, codes, fault
from kafkalab.learn.exercises.look import Look
from kafkalab.learn.exercises.setting import Event, fresh_topic, write

# --- 03.1 -----------------------------------------------------------------------------------------

PAYMENTS = Topic("ex03-payments")
EARLIER = '{"amount": 1}'
PARTS = ("key", "value", "headers", "timestamp")
KEY = "order-17"
VALUE = {"customer": "ada", "amount": 12.5}
HEADERS = (("source", "checkout"),)
NOON = 1_714_564_800_000  # 2024-05-01 12:00 UTC, in milliseconds since 1970
DAY_MS = 86_400_000


def prepare_payments(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, PAYMENTS.name, config={"retention.ms": "-1"})
    others = range(random.randint(3, 9))
    write(cluster, PAYMENTS.name, [Event(EARLIER, key=f"order-{n}") for n in others])


def yours(look: Look) -> list[tuple[Any, ...]]:
    """Offset and parts of each record that `start` did not write."""
    rows = look.rows(PAYMENTS.name, "offset", *PARTS)
    return [row for row in rows if row[2] != EARLIER]


def nothing_yet(look: Look) -> Fault | None:
    return fault("more than one", count=len(yours(look))) if yours(look) else None


def written_once(look: Look) -> Fault | None:
    found = yours(look)
    if not found:
        return fault("none of yours")
    return fault("more than one", count=len(found)) if len(found) > 1 else None


def others_there(look: Look) -> Fault | None:
    there = len(look.rows(PAYMENTS.name, "offset")) > len(yours(look))
    return None if there else fault("another topic")


def all_parts(look: Look) -> Fault | None:
    [(_, *found)] = yours(look)
    wanted = (KEY, VALUE, HEADERS, NOON)
    for part, is_, should in zip(PARTS, found, wanted, strict=True):
        if (parsed(is_) if part == "value" else is_) != should:
            told = json.dumps(should) if part == "value" else should
            values = {"part": part, "found": code(is_), "wanted": code(told)}
            return Fault("part", values, mistake(part, is_))
    return None


def mistake(part: str, found: Any) -> str:
    """The name of the text that says how this part came about."""
    match part:
        case "key":
            return "no key" if found is None else "another key"
        case "value":
            return "another value" if isinstance(parsed(found), dict) else "no object"
        case "headers":
            return "other headers" if found else "no header"
    if found * 1000 == NOON:
        return "in seconds"
    age = time.time() * 1000 - found
    return "time of the call" if abs(age) < DAY_MS else "another time"


def parsed(value: object) -> object:
    try:
        return json.loads(value) if isinstance(value, str) else None
    except ValueError:
        return None


def your_offset(look: Look) -> int:
    return int(yours(look)[0][0])


A_RECORD = Exercise(
    "03.1",
    prepare=prepare_payments,
    untouched=[that(nothing_yet, untouched="none of yours")],
    wants=[
        that(written_once),
        that(others_there),
        that(all_parts),
        Answer(
            "number",
            your_offset,
            known=lambda look: {your_offset(look) + 1: "the next offset"},
            why="another number",
        ),
    ],
)

# --- 03.2 -----------------------------------------------------------------------------------------

UPLOADS, ALBUM = Topic("ex03-uploads"), Topic("ex03-album")
LIMIT = 1000
PHOTOS = 12
TOO_LARGE = 940
"""A value of so many bytes is over the limit with its key and what a batch has of its own."""


def prepare_photos(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, UPLOADS.name)
    fresh_topic(cluster, ALBUM.name, config={"max.message.bytes": str(LIMIT)})
    sizes = [random.randint(100, 700) for _ in range(PHOTOS)]
    nearly, *large = random.sample(range(PHOTOS), random.choice((3, 4)))
    sizes[nearly] = random.randint(TOO_LARGE, LIMIT - 1)
    for place in large:
        sizes[place] = random.randint(1500, 4000)
    photos = [
        Event(f"{n:02} ".ljust(size, "."), key=f"photo-{n:02}")
        for n, size in enumerate(sizes, start=1)
    ]
    write(cluster, UPLOADS.name, photos)


def photos(look: Look) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """The photos that the album takes, and the others."""
    pairs = look.rows(UPLOADS.name, "key", "value")
    fitting = [(key, value) for key, value in pairs if len(value) < TOO_LARGE]
    return fitting, [pair for pair in pairs if pair not in fitting]


def refused(look: Look) -> list[str]:
    return [key for key, _ in photos(look)[1]]


def in_the_album(look: Look) -> Fault | None:
    fitting, large = photos(look)
    found = look.rows(ALBUM.name, "key", "value")
    wanted = f"{count(len(fitting), 'photo')}, each once and unchanged"
    strange = [pair for pair in found if pair not in fitting]
    for text, keys in (
        ("without a key", [None for key, _ in strange if key is None]),
        ("over the limit", [key for key, value in strange if (key, value) in large]),
        ("no photo", [key for key, _ in strange]),
        ("not in it", [key for key, value in fitting if (key, value) not in found]),
        ("twice in it", [key for key, value in fitting if found.count((key, value)) > 1]),
    ):
        if keys:
            return fault(text, keys=codes(keys), held=count(len(found), "record"), wanted=wanted)
    return None


A_BATCH = Exercise(
    "03.2",
    prepare=prepare_photos,
    untouched=[ALBUM.size(0)],
    wants=[
        UPLOADS.size(PHOTOS),
        ALBUM.setting("max.message.bytes", LIMIT, why="another limit"),
        that(in_the_album),
        Answer("set", refused),
    ],
    facts=lambda look: {"arrived": len(photos(look)[0]), "keys": codes(refused(look))},
)

# --- 03.3 -----------------------------------------------------------------------------------------

CARTS, GOOD, ODD = Topic("ex03-carts"), Topic("ex03-good"), Topic("ex03-odd")
FRUITS = ("apple", "banana", "cherry", "date", "elderberry", "fig", "grape")
ODD_ONES = (
    '{"fruit": "kiwi", "cou',
    json.dumps({"obst": "kirsche", "anzahl": 3}),
    json.dumps({"fruit": "lemon"}),
    json.dumps({"count": 3}),
    "2 mangos",
    "42",
    "[1]",
)
WHY, NO_JSON = "why", "no JSON"
_WORD = re.compile(r"[^\W\d_]{2,}")


def prepare_carts(cluster: KafkaCluster) -> None:
    for topic in (CARTS, GOOD, ODD):
        fresh_topic(cluster, topic.name)
    good = [json.dumps({"fruit": fruit, "count": random.randint(1, 9)}) for fruit in FRUITS]
    carts = random.sample([*good, *ODD_ONES], len(good) + len(ODD_ONES))
    write(cluster, CARTS.name, [Event(cart) for cart in carts])


def is_good(cart: object) -> bool:
    found = parsed(cart)
    return isinstance(found, dict) and {"fruit", "count"} <= found.keys()


def good_carts(look: Look) -> list[tuple[str]]:
    return [(cart,) for (cart,) in look.rows(CARTS.name, "value") if is_good(cart)]


def odd_carts(look: Look) -> list[tuple[str]]:
    return [(cart,) for (cart,) in look.rows(CARTS.name, "value") if not is_good(cart)]


def reasons(look: Look) -> Iterator[tuple[str, str, object]]:
    """Each odd cart, its reason or "", and all its headers."""
    for value, headers in look.rows(ODD.name, "value", "headers"):
        yield value, str(dict(headers).get(WHY) or ""), headers


def kind(cart: object) -> str:
    """What is wrong with an odd cart."""
    found = parsed(cart)
    if found is None:
        return NO_JSON
    return "a field is missing" if isinstance(found, dict) else "no object"


def in_words(reason: str, cart: str) -> str:
    """A reason without the cart and without numbers: what is alike where the fault is."""
    return " ".join(_WORD.findall(reason.replace(cart, " ")))


def all_have_a_reason(look: Look) -> Fault | None:
    for value, reason, headers in reasons(look):
        if not reason.strip():
            return fault("no reason", cart=code(value), headers=code(headers))
        if not in_words(reason, value):
            return fault("no words", cart=code(value), reason=code(reason))
    return None


def each_has_its_own(look: Look) -> Fault | None:
    """What is no JSON has another reason than what is."""
    first: dict[str, str] = {}
    for value, reason, _ in reasons(look):
        words = in_words(reason, value)
        other = first.setdefault(words, value)
        if (kind(other) == NO_JSON) != (kind(value) == NO_JSON):
            told = {in_words(reason, value) for value, reason, _ in reasons(look)}
            text = "one reason for two" if len(told) > 1 else "one reason for all"
            return fault(text, reason=code(words), cart=code(value), other=code(other))
    return None


BAD_INPUT = Exercise(
    "03.3",
    prepare=prepare_carts,
    untouched=[GOOD.size(0), ODD.size(0)],
    wants=[
        CARTS.size(len(FRUITS) + len(ODD_ONES)),
        GOOD.holds(good_carts, "value", order="log"),
        ODD.holds(odd_carts, "value", order="log"),
        that(all_have_a_reason),
        that(each_has_its_own),
    ],
    facts=lambda look: {"good": len(good_carts(look)), "odd": len(odd_carts(look))},
)

EXERCISES = (A_RECORD, A_BATCH, BAD_INPUT)

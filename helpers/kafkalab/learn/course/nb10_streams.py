"""Exercises of notebook 10: running totals, a replay without duplicates, what was taken back."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate

from kafkalab.cluster.cluster import KafkaCluster
from kafkalab.learn.exercises.exercise import Exercise
from kafkalab.learn.exercises.expectations import Topic
from kafkalab.learn.exercises.expected_answers import Answer, that
from kafkalab.learn.exercises.fault import Fault, Row, codes, fault
from kafkalab.learn.exercises.look import Look
from kafkalab.learn.exercises.mistakes import same_as, shown
from kafkalab.learn.exercises.setting import Event, fresh_topic, write
from kafkalab.learn.exercises.transactions import write_in_transactions

# --- 10.1 -----------------------------------------------------------------------------------------

SALES, SUMS = Topic("ex10-sales"), Topic("ex10-sums", yours=True)
FRUIT = ("apple", "pear", "plum", "fig")
N_SALES = 24


def prepare_sales(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, SALES.name)
    sold = [*FRUIT, *random.choices(FRUIT, k=N_SALES - len(FRUIT))]
    random.shuffle(sold)
    write(cluster, SALES.name, [Event(str(random.randint(2, 9)), key=fruit) for fruit in sold])


def running_sums(look: Look) -> list[tuple[str, str]]:
    sums: Counter[str] = Counter()
    found = []
    for fruit, pieces in look.rows(SALES.name, "key", "value"):
        sums[fruit] += int(pieces)
        found.append((fruit, str(sums[fruit])))
    return found


def mistaken_sums(look: Look) -> Fault | None:
    rows = look.rows(SALES.name, "key", "value")
    pieces = [int(value) for _, value in rows]
    before = [
        [v for key, v in rows[: at + 1] if key == fruit] for at, (fruit, _) in enumerate(rows)
    ]
    fruits = [fruit for fruit, _ in rows]
    mistakes: dict[str, Sequence[Row]] = {
        "one sum": list(zip(fruits, map(str, accumulate(pieces)), strict=True)),
        "glued": list(zip(fruits, map("".join, before), strict=True)),
        "sales counted": list(zip(fruits, map(str, map(len, before)), strict=True)),
        "pieces alone": rows,
        "final sums": list(dict(running_sums(look)).items()),
    }
    return shown(ALL_SUMS.fault(look), same_as(look, SUMS, mistakes))


ALL_SUMS = SUMS.holds(running_sums, order="key")


def from_nothing(look: Look) -> Fault | None:
    """An application with the state of an earlier attempt is ahead by as much in every sum."""
    found, right = look.rows(SUMS.name, "key", "value"), running_sums(look)
    for fruit in FRUIT:
        sums = [value for name, value in found if name == fruit]
        wanted = [value for name, value in right if name == fruit]
        if not all(isinstance(value, str) and value.isdecimal() for value in sums):
            return None
        ahead = {int(value) - int(other) for value, other in zip(sums, wanted, strict=False)}
        if len(sums) == len(wanted) and len(ahead) == 1 and min(ahead) > 0:
            return fault("old state", fruit=fruit, found=codes(sums[:1]), wanted=wanted[0])
    return None


RUNNING_SUMS = Exercise(
    "10.1",
    prepare=prepare_sales,
    wants=[that(mistaken_sums), that(from_nothing), ALL_SUMS],
    facts=lambda look: {"latest": codes(f"{k}: {v}" for k, v in dict(running_sums(look)).items())},
)

# --- 10.2 -----------------------------------------------------------------------------------------

DOUBLED, ONCE = Topic("ex10-charges"), Topic("ex10-charges-once", yours=True)
N_CHARGES = 15


def prepare_charges(cluster: KafkaCluster) -> None:
    """What an application wrote that crashed twice and began again from its last commit."""
    fresh_topic(cluster, DOUBLED.name)
    numbers = random.sample(range(100, 1000), N_CHARGES)  # so that their order is not the log's
    while numbers == sorted(numbers):
        random.shuffle(numbers)
    charges = [Event(str(random.choice((5, 10, 20))), key=f"payment-{n}") for n in numbers]
    first, second = random.randint(4, 6), random.randint(10, 12)
    replayed = [*charges[:first], *charges[first - 3 : second], *charges[second - 5 :]]
    write(cluster, DOUBLED.name, replayed)


def each_once(look: Look) -> list[tuple[str, str]]:
    return list(dict(look.rows(DOUBLED.name, "key", "value")).items())


CHARGED_ONCE = Exercise(
    "10.2",
    prepare=prepare_charges,
    wants=[ONCE.partitions(1), ONCE.holds(each_once, order="log")],
    facts=lambda look: {"total": sum(int(value) for _, value in each_once(look))},
)

# --- 10.3 -----------------------------------------------------------------------------------------

TRANSFERS = Topic("ex10-transfers")
PARTS = 6
Plan = Sequence[tuple[bool, Sequence[int]]]
"""(committed, amounts) for each transaction."""


def prepare_transfers(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, TRANSFERS.name)
    plan = draw()
    while sum(kept for kept, _ in plan) in (0, PARTS) or not is_clear(plan):
        plan = draw()
    parts = [(kept, [Event(str(n), key="ada") for n in amounts]) for kept, amounts in plan]
    write_in_transactions(cluster, TRANSFERS.name, parts, TRANSFERS.name)


def draw() -> Plan:
    return [
        (random.random() < 0.5, random.choices(range(2, 100), k=random.randint(1, 5)))
        for _ in range(PARTS)
    ]


def total(plan: Plan, committed: bool) -> int:
    return sum(sum(amounts) for kept, amounts in plan if kept is committed)


def is_clear(plan: Plan) -> bool:
    """Whether each wrong way to count gives another number, and not the right one."""
    valid, back = total(plan, True), total(plan, False)
    sizes = [(kept, len(amounts)) for kept, amounts in plan]
    some, all_ = sum(size for kept, size in sizes if not kept), sum(size for _, size in sizes)
    return len({valid, back, valid + back, some, all_}) == 5


def amounts(look: Look, isolation: str) -> list[int]:
    return [int(value or 0) for value in look.records(TRANSFERS.name, isolation)["value"]]


def taken_back(look: Look) -> int:
    return sum(amounts(look, "read_uncommitted")) - sum(amounts(look, "read_committed"))


def transactions_taken_back(look: Look) -> int:
    """Each ends with a marker, so its records have the offsets from one gap to the next."""
    written, valid = offsets(look, "read_uncommitted"), offsets(look, "read_committed")
    return len([at for at in written if at - 1 not in written and at not in valid])


def offsets(look: Look, isolation: str) -> set[int]:
    return set(look.records(TRANSFERS.name, isolation)["offset"])


def other_sums(look: Look) -> dict[int, str]:
    written, valid = amounts(look, "read_uncommitted"), amounts(look, "read_committed")
    return {
        transactions_taken_back(look): "how many transactions",
        len(written): "all transfers",
        len(written) - len(valid): "how many",
        sum(valid) - sum(written): "the other way around",
        sum(written): "all in the log",
        sum(valid): "the committed",
    }


TAKEN_BACK = Exercise(
    "10.3",
    prepare=prepare_transfers,
    wants=[Answer("number", taken_back, known=other_sums)],
    facts=lambda look: {
        "written": len(amounts(look, "read_uncommitted")),
        "sum": sum(amounts(look, "read_uncommitted")),
        "valid": len(amounts(look, "read_committed")),
        "worth": sum(amounts(look, "read_committed")),
    },
)

EXERCISES = (RUNNING_SUMS, CHARGED_ONCE, TAKEN_BACK)

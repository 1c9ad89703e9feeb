"""Orders, clicks and customers of one afternoon in 2025, the same in each run.

Notebooks 26 and 27 compute totals of the same records. All times are event times, in milliseconds
since 1970; what is behind them comes from a seed.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import NamedTuple

from demos.shop.catalogue import PRODUCTS

NOON = 1_740_830_400_000
"""2025-03-01 12:00:00 UTC."""
MINUTE = 60_000
REOPENS = NOON + 120 * MINUTE
"""From 13:20 to 14:00 the shop is closed; what comes then closes the earlier windows."""
ORDER_SECONDS = 80 * 60
"""From 12:00 to 13:20."""

HOMES = {"ada": "Seoul", "bob": "Busan", "cho": "Daegu", "dee": "Busan", "eva": "Seoul"}
"""Customer → city, until dee moves."""
MOVES = NOON + 40 * MINUTE
"""When dee moves to Seoul."""

ORDERS = 90
TEST_EVERY, COMMA_EVERY = 15, 7
WITHIN_GRACE = {15: 240, 29: 235, 75: 250}
TOO_LATE = {41: 1700, 63: 1500}
"""Number of an order → seconds until it arrives, where that is longer than half a minute.

Windows of 10 minutes that wait for 5 more take in the first and not the second; without waiting
they take in none of them. That holds by the newest order of the same city, and by the newest of
all."""
PAGES = ("/", "/tea", "/coffee", "/pots", "/basket")
BROWSERS = ("Firefox", "Safari", "Chrome")


class Event(NamedTuple):
    """One record to be written.

    Attributes
    ----------
    key, value : str
        The value is JSON, but for payments.
    timestamp : int
        Event time, in milliseconds since 1970.
    """

    key: str
    value: str
    timestamp: int


def customers() -> list[Event]:
    """The table of customers: where each lives, and that dee moves at 12:40."""
    known = NOON - 24 * 60 * MINUTE
    homes = [_event(name, {"city": city}, known) for name, city in HOMES.items()]
    return [*homes, _event("dee", {"city": "Seoul"}, MOVES)]


def orders(seed: int = 26) -> list[Event]:
    """Raw orders in the order of their arrival, which is not that of their time.

    The key is the order's number. Some prices have a comma, names are spelled as typed, a few
    orders are tests. Three orders come minutes late, two come much later. The last ones, from
    14:00 on, are one for each city.
    """
    chance = random.Random(seed)
    seconds = sorted(chance.sample(range(ORDER_SECONDS), ORDERS))
    arrivals = []
    for number, second in enumerate(seconds):
        slow, quick = WITHIN_GRACE | TOO_LATE, chance.randrange(30)
        arrival = second + slow.get(number, quick)
        name = chance.choice(list(HOMES))
        arrivals.append((arrival, number, _order(chance, number, name, NOON + second * 1000)))
    last = [(name, REOPENS + i * 1000) for i, name in enumerate(("ada", "bob", "cho"))]
    ending = [_order(chance, ORDERS + i, name, time) for i, (name, time) in enumerate(last)]
    return [order for *_, order in sorted(arrivals)] + ending


def _order(chance: random.Random, number: int, customer: str, timestamp: int) -> Event:
    product = chance.choice(PRODUCTS)
    price = f"{product.cents // 100}.{product.cents % 100:02}"
    if number % COMMA_EVERY == 3:
        price = price.replace(".", ",")
    spelt = chance.choice([customer, customer, customer.title(), f"{customer} "])
    order: dict[str, object] = {"customer": spelt, "product": product.id}
    order |= {"pieces": chance.choice([1, 1, 1, 2, 3]), "price": price}
    if number % TEST_EVERY == 8:
        order["test"] = True
    return _event(f"o-{number:03}", order, timestamp)


def clicks(seed: int = 26) -> list[Event]:
    """Raw clicks by time: the key is the visitor, and a bot looks at a page every minute.

    Each visitor comes two or three times, with 15 minutes and more between, and once again after
    14:00.
    """
    chance = random.Random(seed)
    found = []
    for visitor in HOMES:
        second = chance.randrange(600)
        for _ in range(chance.randint(2, 3)):
            for _ in range(chance.randint(2, 7)):
                found.append(_click(chance, visitor, chance.choice(BROWSERS), second))
                second += chance.randint(5, 180)
            second += chance.randint(900, 1500)
        found.append(_click(chance, visitor, chance.choice(BROWSERS), 7200 + second % 60))
    found += [_click(chance, "crawler", "Bot/2.1", minute * 60 + 30) for minute in range(20)]
    return sorted(found, key=lambda event: (event.timestamp, event.key))


def _click(chance: random.Random, visitor: str, browser: str, second: int) -> Event:
    click = {"page": chance.choice(PAGES), "browser": browser}
    return _event(visitor, click, NOON + second * 1000)


def rush(count: int = 400, seed: int = 26) -> list[Event]:
    """Clean orders that come all at once: the key is the customer."""
    chance = random.Random(seed)
    found = []
    for number in range(count):
        name, product = chance.choice(list(HOMES)), chance.choice(PRODUCTS)
        order = {"id": f"r-{number:03}", "customer": name, "cents": product.cents}
        found.append(_event(name, order, REOPENS + number * 100))
    return found


def payments(count: int = 30) -> list[Event]:
    """Payments of one customer: the key is the customer, the value a payment's name."""
    return [Event("ada", f"payment {number}", NOON) for number in range(count)]


def _event(key: str, value: Mapping[str, object], timestamp: int) -> Event:
    return Event(key, json.dumps(value), timestamp)

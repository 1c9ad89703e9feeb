"""What scripted visitors do: drawn from a seed, so that the same seed is the same people."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from demos.shop.catalogue import CATEGORIES, PRODUCTS, Product, found_by

QUERIES = ("tea", "pot", "milk", "coffee", "cup", "green", "lemon", "kettle", "roast")
DAY_SECONDS = 24 * 60 * 60
SESSION_GAP_SECONDS = 30 * 60
"""Longer than this between two sessions of a visitor, always; and never within one."""
_LONGEST_SESSION = 30 * 60
_DEVICES = ("desktop", "desktop", "phone", "phone", "phone", "tablet")


@dataclass(frozen=True)
class Step:
    """One page that a visitor opens, and all that is reported from it.

    Attributes
    ----------
    second : float
        Of the day.
    path : str
    events : tuple of dict
        Without their time and version.
    """

    second: float
    path: str
    events: tuple[dict[str, Any], ...]


@dataclass
class _Person:
    """One visitor while the script is drawn."""

    chance: random.Random
    visitor: str
    device: str
    second: float = 0.0
    steps: list[Step] = field(default_factory=list)
    basket: dict[str, int] = field(default_factory=dict)

    def open(self, page: str, path: str, *more: dict[str, Any], **details: str) -> None:
        view = {"activity": "page_view", "page": page, **details}
        events = tuple(self._whole(event) for event in (view, *more))
        self.steps.append(Step(self.second, path, events))
        self.second += self.chance.uniform(2, 60)

    def _whole(self, event: dict[str, Any]) -> dict[str, Any]:
        known = {"event_id": self.uuid(), "visitor": self.visitor, "device": self.device}
        return {**known, **event}

    def uuid(self) -> str:
        return str(uuid.UUID(int=self.chance.getrandbits(128), version=4))

    def put(self, product: Product, action: str) -> dict[str, Any]:
        left = self.basket.get(product.id, 0) + (1 if action == "add" else -1)
        self.basket[product.id] = left
        if not left:
            del self.basket[product.id]
        return {"activity": "basket", "action": action, "product": product.id, "quantity": 1}


def script(seed: int, number: int) -> Sequence[Step]:
    """All that one visitor does in a day: one to three sessions."""
    chance = random.Random(f"{seed}/{number}")
    visitor = str(uuid.UUID(int=chance.getrandbits(128), version=4))
    person = _Person(chance, visitor, chance.choice(_DEVICES))
    sessions = chance.choices((1, 2, 3), (70, 22, 8))[0]
    part = DAY_SECONDS / sessions
    for session in range(sessions):
        latest = part - _LONGEST_SESSION - SESSION_GAP_SECONDS
        person.second = session * part + chance.uniform(0, latest)
        _session(person)
    return person.steps


def _session(person: _Person) -> None:
    chance = person.chance
    person.open("front", "/")
    for product in _looked_at(person):
        bought = []
        if chance.random() < 0.35:
            bought.append(person.put(product, "add"))
            if chance.random() < 0.12:
                bought.append(person.put(product, "remove"))
        person.open(
            "product",
            f"/product/{product.id}",
            *bought,
            product=product.id,
            category=product.category,
        )
    if person.basket and chance.random() < 0.75:
        _checkout(person)


def _looked_at(person: _Person) -> Iterator[Product]:
    """The products that a visitor opens, each after a search or on a shelf."""
    chance = person.chance
    for _ in range(chance.choices((0, 1, 2, 3), (15, 40, 30, 15))[0]):
        if chance.random() < 0.4:
            query = chance.choice(QUERIES)
            found = found_by(query)
            searched = {"activity": "search", "query": query, "results": len(found)}
            person.open("search", f"/search?q={query}", searched)
        else:
            category = chance.choice(tuple(CATEGORIES))
            found = [product for product in PRODUCTS if product.category == category]
            person.open("category", f"/category/{category}", category=category)
        if found:
            # the first ones are seen first
            yield found[min(int(chance.expovariate(1.0)), len(found) - 1)]


def _checkout(person: _Person) -> None:
    person.open("basket", "/basket")
    if person.chance.random() < 0.25:
        return
    if person.chance.random() < 0.2:
        person.open("checkout", "/checkout")
        return
    bought = [product for product in PRODUCTS if product.id in person.basket]
    items = [{"product": p.id, "quantity": person.basket[p.id], "cents": p.cents} for p in bought]
    total = sum(p.cents * person.basket[p.id] for p in bought)
    order = {"activity": "purchase", "order": person.uuid(), "items": items, "total_cents": total}
    person.open("checkout", "/checkout", order)
    person.basket.clear()
    person.open("thanks", "/thanks")

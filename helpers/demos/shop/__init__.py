"""A small shop whose pages report what visitors do, and the collector that writes it to Kafka.

Examples
--------
>>> shop = Shop(cluster).start()
>>> shop.frame()
>>> visit(shop.url, visitors=300, seed=23)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from demos.shop.schema import TOPICS
    from demos.shop.shop import Shop
    from demos.shop.visitors import Visits, visit

__all__ = ["TOPICS", "Shop", "Visits", "visit"]

# Names load on first use (PEP 562): the collector's own process needs none of them.
_HOME = {
    "Shop": "demos.shop.shop",
    "TOPICS": "demos.shop.schema",
    "Visits": "demos.shop.visitors",
    "visit": "demos.shop.visitors",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'demos.shop' has no attribute {name!r}")

"""What the shop sells: plain data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Product:
    """One thing on a shelf.

    Attributes
    ----------
    id : str
        In addresses and in events.
    name, text : str
        What the page says.
    category : str
        One of `CATEGORIES`.
    cents : int
        The price: whole cents, since money is not a float.
    shape, color : str
        How it is drawn; see `templates/pictures.html`.
    """

    id: str
    name: str
    text: str
    category: str
    cents: int
    shape: str
    color: str

    @property
    def price(self) -> str:
        """Such as ``€12.50``."""
        return euros(self.cents)


def euros(cents: int) -> str:
    """Whole cents as a price."""
    return f"€{cents // 100}.{cents % 100:02d}"


CATEGORIES = {"tea": "Tea", "coffee": "Coffee", "pots": "Pots", "cups": "Cups"}
"""Name in addresses and events → name on the page, in the order of the menu."""

PRODUCTS = (
    Product("sencha", "Sencha", "Green leaves, steamed, from spring.", "tea", 950, "tin", "green"),
    Product("assam", "Assam", "Black, strong, made for milk.", "tea", 720, "tin", "red"),
    Product("chamomile", "Chamomile", "Whole flowers for the evening.", "tea", 540, "tin", "sun"),
    Product("sidamo", "Sidamo", "Light roast, with a little lemon.", "coffee", 1290, "bag", "sky"),
    Product("santos", "Santos", "Dark roast, nuts and cocoa.", "coffee", 1090, "bag", "clay"),
    Product("decaf", "Decaf", "All of the taste, and then sleep.", "coffee", 1190, "bag", "plum"),
    Product("kyusu", "Kyusu", "A side-handled pot for green tea.", "pots", 4900, "pot", "clay"),
    Product("teapot", "Round teapot", "Stoneware for four cups.", "pots", 3650, "pot", "sky"),
    Product("moka", "Moka pot", "Coffee from the stove.", "pots", 2890, "moka", "plum"),
    Product("mug", "Big mug", "Holds a third of a litre.", "cups", 1450, "cup", "sun"),
    Product("espresso", "Espresso cup", "Thick walls, small mouth.", "cups", 990, "cup", "red"),
    Product("bowl", "Matcha bowl", "To be held with both hands.", "cups", 2700, "bowl", "green"),
)

BY_ID = {product.id: product for product in PRODUCTS}


def in_category(category: str) -> list[Product]:
    """The products of one shelf."""
    return [product for product in PRODUCTS if product.category == category]


def found_by(words: str) -> list[Product]:
    """The products whose name, text or category holds every word."""
    wanted = words.lower().split()
    return [p for p in PRODUCTS if wanted and all(word in _text(p) for word in wanted)]


def _text(product: Product) -> str:
    return f"{product.name} {product.text} {product.category}".lower()
